/** Makers of summary rows. A row carries its unit and its n, and a value or the reason for none. */

import type { MetricStat } from '../metric/metric.ts';
import { type MetricId, metricOf } from '../metric/table.ts';
import type { SummaryRow, Withheld } from './analysis.ts';
import { type Interval, wilson } from './percentile.ts';

/** A row with a value. Zero of something is a finding; zero of nothing is none. */
export const numberRow = (
  id: MetricId,
  stat: MetricStat,
  arm: string,
  where: string,
  n: number,
  value: number,
  interval?: Interval,
): SummaryRow =>
  n === 0
    ? withheldRow(id, stat, arm, where, 0, { why: 'no-data' })
    : {
        id,
        stat,
        arm,
        where,
        value,
        unit: metricOf(id).unit,
        n,
        ...(interval && { interval }),
      };

/** A row without a value. */
export const withheldRow = (
  id: MetricId,
  stat: MetricStat,
  arm: string,
  where: string,
  n: number,
  withheld: Withheld,
): SummaryRow => ({ id, stat, arm, where, unit: metricOf(id).unit, n, withheld });

/** A count out of `n`. */
export const countRow = (
  id: MetricId,
  arm: string,
  where: string,
  n: number,
  value: number,
): SummaryRow => numberRow(id, 'count', arm, where, n, value);

/** A share of a whole; `n` is what the whole was counted over. */
export const ratioRow = (
  id: MetricId,
  arm: string,
  where: string,
  n: number,
  part: number,
  whole: number,
  interval?: Interval,
): SummaryRow =>
  whole === 0
    ? withheldRow(id, 'ratio', arm, where, n, { why: 'no-data' })
    : numberRow(id, 'ratio', arm, where, n, part / whole, interval);

/** A share of things that do not depend on one another, with the interval that follows from it. */
export const countedRatioRow = (
  id: MetricId,
  arm: string,
  where: string,
  part: number,
  whole: number,
): SummaryRow =>
  ratioRow(id, arm, where, whole, part, whole, whole > 0 ? wilson(part / whole, whole) : undefined);
