/** Outages and the choice of a deadline in sentences, for terminal and Markdown. */

import type { Analysis } from '../analysis/analysis.ts';
import type { Words } from './word/language.ts';

/** A line for each outage. */
export const outageLines = ({ outages, manifest }: Analysis, words: Words): readonly string[] =>
  outages.map((row) =>
    manifest.arms.length > 1 ? `${row.arm}: ${words.outages.sum(row)}` : words.outages.sum(row),
  );

/** A line for each backend of which some deadline can be recommended. */
export const choiceLines = ({ tradeOffs }: Analysis, words: Words): readonly string[] =>
  tradeOffs
    .filter(({ picks }) => picks.some(({ deadlineMs }) => deadlineMs !== undefined))
    .map(words.outages.choice);
