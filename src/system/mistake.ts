/**
 * What is wrong with a file a person wrote, said so that they can mend it: where, what was
 * expected, what was found, what to do. All of it at once.
 */

export interface Mistake {
  readonly file: string;
  /** From 1; absent when the mistake has no place of its own. */
  readonly line?: number;
  readonly column?: number;
  /** As a reader would say it: `workloads[0].load.sessionsPerSecond`. */
  readonly path: string;
  /** `expected a number above 0, found -3`. */
  readonly problem: string;
  /** What to do about it. */
  readonly hint: string;
}

/** What a person ought to know of a file that can be used. */
export type Remark = Omit<Mistake, 'hint'>;

/** One or more files that cannot be used as written. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly mistakes: readonly Mistake[];
  readonly hint: string;

  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.map(describeMistake).join('\n'));
    this.mistakes = mistakes;
    this.hint =
      mistakes.length === 1
        ? (mistakes[0]?.hint ?? '')
        : `${mistakes.length} mistakes; nothing was run.`;
  }
}

/** `file:line:column  path: problem`, and the hint below it. */
const describeMistake = (mistake: Mistake): string =>
  `${describeRemark(mistake)}\n    ${mistake.hint}`;

/** `file:line:column  path: what there is to know`. */
export const describeRemark = ({ file, line, column, path, problem }: Remark): string => {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  return `${place}  ${path === '' ? '' : `${path}: `}${problem}`;
};
