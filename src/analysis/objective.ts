/**
 * Whether the objectives were met: yes, no, or not to be decided from this run.
 *
 * An objective is decided for each arm. It rests on one summary row; where that is withheld, absent
 * or over nothing, the objective is undecided, which is not the same as met.
 */

import { isMet, type Objective, parseObjective } from '../metric/objective.ts';
import type { ObjectiveResult, SummaryRow } from './analysis.ts';

/** Decides each objective for each arm it is about. */
export const decideObjectives = (
  objectives: readonly string[],
  arms: readonly string[],
  rows: readonly SummaryRow[],
): ObjectiveResult[] =>
  objectives.flatMap((text) => {
    const objective = parseObjective(text);
    // The scenario lets no such objective through; the log of another version may hold one.
    if ('error' in objective) return arms.map((arm) => undecided(text, arm, 0, undefined));
    const asked = objective.arm === undefined ? arms : [objective.arm];
    return asked.map((arm) => decide(objective, arm, rows));
  });

const decide = (
  objective: Objective,
  arm: string,
  rows: readonly SummaryRow[],
): ObjectiveResult => {
  const { text, id, stat, where, limit } = objective;
  const row = rows.find(
    (it) => it.id === id && it.stat === stat && it.where === where && it.arm === arm,
  );
  if (row?.value === undefined || row.n === 0) return undecided(text, arm, limit, row);
  return { text, arm, decision: isMet(objective, row.value) ? 'met' : 'missed', row, limit };
};

const undecided = (
  text: string,
  arm: string,
  limit: number,
  row: SummaryRow | undefined,
): ObjectiveResult => ({
  text,
  arm,
  decision: 'undecided',
  ...(row && { row }),
  limit,
  withheld: row?.withheld ?? { why: 'no-data' },
});
