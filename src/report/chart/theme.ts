/**
 * How charts look: the palette, one type family, quiet axes.
 *
 * Each colour stands once for a thing and carries its counterpart for dark pages. A page replaces
 * the light colour in the drawn SVG by a CSS variable; files keep the light colour.
 * Contrast on white: blue 4.5, orange 4.5, purple 4.6, green 5.4, red 6.9, grey 6.5.
 */

import type { Analysis } from '../../analysis/analysis.ts';

/** A colour on white paper, and the same thing's colour on a dark page. */
export interface Colour {
  readonly name: string;
  readonly light: string;
  readonly dark: string;
}

const colour = (name: string, light: string, dark: string): Colour => ({ name, light, dark });

export const palette = {
  ink: colour('ink', '#252423', '#f1efed'),
  muted: colour('muted', '#605e5c', '#b5b2af'),
  line: colour('line', '#d8d6d4', '#484644'),
  paper: colour('paper', '#ffffff', '#1f1e1d'),
  blue: colour('blue', '#0078d4', '#4da6f0'),
  teal: colour('teal', '#00808a', '#3cc0ca'),
  orange: colour('orange', '#ca5010', '#f0905a'),
  purple: colour('purple', '#8764b8', '#b79ae0'),
  green: colour('green', '#107c10', '#5cc05c'),
  red: colour('red', '#b3261e', '#ff8a80'),
} as const satisfies Record<string, Colour>;

/** Colours of backends: cool ones for local, warm ones for cloud. */
const localColours = [palette.blue, palette.teal, palette.green];
const cloudColours = [palette.orange, palette.purple];

/** One colour per backend, `unknown` and `failed` included, in the order of legends. */
export const backendColours = (
  analysis: Analysis,
): readonly { readonly backend: string; readonly colour: string }[] => {
  const of = (residency: 'local' | 'cloud', colours: readonly Colour[]) =>
    analysis.manifest.backends
      .filter((backend) => backend.residency === residency)
      .map((backend, index) => ({
        backend: backend.name,
        colour: (colours[index % colours.length] ?? palette.blue).light,
      }));
  return [
    ...of('local', localColours),
    ...of('cloud', cloudColours),
    { backend: 'unknown', colour: palette.muted.light },
    { backend: 'failed', colour: palette.red.light },
  ];
};

/** Colours, dashes and shapes of arms, in their order; dash and shape are the second channel. */
export const armStyles = [
  { colour: palette.blue.light, dash: [1, 0], shape: 'circle' },
  { colour: palette.orange.light, dash: [6, 3], shape: 'square' },
  { colour: palette.purple.light, dash: [2, 2], shape: 'triangle-up' },
  { colour: palette.green.light, dash: [8, 3, 2, 3], shape: 'diamond' },
  { colour: palette.teal.light, dash: [12, 4], shape: 'cross' },
  { colour: palette.muted.light, dash: [4, 6], shape: 'triangle-down' },
] as const;

/** What letters in charts are drawn with, on a page and in an SVG. */
export const fontStack = 'Meiryo, "Segoe UI", "Noto Sans JP", "Noto Sans CJK JP", sans-serif';

/** Width of a picture, axes and padding included, where Vega can fit it. */
export const pictureWidth = 880;

/** The same on a phone, and the drawing area of its panels. */
export const narrowWidth = 380;
export const narrowPlotWidth = 270;

/** Lets a chart take up the whole picture, whatever its axis labels need. */
export const fitted = { width: pictureWidth, autosize: { type: 'fit-x', contains: 'padding' } };

/** Width of the drawing area of a chart of several panels, which Vega cannot fit. */
export const plotWidth = 780;

/** Vega-Lite's `config` for every chart. */
export const chartConfig = {
  background: palette.paper.light,
  font: fontStack,
  padding: { left: 12, right: 20, top: 12, bottom: 12 },
  aria: true,
  view: { stroke: null },
  mark: { color: palette.blue.light, aria: false },
  title: {
    anchor: 'start',
    frame: 'bounds',
    fontSize: 18,
    fontWeight: 'normal',
    color: palette.ink.light,
    subtitleColor: palette.muted.light,
    subtitleFontSize: 13,
    subtitlePadding: 5,
    offset: 14,
    aria: false,
  },
  axis: {
    labelFontSize: 13,
    titleFontSize: 13,
    titleFontWeight: 'normal',
    labelColor: palette.muted.light,
    titleColor: palette.muted.light,
    gridColor: palette.line.light,
    domainColor: palette.line.light,
    tickColor: palette.line.light,
    labelLimit: 300,
    titleLimit: 480,
    titlePadding: 10,
    labelPadding: 5,
    labelFlush: false,
    aria: false,
  },
  legend: {
    orient: 'top',
    direction: 'horizontal',
    labelFontSize: 13,
    titleFontSize: 13,
    labelLimit: 360,
    labelColor: palette.ink.light,
    symbolSize: 130,
    symbolOpacity: 1,
    columnPadding: 18,
    offset: 8,
    aria: false,
  },
} as const;

/** The same on a phone: letters as tall, names cut sooner. */
export const narrowConfig = (legendColumns: number) => ({
  ...chartConfig,
  padding: { left: 4, right: 8, top: 8, bottom: 8 },
  title: { ...chartConfig.title, fontSize: 15, subtitleFontSize: 12, limit: 364 },
  axis: { ...chartConfig.axis, labelFontSize: 12, labelLimit: 130, titleLimit: 300 },
  legend: {
    ...chartConfig.legend,
    columns: legendColumns,
    labelFontSize: 12,
    labelLimit: 300 / legendColumns,
  },
});
