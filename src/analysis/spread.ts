/**
 * The rows of a metric that is a spread of values: percentiles above their floors, the ends, the
 * mean. A metric without a value has one row that says so.
 */

import { floorOf } from '../metric/floor.ts';
import type { MetricStat } from '../metric/metric.ts';
import { type MetricId, metricOf } from '../metric/table.ts';
import type { Random } from '../random/random.ts';
import type { SummaryRow } from './analysis.ts';
import { quantileAtMost, quantileInterval } from './order-statistic.ts';
import { type Interval, nearestRank, resample, type Value } from './percentile.ts';
import { numberRow, withheldRow } from './row.ts';

const shareOf: Readonly<Partial<Record<MetricStat, number>>> = {
  p50: 0.5,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
  min: 0,
  max: 1,
};

/** The interval of a stat; undefined where there is none. */
type IntervalOf = (stat: MetricStat) => Interval | undefined;

/** Values of sessions, with intervals from resampling the sessions. */
export const sessionSpread = (
  id: MetricId,
  arm: string,
  where: string,
  values: readonly Value[],
  random: Random,
): SummaryRow[] => {
  const { stats, floors } = metricOf(id);
  const given = stats.filter((stat) => /^p\d/.test(stat) && values.length >= floorOf(floors, stat));
  const shares = given.map((stat) => shareOf[stat] ?? 0);
  const resampled = resample(values, shares, random);

  return spread(
    id,
    arm,
    where,
    values.map(({ value }) => value),
    (stat) => (stat === 'mean' ? resampled?.mean : resampled?.percentiles[given.indexOf(stat)]),
  );
};

/**
 * Events apart from one another: their intervals need no resampling, and a percentile that is
 * withheld may still have an upper bound.
 */
export const eventSpread = (
  id: MetricId,
  arm: string,
  where: string,
  values: readonly number[],
): SummaryRow[] => {
  const sorted = Float64Array.from(values).sort();
  return spread(id, arm, where, values, (stat) =>
    isPercentile(stat) ? quantileInterval(sorted, shareOf[stat] ?? 0) : undefined,
  ).map((row) => {
    const isBare = row.withheld?.why === 'too-few' && isPercentile(row.stat);
    const atMost = isBare ? quantileAtMost(sorted, shareOf[row.stat] ?? 0) : undefined;
    return atMost === undefined ? row : { ...row, atMost };
  });
};

const isPercentile = (stat: MetricStat): boolean => /^p\d/.test(stat);

/** Values without a word on how sure they are. */
export const spread = (
  id: MetricId,
  arm: string,
  where: string,
  values: ArrayLike<number>,
  intervalOf: IntervalOf = () => undefined,
): SummaryRow[] => {
  const { stats, floors } = metricOf(id);
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  if (n === 0) return [withheldRow(id, stats[0] ?? 'p50', arm, where, 0, { why: 'no-data' })];

  return stats.map((stat) => {
    const floor = floorOf(floors, stat);
    if (n < floor) return withheldRow(id, stat, arm, where, n, { why: 'too-few', n, floor });
    const share = shareOf[stat];
    const value =
      share === undefined
        ? sorted.reduce((sum, it) => sum + it, 0) / n
        : (nearestRank(sorted, share) ?? 0);
    return numberRow(id, stat, arm, where, n, value, intervalOf(stat));
  });
};
