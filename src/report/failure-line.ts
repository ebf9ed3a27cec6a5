/** What failed, in lines: of which workload, how many, and what the client was told. */

import type { Analysis, FailureRow } from '../analysis/analysis.ts';
import { namingOf } from './failover-line.ts';
import type { Words } from './word/language.ts';

/** One line per workload and code. */
export const failureLines = (analysis: Analysis, words: Words): readonly string[] => {
  const { hasArms } = namingOf(analysis);
  return analysis.failures.map((row) => {
    const whose = `${hasArms ? `${row.arm} ` : ''}${row.workload}`;
    const note = codeNote(row, words);
    return (
      `${whose}: ${words.failedOf(row.count, row.n)}${words.comma}${codeName(row, words)}` +
      (note === undefined ? '' : words.aside(note))
    );
  });
};

/** The code as the client saw it; where there was none, what happened. */
export const codeName = ({ code }: FailureRow, words: Words): string =>
  code === 'truncated' || code === 'hung' ? words.outcome[code] : code;

/** What a code means that does not say it, or else why the last attempts failed. */
export const codeNote = ({ code, reasons }: FailureRow, words: Words): string | undefined =>
  words.codeNote[code.split(' ').at(-1) ?? ''] ??
  (reasons.length === 0
    ? undefined
    : reasons.map((reason) => words.reason[reason]).join(words.comma));
