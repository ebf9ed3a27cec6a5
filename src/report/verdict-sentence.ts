/**
 * The verdict in a sentence, with how many objectives were met; what both would say is said once.
 */

import type { Analysis } from '../analysis/analysis.ts';
import type { Words } from './word/language.ts';

export const verdictSentence = ({ verdict }: Analysis, words: Words): string => {
  const { kind, objectives } = verdict;
  if (objectives.length === 0) return words.verdictLong[kind];
  const met = objectives.filter(({ decision }) => decision === 'met').length;
  const counted = words.objectivesMet(met, objectives.length);
  return kind === 'passed' ? counted : `${words.verdictLong[kind]} ${counted}`;
};
