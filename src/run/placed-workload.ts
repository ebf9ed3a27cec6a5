/** Opens a workload for a look at it; what is wrong is told with its place in the scenario file. */

import type { Random } from '../random/random.ts';
import type { LoadedWorkload, Scenario } from '../scenario/scenario.ts';
import { readDocument } from '../system/document.ts';
import { FileError } from '../system/mistake.ts';
import type { Tokenizer } from '../token/tokenizer.ts';
import { WorkloadError } from '../workload/check.ts';
import type { Workload } from '../workload/session.ts';
import { openWorkload } from '../workload/workload.ts';

/** Opens an entry of `workloads:`. Throws a `FileError` where it cannot be opened. */
export const openPlaced = async (
  { file, directory, thinkScale }: Scenario,
  spec: LoadedWorkload,
  index: number,
  { random, tokenizer }: { readonly random: Random; readonly tokenizer: Tokenizer },
): Promise<Workload> => {
  try {
    return await openWorkload(spec, { random, tokenizer, thinkScale, directory, index });
  } catch (error) {
    if (!(error instanceof WorkloadError)) throw error;
    const problem = error.message.replace(`${error.at}: `, '');
    const key = error.at.split('.').slice(1);
    throw new FileError([
      readDocument(file).mistake(['workloads', index, ...key], problem, error.hint),
    ]);
  }
};
