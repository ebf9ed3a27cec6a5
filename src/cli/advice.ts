/**
 * What a person ought to know before a run begins, and what would be a pity to learn from its end:
 * what its system file says that is not taken over, and objectives that it cannot decide.
 */

import { readDocument } from '../system/document.ts';
import { systemDocument } from '../system/litellm.ts';
import { describeRemark, type Mistake, type Remark } from '../system/mistake.ts';
import { resolveSystem } from '../system/resolve.ts';

/** The remarks on the system file of a scenario that has been loaded. */
export const remarksOnSystem = (file: string): readonly Remark[] =>
  resolveSystem(systemDocument(readDocument(file), process.env), process.env).remarks;

/** Objectives that the run will leave undecided, each with what would decide it. */
export const describeUndecidable = (mistakes: readonly Mistake[]): readonly string[] =>
  mistakes.length === 0
    ? []
    : [
        mistakes.length === 1
          ? 'this run will leave an objective undecided:'
          : `this run will leave ${mistakes.length} objectives undecided:`,
        ...mistakes.flatMap((mistake) => [`  ${describeRemark(mistake)}`, `    ${mistake.hint}`]),
      ];
