/**
 * How waits and speeds are spread: first text as a cumulative curve, token rate as a strip.
 *
 * With one or two arms the colour says which backend answered and the dash which arm; with more
 * arms the colour says which arm, over all backends, because a dozen lines say nothing.
 */

import type { Analysis, Distribution } from '../../analysis/analysis.ts';
import { decimal, milliseconds, percent } from '../format.ts';
import type { Words } from '../word/language.ts';
import { framed, logSteps, nameAxis, significant, type Chart, type ChartBody } from './chart.ts';
import { armStyles, backendColours, fitted, palette } from './theme.ts';

/** One curve or strip: a distribution with its place in the legend. */
interface Series {
  readonly distribution: Distribution;
  readonly label: string;
  readonly colour: string;
  readonly dash: readonly number[];
  readonly shape: string;
}

const backendWhere = 'backend=';

/** Which distributions of a metric are drawn, and in which dress. */
const seriesOf = (analysis: Analysis, words: Words, id: string): readonly Series[] => {
  const all = analysis.distributions.filter((it) => it.id === id && it.points.length > 0);
  const { arms } = analysis.manifest;
  const style = (arm: string) =>
    armStyles[Math.max(0, arms.indexOf(arm)) % armStyles.length] ?? armStyles[0];
  const byBackend = all.filter(({ where }) => where.startsWith(backendWhere));
  if (arms.length > 2 || byBackend.length === 0)
    return all
      .filter(({ where }) => where === 'all')
      .map((distribution) => {
        const { colour, dash, shape } = style(distribution.arm);
        return { distribution, label: distribution.arm, colour, dash, shape };
      });

  const colours = backendColours(analysis);
  const placeOf = (backend: string): number =>
    colours.findIndex((entry) => entry.backend === backend);
  return byBackend
    .map((distribution) => {
      const backend = distribution.where.slice(backendWhere.length);
      const place = placeOf(backend);
      const colour = colours[place]?.colour ?? palette.muted.light;
      const { dash, shape } = style(distribution.arm);
      const label = arms.length > 1 ? words.ofArm(backend, distribution.arm) : backend;
      return { distribution, label, colour, dash, shape, place };
    })
    .toSorted((one, other) => one.place - other.place);
};

/** One legend for colour and dash together: both are told by the series' label. */
const channels = (series: readonly Series[]) => {
  const domain = series.map(({ label }) => label);
  const legend = { title: null, symbolType: 'stroke', symbolStrokeWidth: 3, symbolSize: 300 };
  return {
    color: {
      field: 'series',
      type: 'nominal',
      scale: { domain, range: series.map(({ colour }) => colour) },
      legend,
    },
    strokeDash: {
      field: 'series',
      type: 'nominal',
      scale: { domain, range: series.map(({ dash }) => dash) },
      legend,
    },
  };
};

/** The cumulative distribution of the wait for the first text. */
export const firstTokenChart = (analysis: Analysis, words: Words): Chart | undefined => {
  const series = seriesOf(analysis, words, 'ttfo');
  if (series.length === 0) return undefined;

  const values = series.flatMap(({ distribution, label }) => [
    ...distribution.points.slice(0, 1).map(({ value }) => ({
      series: label,
      value: seconds(value),
      share: 0,
    })),
    ...distribution.points.map(({ value, ratio }) => ({
      series: label,
      value: seconds(value),
      share: significant(ratio * 100),
    })),
  ]);
  const limitMs = analysis.manifest.limits['ttfo'];
  const steps = logSteps(
    Math.min(...values.map(({ value }) => value)),
    Math.max(...values.map(({ value }) => value), limitMs === undefined ? 0 : limitMs / 1000),
  );
  const x = {
    field: 'value',
    type: 'quantitative',
    scale: { type: 'log', domain: [steps[0], steps.at(-1)], nice: false },
    axis: { title: words.label.firstText, values: steps, format: '~g' },
  };
  const y = {
    field: 'share',
    type: 'quantitative',
    scale: { domain: [0, 100] },
    axis: { title: words.label.share, values: [0, 25, 50, 75, 100] },
  };

  return {
    ...framed(analysis, words, 'firstToken', {
      ...fitted,
      height: 240,
      layer: [
        ...limitLayers(limitMs, words, x),
        {
          data: { values },
          mark: { type: 'line', interpolate: 'step-after', strokeWidth: 2.5 },
          encoding: { x, y, ...channels(series) },
        },
      ],
    }),
    table: distributionTable(series, words, milliseconds),
  };
};

