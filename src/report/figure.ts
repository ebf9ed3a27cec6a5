/**
 * A figure in words: its name from the metric table, its value with unit, its interval and n, or
 * the reason why it is not given. Empty never looks like zero.
 */

import type { Analysis, SummaryRow } from '../analysis/analysis.ts';
import { metricById } from '../metric/table.ts';
import { decimal, quantity, span } from './format.ts';
import type { Words } from './word/language.ts';

/** `front`: in the front row. `non-zero`: only where it is more than nothing in some arm. */
type Mark = 'front' | 'non-zero';

/** The figures a reader asks for first, in that order. */
const keyFigures: readonly (readonly [id: string, stat: SummaryRow['stat'], mark?: Mark])[] = [
  ['ttfo', 'p50', 'front'],
  ['ttfo', 'p90'],
  ['user_tps', 'p50', 'front'],
  ['out_tps', 'rate'],
  ['goodput_req', 'ratio', 'front'],
  ['completed', 'count'],
  ['failed', 'count', 'front'],
  ['share_local', 'ratio', 'front'],
  ['share_cloud', 'ratio', 'non-zero'],
  ['share_failed_over', 'ratio'],
  ['circuit_open', 'count', 'non-zero'],
  ['share_spilled', 'ratio'],
  ['failover', 'p50', 'front'],
  ['failover', 'max'],
  ['error_after', 'max'],
  ['visible_gap', 'max'],
  ['failback', 'max'],
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
  readonly where: string;
  readonly isFront: boolean;
  readonly byArm: readonly (SummaryRow | undefined)[];
}

/** The key figures that at least one arm has something to say about. */
export const keyFiguresOf = (analysis: Analysis): readonly KeyFigure[] =>
  keyFigures.flatMap(([id, stat, mark]) => {
    const whole = keyFigure(analysis, id, stat, 'all', mark);
    if (!whole) return [];
    if (id !== 'history_kept') return [whole];
    const parts = gapsOf(analysis).flatMap((where) => keyFigure(analysis, id, stat, where) ?? []);
    // Of one part there is nothing to compare.
    return parts.length > 1 ? [whole, ...parts] : [whole];
  });

const keyFigure = (
  analysis: Analysis,
  id: string,
  stat: SummaryRow['stat'],
  where: string,
  mark?: Mark,
): KeyFigure | undefined => {
  const byArm = analysis.manifest.arms.map((arm) =>
    analysis.rows.find(
      (row) => row.id === id && row.stat === stat && row.arm === arm && row.where === where,
    ),
  );
  const isSaid = byArm.some(
    (row) =>
      row !== undefined &&
      row.withheld?.why !== 'no-data' &&
      (mark !== 'non-zero' || row.value !== 0),
  );
  // What could not have happened is no headline.
  const isFront = mark === 'front' && byArm.some((row) => row?.among !== 0);
  return isSaid ? { id, stat, where, isFront, byArm } : undefined;
};

/** The parts by how long after its last answer a session was asked again, the shortest first. */
const gapsOf = ({ rows }: Analysis): readonly string[] =>
  [...new Set(rows.map(({ where }) => where).filter((where) => where.startsWith('gap=')))].sort(
    (one, other) => gapFrom(one) - gapFrom(other),
  );

const gapFrom = (where: string): number => Number.parseFloat(where.slice('gap='.length));

/** What a figure is over, in words; of what is no gap, as it is. */
const gapName = (where: string, words: Words): string => {
  const [, from = '', to = ''] = /^gap=(\d+)s?-(\d*)s?$/.exec(where) ?? [];
  return words.gap(words.seconds(to === '' ? `≥ ${from}` : `${from}–${to}`));
};

/** The name of a key figure, with the part it is over. */
export const keyFigureName = ({ id, stat, where }: KeyFigure, words: Words): string =>
  where === 'all'
    ? figureName(id, stat, words)
    : `${figureName(id, stat, words)}${words.comma}${gapName(where, words)}`;

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
  return [
    intervalText(row, words),
    row.among === undefined ? '' : words.amongLocalOnly(row.among),
    `${words.label.samples} ${decimal(row.n)}`,
    row.isBeyondSteady === true ? words.allPhases : '',
  ]
    .filter((part) => part !== '')
    .join(words.comma);
};
