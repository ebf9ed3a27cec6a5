/**
 * Rows of a suite in which another arm did better than the first, which is ours: a report that
 * listed only what we win would not be believed.
 *
 * A share is better when it is greater; a time when it is less and their intervals do not touch.
 */

import type { MetricStat } from '../metric/metric.ts';
import type { MetricId } from '../metric/table.ts';
import type { LostRow, MatrixArm, MatrixRow, SummaryRow } from './analysis.ts';
import { cellOf } from './matrix.ts';

/** Every row that another arm wins, and by what: the first of these that it is better at. */
export const lostRows = ([ours, ...others]: readonly MatrixArm[]): LostRow[] =>
  (ours?.rows ?? []).flatMap((row) =>
    others.flatMap(({ arm, rows }) => {
      const theirs = rows.find((it) => it.row.name === row.row.name);
      return theirs ? lostTo(arm, row, theirs) : [];
    }),
  );

interface Contest {
  readonly why: LostRow['why'];
  readonly id: MetricId;
  readonly stat: MetricStat;
  readonly isBetter: (theirs: SummaryRow, ours: SummaryRow) => boolean;
}

const valueOf = ({ value = Number.NaN }: SummaryRow): number => value;

const isFaster = (theirs: SummaryRow, ours: SummaryRow): boolean =>
  (theirs.interval?.[1] ?? Number.NaN) < (ours.interval?.[0] ?? Number.NaN);

const contests: readonly Contest[] = [
  {
    why: 'as-expected',
    id: 'as_expected',
    stat: 'ratio',
    isBetter: (theirs, ours) => valueOf(theirs) > valueOf(ours),
  },
  { why: 'overshoot', id: 'overshoot', stat: 'p50', isBetter: isFaster },
  {
    why: 'attempts',
    id: 'attempts_max',
    stat: 'max',
    isBetter: (theirs, ours) => valueOf(theirs) < valueOf(ours),
  },
  { why: 'failover', id: 'failover', stat: 'p50', isBetter: isFaster },
];

/**
 * An answer that is worse for its reader is not better for having come sooner, nor one that less
 * was asked of.
 */
const lostTo = (arm: string, ours: MatrixRow, theirs: MatrixRow): LostRow[] => {
  if (theirs.exercisedCount === 0 || ours.exercisedCount === 0) return [];
  if (theirs.row.expect !== ours.row.expect) return [];
  const isWorse = shareOf(theirs) < shareOf(ours);
  const contest = contests.find(({ id, stat, isBetter }) => {
    const mine = cellOf(ours, id, stat);
    const other = cellOf(theirs, id, stat);
    return mine !== undefined && other !== undefined && !isWorse && isBetter(other, mine);
  });
  const mine = contest && cellOf(ours, contest.id, contest.stat);
  const other = contest && cellOf(theirs, contest.id, contest.stat);
  return mine && other
    ? [{ row: ours.row.name, arm, why: contest.why, ours: mine, theirs: other }]
    : [];
};

const shareOf = ({ expectedCount, exercisedCount }: MatrixRow): number =>
  expectedCount / exercisedCount;
