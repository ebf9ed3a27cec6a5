/**
 * A chart before it is drawn: a Vega-Lite specification with its data inside, and the same data as
 * a table for those who cannot see it, or want to copy a number.
 */

import type { TopLevelSpec } from 'vega-lite';

import type { Analysis } from '../../analysis/analysis.ts';
import type { Words } from '../word/language.ts';
import { chartConfig, palette } from './theme.ts';

/** Rows of text under a header, all as long as it. */
export interface TextTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export type ChartName = keyof Words['chart'];

export interface Chart {
  readonly name: ChartName;
  readonly title: string;
  readonly howToRead: string;
  readonly spec: TopLevelSpec;
  readonly table: TextTable;
}

/** File names of charts, without their ending. */
export const chartFiles: Readonly<Record<ChartName, string>> = {
  timeline: 'timeline',
  firstToken: 'first-token',
  tokenRate: 'token-rate',
  failover: 'failover',
  cost: 'cost',
  arm: 'arms',
  overview: 'overview',
  matrix: 'matrix',
  outage: 'outage',
  tradeOff: 'trade-off',
};

/** What a chart's body may hold; the frame adds schema, title, description and look. */
export type ChartBody = Readonly<Record<string, unknown>>;

/**
 * Puts the frame around a body: title, a subtitle that says which run this is and whether it was
 * simulated, and the description that Vega writes as the picture's accessible name.
 */
export const framed = (
  analysis: Analysis,
  words: Words,
  name: ChartName,
  body: ChartBody,
): Pick<Chart, 'name' | 'title' | 'howToRead' | 'spec'> => {
  const { title, howToRead } = words.chart[name];
  const { manifest } = analysis;
  const subtitle = [
    ...(analysis.isSimulated ? [words.simulated] : []),
    manifest.name,
    `${words.setup.seed} ${manifest.seed}`,
    ...(analysis.isWhole ? [] : [words.partial]),
  ].join(' · ');
  const spec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: title, subtitle },
    description: `${title}. ${subtitle}. ${howToRead}`,
    config: chartConfig,
    ...body,
  };
  if (!isSpec(spec)) throw new Error(`chart ${name} has nothing to draw`);
  return { name, title, howToRead, spec };
};

/** What it draws is for the compiler to check, whose every warning fails the chart. */
export const isSpec = (body: ChartBody): body is ChartBody & TopLevelSpec =>
  'layer' in body || 'hconcat' in body || 'vconcat' in body;

/** A vertical axis of names, in the order given. */
export const nameAxis = (field: string, domain: readonly string[]) => ({
  field,
  type: 'nominal',
  scale: { domain },
  axis: { title: null, domain: false, ticks: false, labelColor: palette.ink.light },
});

/** Colours told for every name, because the default order is that of the alphabet. */
export const colourScale = (
  field: string,
  entries: readonly (readonly [name: string, colour: string])[],
) => ({
  field,
  type: 'nominal',
  scale: { domain: entries.map(([name]) => name), range: entries.map(([, colour]) => colour) },
  legend: { title: null },
});

/** Text at the end of a bar. */
export const endText = {
  type: 'text',
  align: 'left',
  dx: 6,
  fontSize: 13,
  color: palette.ink.light,
} as const;

/** Seconds since a start, rounded to the millisecond. */
export const secondsSince = (origin: number, at: number): number => Math.round(at - origin) / 1000;

/** Rounds to so many significant digits, to keep specifications small and readable. */
export const significant = (value: number, digits = 5): number =>
  Number.isFinite(value) ? Number(value.toPrecision(digits)) : value;

/** The 1-2-5 steps from the one below `low` to the one above `high`: ticks for log axes. */
export const logSteps = (low: number, high: number): readonly number[] => {
  const steps: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const factor of [1, 2, 5]) steps.push(significant(factor * 10 ** power, 3));
  const from = steps.findLastIndex((step) => step <= low);
  const to = steps.findIndex((step) => step >= high);
  return steps.slice(Math.max(0, from), to < 0 ? undefined : Math.max(to, from + 1) + 1);
};