/** Seconds, from 1 ms on: a log axis has no zero. */
const seconds = (ms: number): number => significant(Math.max(ms, 1) / 1000);

/** The limit that goodput counts against, as a labelled line. */
const limitLayers = (
  limitMs: number | undefined,
  words: Words,
  x: ChartBody,
): readonly ChartBody[] => {
  if (limitMs === undefined) return [];
  const data = {
    values: [
      {
        value: limitMs / 1000,
        text: `${words.label.limit} ${words.seconds(decimal(limitMs / 1000))}`,
      },
    ],
  };
  return [
    {
      data,
      mark: { type: 'rule', color: palette.muted.light, strokeDash: [4, 4] },
      encoding: { x },
    },
    {
      data,
      mark: {
        type: 'text',
        align: 'right',
        baseline: 'bottom',
        dx: -5,
        y: 236,
        fontSize: 12,
        color: palette.muted.light,
      },
      encoding: { x, text: { field: 'text' } },
    },
  ];
};

/** One strip of ticks per series: the speed of each answer, or of each quantile of many. */
export const tokenRateChart = (analysis: Analysis, words: Words): Chart | undefined => {
  const series = seriesOf(analysis, words, 'tpot').filter(({ distribution }) =>
    distribution.points.some(({ value }) => value > 0),
  );
  if (series.length === 0) return undefined;

  const values = series.flatMap(({ distribution, label }) =>
    distribution.points
      .filter(({ value }) => value > 0)
      .map(({ value }) => ({ series: label, value: significant(1000 / value, 4) })),
  );
  const medians = mediansOf(analysis, series);
  const fastest = Math.max(...values.concat(medians).map(({ value }) => value));
  const domain = series.map(({ label }) => label);
  const y = nameAxis('series', domain);
  const x = {
    field: 'value',
    type: 'quantitative',
    // Told, not found: where every median is withheld, their layers have nothing to find it from.
    scale: { domain: [0, fastest], nice: true },
    axis: { title: words.label.perAnswerRate, tickCount: 8 },
  };
  const color = { ...channels(series).color, legend: null };
  const ink = palette.ink.light;

  return {
    ...framed(analysis, words, 'tokenRate', {
      ...fitted,
      height: 56 * domain.length,
      layer: [
        {
          data: { values },
          mark: { type: 'tick', thickness: 2, size: 26, opacity: 0.45 },
          encoding: { x, y, color },
        },
        {
          data: { values: medians },
          mark: { type: 'rule', color: ink, strokeWidth: 2 },
          encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y },
        },
        {
          data: { values: medians },
          mark: { type: 'point', filled: true, opacity: 1, size: 90, color: ink },
          encoding: { x, y },
        },
        {
          data: { values: medians },
          mark: { type: 'text', dy: -20, fontSize: 13, color: ink },
          encoding: { x, y, text: { field: 'text' } },
        },
      ],
    }),
    table: distributionTable(
      series,
      words,
      (value) => `${decimal(significant(1000 / value, 3))} tokens/s`,
    ),
  };
};

/** The median of each series, from the summary row that has it. */
const mediansOf = (analysis: Analysis, series: readonly Series[]) =>
  series.flatMap(({ distribution, label }) => {
    const row = analysis.rows.find(
      ({ id, stat, arm, where }) =>
        id === 'user_tps' &&
        stat === 'p50' &&
        arm === distribution.arm &&
        where === distribution.where,
    );
    if (row?.value === undefined) return [];
    const [low, high] = row.interval ?? [row.value, row.value];
    return [
      {
        series: label,
        value: significant(row.value),
        low: significant(low),
        high: significant(high),
        text: decimal(row.value),
      },
    ];
  });

const tableRatios = [0.1, 0.25, 0.5, 0.75, 0.9];

/** Five points of each curve, and the number of values behind it. */
const distributionTable = (
  series: readonly Series[],
  words: Words,
  render: (value: number) => string,
) => ({
  columns: [
    words.label.backend,
    words.label.samples,
    ...tableRatios.map((ratio) => `≤ ${percent(ratio)}`),
  ],
  rows: series.map(({ distribution, label }) => [
    label,
    decimal(distribution.n),
    ...tableRatios.map((wanted) => {
      const point = distribution.points.find(({ ratio }) => ratio >= wanted);
      return point === undefined || point.value <= 0 ? words.label.none : render(point.value);
    }),
  ]),
});
