/**
 * What a metric is: one name for one formula.
 *
 * Tools of this field give the same name to different arithmetic. Here a number that leaves the
 * program carries its id, and two ids are never compared.
 */

import type { Floors } from './floor.ts';

/** `ratio` is 0 to 1; percentages exist only on a page. `count` is of exchanges or events. */
export type Unit =
  | 'ms'
  | 'ratio'
  | 'count'
  | 'tokens'
  | 'tokens/s'
  | 'requests/s'
  | 'attempts/request'
  | 'periods'
  | 'USD'
  | 'JPY';

/** The ways a metric condenses many values into one. */
export type MetricStat =
  | 'p50'
  | 'p90'
  | 'p95'
  | 'p99'
  | 'min'
  | 'max'
  | 'mean'
  | 'count'
  | 'total'
  | 'ratio'
  | 'rate';

export interface Metric {
  readonly formula: string;
  readonly unit: Unit;
  /** Which way is better. */
  readonly direction: 'lower' | 'higher';
  /** In the order of a table. An objective that names no stat means the only one there is. */
  readonly stats: readonly MetricStat[];
  readonly floors: Floors;
  readonly names: { readonly en: string; readonly ja: string };
}

/** How a spread of values is told. */
export const spread: readonly MetricStat[] = ['p50', 'p90', 'p95', 'p99', 'min', 'max', 'mean'];
