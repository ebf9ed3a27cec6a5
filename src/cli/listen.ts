/** What `serve` and `simulate` share: which system, where to listen, and living until told to end. */

import { fileURLToPath } from 'node:url';

import { readDocument } from '../system/document.ts';
import { FileError } from '../system/mistake.ts';
import { resolveSystem } from '../system/resolve.ts';
import type { System } from '../system/system.ts';

/** The simulated hybrid that is used when no file is named; it lies beside the scenarios. */
const defaultSystem = fileURLToPath(
  new URL('../../scenarios/systems/hybrid-simulated.yaml', import.meta.url),
);

/** Reads a system file, or the simulated hybrid. Throws a `FileError` with every mistake. */
export const loadSystem = (file: string | undefined): System => {
  const resolved = resolveSystem(readDocument(file ?? defaultSystem), process.env);
  if (!resolved.value) throw new FileError(resolved.mistakes);

  return resolved.value;
};

/** Resolves when the process is asked to end. */
export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
