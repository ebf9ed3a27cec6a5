/** One row of the failover matrix in words: the same for page, terminal and Markdown. */

import type { MatrixArm, MatrixRow, Standing, SummaryRow } from '../analysis/analysis.ts';
import { cellOf } from '../analysis/matrix.ts';
import type { MetricStat } from '../metric/metric.ts';
import type { MetricId } from '../metric/table.ts';
import { intervalText, valueText } from './figure.ts';
import { decimal, percent, quantity } from './format.ts';
import type { Words } from './word/language.ts';

/** A sign beside each standing, so that none is told by colour alone. */
export const signs: Readonly<Record<Standing, string>> = {
  'not-exercised': '?',
  harmed: '‼',
  wrong: '×',
  partly: '△',
  held: '○',
};

/** A figure: its value, an upper bound where it is withheld, or that nobody knows. */
const boundedText = (row: SummaryRow | undefined, words: Words): string => {
  if (row?.withheld?.why === 'unknown-outside') return words.suite.label.unknown;
  if (row?.atMost !== undefined)
    return words.suite.atMost(quantity(row.atMost, row.unit, words.unit));
  return valueText(row, words);
};

/** A figure of a row. */
export const cellText = (
  row: Pick<MatrixRow, 'cells'>,
  id: MetricId,
  stat: MetricStat,
  words: Words,
): string => boundedText(cellOf(row, id, stat), words);

/** The interval of a figure, in brackets, or nothing. */
export const cellInterval = (
  row: Pick<MatrixRow, 'cells'>,
  id: MetricId,
  stat: MetricStat,
  words: Words,
): string => intervalText(cellOf(row, id, stat), words);

/** `60/60`. */
export const expectedText = ({ expectedCount, exercisedCount }: MatrixRow): string =>
  `${decimal(expectedCount)}/${decimal(exercisedCount)}`;

/** `transparent 58, clean error 2`. */
export const outcomesText = ({ outcomes }: MatrixRow, words: Words): string =>
  outcomes
    .map(({ outcome, count }) => `${words.outcome[outcome]} ${decimal(count)}`)
    .join(words.comma);

/** Where the row is from: `reset · spark · N10, S08`. */
export const originText = ({ row }: MatrixRow): string =>
  [row.what, row.backend, row.catalogue.join(', ')].filter((part) => part !== '').join(' · ');

/** Past the deadline: the percentile where there are enough trials, else the most that was seen. */
export const overshootText = (row: Pick<MatrixRow, 'cells'>, words: Words): string => {
  const p99 = cellOf(row, 'overshoot', 'p99');
  if (p99?.value !== undefined) return `p99 ${valueText(p99, words)}`;
  const most = cellOf(row, 'overshoot', 'max');
  if (most?.value !== undefined) return `${words.stat.max} ${valueText(most, words)}`;
  return boundedText(cellOf(row, 'overshoot', 'p50'), words);
};

/** The same as a part of a sentence: `at most 2.5 ms past the deadline`. */
export const overshootLine = (row: Pick<MatrixRow, 'cells'>, words: Words): string => {
  const cells = (['p99', 'max'] as const).map((stat) => cellOf(row, 'overshoot', stat));
  const told = cells.find((cell) => cell?.value !== undefined);
  return told?.value === undefined
    ? `${words.suite.label.overshoot} ${overshootText(row, words)}`
    : words.suite.pastDeadline(told.value, told.stat === 'p99');
};

/** `1.02 / 2`. */
export const attemptsText = (row: Pick<MatrixRow, 'cells'>, words: Words): string => {
  const mean = cellOf(row, 'amplification', 'ratio');
  const most = cellOf(row, 'attempts_max', 'max');
  if (mean?.value === undefined || most?.value === undefined) return boundedText(mean, words);
  return `${decimal(mean.value)} / ${decimal(most.value)}`;
};

/** `attempts 1.02, most 2`. */
export const attemptsLine = (row: Pick<MatrixRow, 'cells'>, words: Words): string => {
  const [mean = '', most] = attemptsText(row, words).split(' / ');
  const { label } = words.suite;
  return [
    `${label.attempts} ${mean}`,
    ...(most === undefined ? [] : [`${label.most} ${most}`]),
  ].join(words.comma);
};

/** Fail-back in probe periods, or in milliseconds where the period is not known. */
export const settleText = (row: Pick<MatrixRow, 'cells'>, words: Words): readonly string[] => {
  const never = cellOf(row, 'settle_never', 'count')?.value ?? 0;
  const id = cellOf(row, 'settle_periods', 'p50') ? 'settle_periods' : 'settle';
  const bare = (stat: MetricStat): string => {
    const cell = cellOf(row, id, stat);
    if (id === 'settle' || cell === undefined) return boundedText(cell, words);
    if (cell.atMost !== undefined) return words.suite.atMost(decimal(cell.atMost));
    return cell.value === undefined ? words.label.none : decimal(cell.value);
  };
  const isBare = [bare('p50'), bare('p95')].every((text) => text === words.label.none);
  if (isBare && never === 0) return [];
  return [
    `p50 ${bare('p50')}`,
    `p95 ${bare('p95')}`,
    ...(never > 0 ? [words.suite.never(never)] : []),
  ];
};

/** A share that should be none, with its upper bound: `0 % (≤ 0.1 %)`. */
export const shareText = (row: SummaryRow | undefined, words: Words): string => {
  if (row?.value === undefined) return boundedText(row, words);
  const high = row.interval?.[1];
  return (
    percent(row.value) +
    (high === undefined ? '' : words.aside(words.suite.atMost(finePercent(high))))
  );
};

/** Shares below one in a thousand matter here. */
const finePercent = (ratio: number): string => `${decimal(Number((ratio * 100).toPrecision(2)))} %`;

/** The whole of an arm in one line. */
export const matrixSum = (matrix: MatrixArm, words: Words): string => {
  const held = matrix.rows.filter(({ standing }) => standing === 'held').length;
  const { label } = words.suite;
  const all = { cells: matrix.totals.filter(({ where }) => where === 'rows=all') };
  const control = matrix.control.find(({ id }) => id === 'false_failover');
  return [
    words.suite.held(held, matrix.rows.length),
    `${label.harmed} ${shareText(cellOf(all, 'harmed', 'ratio'), words)}`,
    `${label.falseFailover} ${shareText(control, words)}`,
    overshootLine(all, words),
    attemptsLine(all, words),
  ].join(words.semicolon);
};
