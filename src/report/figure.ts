/**
 * A figure in words: its name from the metric table, its value with unit, its interval and n, or
 * the reason why it is not given. Empty never looks like zero.
 */

import type { Analysis, SummaryRow } from '../analysis/analysis.ts';
import { metricById } from '../metric/table.ts';
import { decimal, quantity, span } from './format.ts';
import type { Words } from './word/language.ts';

/** The figures a reader asks for first, in that order; those marked make up the front row. */
const keyFigures: readonly (readonly [id: string, stat: SummaryRow['stat'], mark?: 'front'])[] = [
  ['ttfo', 'p50', 'front'],
  ['ttfo', 'p90'],
  ['user_tps', 'p50', 'front'],
  ['out_tps', 'rate'],
  ['goodput_req', 'ratio', 'front'],
  ['completed', 'count'],
  ['failed', 'count', 'front'],
  ['share_local', 'ratio', 'front'],
  ['share_failed_over', 'ratio'],
  ['share_spilled', 'ratio'],
  ['failover', 'p50', 'front'],
  ['failover', 'max'],
  ['seamless', 'ratio', 'front'],
  ['lost_tokens', 'total'],
  ['dup_tokens', 'total'],
  ['leaked', 'count', 'front'],
  ['history_kept', 'ratio'],
];

/** One figure over all of an arm, for each arm in order; undefined where an arm has no such row. */
export interface KeyFigure {
  readonly id: string;
  readonly stat: SummaryRow['stat'];
  readonly isFront: boolean;
  readonly byArm: readonly (SummaryRow | undefined)[];
}

/** The key figures that at least one arm has something to say about. */
export const keyFiguresOf = (analysis: Analysis): readonly KeyFigure[] =>
  keyFigures.flatMap(([id, stat, mark]) => {
    const byArm = analysis.manifest.arms.map((arm) => rowOf(analysis, id, stat, arm));
    return byArm.some((row) => row !== undefined && row.withheld?.why !== 'no-data')
      ? [{ id, stat, isFront: mark === 'front', byArm }]
      : [];
  });

/** The row of a figure over all of an arm. */
const rowOf = (
  analysis: Analysis,
  id: string,
  stat: SummaryRow['stat'],
  arm: string,
): SummaryRow | undefined =>
  analysis.rows.find(
    (row) => row.id === id && row.stat === stat && row.arm === arm && row.where === 'all',
  );

/** `first visible text, p50`; the stat is left out where the metric has only one. */
export const figureName = (id: string, stat: SummaryRow['stat'], words: Words): string => {
  const metric = metricById(id);
  const name = metric?.names[words.language] ?? id;
  return metric?.stats.length === 1 ? name : `${name}${words.comma}${words.stat[stat]}`;
};

/** The value with its unit, or a dash where there is none. */
export const valueText = (row: SummaryRow | undefined, words: Words): string =>
  row?.value === undefined ? words.label.none : quantity(row.value, row.unit, words.unit);

/** The interval with its unit, or nothing. */
export const intervalText = (row: SummaryRow | undefined, words: Words): string =>
  row?.value === undefined || row.interval === undefined
    ? ''
    : span(row.interval, row.unit, words.unit);

/** How sure a figure is: its interval and n, or why it is withheld. */
export const sureness = (row: SummaryRow | undefined, words: Words): string => {
  if (row === undefined) return words.withheld({ why: 'no-data' });
  if (row.withheld !== undefined) return words.withheld(row.withheld);
  if (row.value === undefined) return words.withheld({ why: 'no-data' });
  const interval = intervalText(row, words);
  const samples = `${words.label.samples} ${decimal(row.n)}`;
  return interval === '' ? samples : `${interval}, ${samples}`;
};
