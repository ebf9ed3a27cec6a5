/**
 * The arms of one run beside one another: median wait for the first text, and median speed of one
 * answer. The output rate of the whole is that of the arrivals, and tells arms apart by chance.
 */

import type { Analysis, SummaryRow } from '../../analysis/analysis.ts';
import { figureName } from '../figure.ts';
import { milliseconds, quantity, span } from '../format.ts';
import type { Words } from '../word/language.ts';
import { framed, nameAxis, significant, type Chart, type ChartBody } from './chart.ts';
import { armStyles, palette } from './theme.ts';

const panelWidth = 350;

/** Two panels with a line per arm; nothing for a run of one arm. */
export const armChart = (analysis: Analysis, words: Words): Chart | undefined => {
  const { arms } = analysis.manifest;
  if (arms.length < 2) return undefined;

  const waits = rowsOf(analysis, 'ttfo', 'p50');
  const rates = rowsOf(analysis, 'user_tps', 'p50');
  if (waits.length === 0 && rates.length === 0) return undefined;

  const y = nameAxis('arm', arms);
  const style = {
    color: {
      field: 'arm',
      type: 'nominal',
      scale: { domain: arms, range: arms.map((_, index) => styleAt(index).colour) },
      legend: null,
    },
    shape: {
      field: 'arm',
      type: 'nominal',
      scale: { domain: arms, range: arms.map((_, index) => styleAt(index).shape) },
      legend: null,
    },
  };
  const wait = panel({
    rows: waits,
    title: `${figureName('ttfo', 'p50', words)}${words.aside('ms')}`,
    y,
    style,
    text: milliseconds,
  });
  const rate = panel({
    rows: rates,
    title: `${figureName('user_tps', 'p50', words)}${words.aside(words.unit['tokens/s'])}`,
    y: { ...y, axis: { ...y.axis, labels: waits.length === 0 } },
    style,
    text: (value) => quantity(value, 'tokens/s', words.unit),
  });

  return {
    ...framed(analysis, words, 'arm', {
      hconcat: [...(waits.length > 0 ? [wait] : []), ...(rates.length > 0 ? [rate] : [])],
      spacing: 36,
    }),
    table: {
      columns: [
        words.label.arm,
        words.label.figure,
        words.label.value,
        words.label.interval,
        words.label.samples,
      ],
      rows: [...waits, ...rates].map((row) => [
        row.arm,
        figureName(row.id, row.stat, words),
        quantity(row.value, row.unit, words.unit),
        row.interval === undefined ? words.label.none : span(row.interval, row.unit, words.unit),
        String(row.n),
      ]),
    },
  };
};

type KnownRow = SummaryRow & { readonly value: number };

const rowsOf = (analysis: Analysis, id: string, stat: SummaryRow['stat']): readonly KnownRow[] =>
  analysis.rows.flatMap((row) =>
    row.id === id && row.stat === stat && row.where === 'all' && row.value !== undefined
      ? [{ ...row, value: row.value }]
      : [],
  );

const styleAt = (index: number) => armStyles[index % armStyles.length] ?? armStyles[0];

interface PanelOptions {
  readonly rows: readonly KnownRow[];
  readonly title: string;
  readonly y: ChartBody;
  readonly style: { readonly color: ChartBody; readonly shape: ChartBody };
  readonly text: (value: number) => string;
}

const panel = ({ rows, title, y, style, text }: PanelOptions): ChartBody => {
  const values = rows.map(({ arm, value, interval }) => ({
    arm,
    value: significant(value),
    low: significant(interval?.[0] ?? value),
    high: significant(interval?.[1] ?? value),
    text: text(value),
  }));
  const reach = significant(Math.max(...values.map(({ high }) => high)) * 1.25, 3) || 1;
  const x = { type: 'quantitative', scale: { domain: [0, reach], nice: false } };
  return {
    width: panelWidth,
    height: { step: 48 },
    data: { values },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 3, opacity: 0.5 },
        encoding: {
          x: { ...x, field: 'low', axis: { title, tickCount: 5 } },
          x2: { field: 'high' },
          y,
          color: style.color,
        },
      },
      {
        mark: { type: 'point', filled: true, opacity: 1, size: 130 },
        encoding: { x: { ...x, field: 'value' }, y, ...style },
      },
      {
        mark: { type: 'text', dy: -17, fontSize: 13, color: palette.ink.light },
        encoding: { x: { ...x, field: 'value' }, y, text: { field: 'text' } },
      },
    ],
  };
};
