/** Makers of metrics: what all of one sort have in common. */

import { failoverFloors, percentileFloors } from './floor.ts';
import { type Metric, type MetricStat, spread, type Unit } from './metric.ts';

/** A duration measured on each exchange. */
export const duration = (formula: string, en: string, ja: string): Metric => ({
  formula,
  unit: 'ms',
  direction: 'lower',
  stats: spread,
  floors: percentileFloors,
  names: { en, ja },
});

/** A duration measured on each failover. */
export const failoverDuration = (formula: string, en: string, ja: string): Metric => ({
  ...duration(formula, en, ja),
  floors: failoverFloors,
});

/** A speed measured on each exchange. */
export const speed = (formula: string, en: string, ja: string): Metric => ({
  ...duration(formula, en, ja),
  unit: 'tokens/s',
  direction: 'higher',
});

/** One number for the whole, which needs no floor. */
export const single = (
  unit: Unit,
  stat: MetricStat,
  direction: 'lower' | 'higher',
  formula: string,
  en: string,
  ja: string,
): Metric => ({ formula, unit, direction, stats: [stat], floors: {}, names: { en, ja } });

export const counted = (formula: string, en: string, ja: string): Metric =>
  single('count', 'count', 'lower', formula, en, ja);

export const shared = (
  direction: 'lower' | 'higher',
  formula: string,
  en: string,
  ja: string,
): Metric => single('ratio', 'ratio', direction, formula, en, ja);
