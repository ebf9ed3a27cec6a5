/**
 * The timeline: output by backend over fault windows, and below it the answers that ended.
 *
 *     ▼ act
 *     │ ░░░░░ window, drawn behind
 *     ├──── tokens per second, stacked by backend
 *     └──── answers ended, stacked by backend, failures on top
 *
 * One pair of panels per arm, all on one time axis that starts with the arm.
 */

import type { Analysis, Timeline } from '../../analysis/analysis.ts';
import { decimal } from '../format.ts';
import type { Words } from '../word/language.ts';
import {
  colourScale,
  framed,
  secondsSince,
  significant,
  type Chart,
  type ChartBody,
} from './chart.ts';
import { backendColours, palette, plotWidth } from './theme.ts';

interface Bar {
  readonly from: number;
  readonly until: number;
  readonly backend: string;
  readonly low: number;
  readonly high: number;
}

/** The timeline of every arm, or nothing where nothing was received and nothing ended. */
export const timelineChart = (analysis: Analysis, words: Words): Chart | undefined => {
  const timelines = analysis.timelines.filter((timeline) => timeline.bins.length > 0);
  if (timelines.length === 0) return undefined;

  const used = new Set(
    timelines.flatMap((it) =>
      it.bins.flatMap((bin) => [...nonZero(bin.tokens), ...nonZero(bin.ended)]),
    ),
  );
  const known = backendColours(analysis);
  const colours = [
    ...known.filter(({ backend }) => used.has(backend)),
    ...[...used]
      .filter((name) => !known.some(({ backend }) => backend === name))
      .sort()
      .map((backend) => ({ backend, colour: palette.muted.light })),
  ];
  const untilS = Math.max(...timelines.map(lengthS));
  const panels = timelines.flatMap((timeline, index) =>
    armPanels({ timeline, words, colours, untilS, hasArms: timelines.length > 1, index }),
  );

  return {
    ...framed(analysis, words, 'timeline', {
      vconcat: panels,
      spacing: 14,
      resolve: { scale: { color: 'independent' } },
    }),
    table: {
      columns: [
        words.label.arm,
        words.label.elapsed,
        ...colours.map(({ backend }) => `${nameOf(backend, words)}: ${words.label.outputRate}`),
        ...colours.map(({ backend }) => `${nameOf(backend, words)}: ${words.label.finished}`),
        words.label.inflight,
      ],
      rows: timelines.flatMap((timeline) =>
        timeline.bins.map((bin) => [
          timeline.arm,
          decimal(secondsSince(timeline.origin, bin.at)),
          ...colours.map(({ backend }) =>
            decimal(((bin.tokens[backend] ?? 0) * 1000) / timeline.binMs),
          ),
          ...colours.map(({ backend }) => decimal(bin.ended[backend] ?? 0)),
          decimal(bin.inFlightMax),
        ]),
      ),
    },
  };
};

const nonZero = (counts: Readonly<Record<string, number>>): readonly string[] =>
  Object.keys(counts).filter((name) => (counts[name] ?? 0) > 0);

const lengthS = (timeline: Timeline): number =>
  Math.max(
    ...timeline.bins.map((bin) => secondsSince(timeline.origin, bin.at + timeline.binMs)),
    ...timeline.acts.map((act) => secondsSince(timeline.origin, act.at)),
  );

/** How a backend is called in a legend. */
const nameOf = (backend: string, words: Words): string =>
  backend === 'failed'
    ? words.label.failed
    : backend === 'unknown'
      ? words.label.unknownBackend
      : backend;

interface PanelOptions {
  readonly timeline: Timeline;
  readonly words: Words;
  readonly colours: readonly { readonly backend: string; readonly colour: string }[];
  readonly untilS: number;
  readonly hasArms: boolean;
  readonly index: number;
}

/** The two panels of one arm. */
const armPanels = (options: PanelOptions): readonly ChartBody[] => {
  const { timeline, words, colours, untilS, hasArms, index } = options;
  const tokens = stacked(timeline, colours, (bin) => bin.tokens, 1000 / timeline.binMs);
  const ended = stacked(timeline, colours, (bin) => bin.ended, 1);
  const endedMax = Math.max(1, ...ended.map(({ high }) => high));
  const time = { field: 'from', type: 'quantitative', scale: { domain: [0, untilS], nice: false } };
  const windows = windowLayer(timeline, words, time);

  return [
    {
      width: plotWidth,
      height: 190,
      ...(hasArms ? { title: armTitle(words, timeline.arm) } : {}),
      layer: [
        windows,
        ...phaseLayers(timeline, words, time),
        barLayer(options, tokens, {
          x: { ...time, axis: { labels: false, ticks: false, title: null, grid: false } },
          y: {
            title: words.label.outputRate,
            // Told, not found: where nothing was received there is nothing to find it from.
            scale: { domain: [0, Math.max(1, ...tokens.map(({ high }) => high))], nice: true },
            axis: { tickCount: 5 },
          },
          legend: index === 0 ? { title: null, offset: 22 } : null,
        }),
        ...actLayers(timeline, time),
      ],
    },
    {
      width: plotWidth,
      height: 64,
      layer: [
        windows,
        barLayer(options, ended, {
          x: { ...time, axis: { title: words.label.elapsed, grid: false, tickCount: 10 } },
          y: {
            title: words.label.finished,
            scale: { domain: [0, endedMax] },
            axis: { values: [0, endedMax], format: 'd', grid: false },
          },
          legend: null,
        }),
      ],
    },
  ];
};

interface BarLook {
  readonly x: ChartBody;
  readonly y: ChartBody;
  readonly legend: ChartBody | null;
}

const barLayer = (
  { words, colours }: PanelOptions,
  values: readonly Bar[],
  { x, y, legend }: BarLook,
): ChartBody => ({
  data: { values: values.map((bar) => ({ ...bar, backend: nameOf(bar.backend, words) })) },
  mark: { type: 'bar', strokeWidth: 0 },
  encoding: {
    x,
    x2: { field: 'until' },
    y: { field: 'low', type: 'quantitative', ...y },
    y2: { field: 'high' },
    color: {
      ...colourScale(
        'backend',
        colours.map(({ backend, colour }) => [nameOf(backend, words), colour]),
      ),
      legend,
    },
  },
});

const armTitle = (words: Words, arm: string): ChartBody => ({
  text: `${words.label.arm}: ${arm}`,
  fontSize: 14,
  color: palette.ink.light,
  offset: 6,
});

/** Bars of each bin, one on top of the other in the order of the colours. */
const stacked = (
  timeline: Timeline,
  colours: PanelOptions['colours'],
  countsOf: (bin: Timeline['bins'][number]) => Readonly<Record<string, number>>,
  scale: number,
): readonly Bar[] =>
  timeline.bins.flatMap((bin) => {
    const counts = countsOf(bin);
    const from = secondsSince(timeline.origin, bin.at);
    const until = secondsSince(timeline.origin, bin.at + timeline.binMs);
    let low = 0;
    return colours.flatMap(({ backend }) => {
      const count = (counts[backend] ?? 0) * scale;
      if (count <= 0) return [];
      const bar = { from, until, backend, low: significant(low), high: significant(low + count) };
      low += count;
      return [bar];
    });
  });

/**
 * Fault windows, drawn first and so behind the data. A window as long as the arm says nothing (an
 * addressed fault waits for its turn), so it is left out.
 */
const windowLayer = (timeline: Timeline, words: Words, x: ChartBody): ChartBody => {
  const ends = lengthS(timeline);
  const values = timeline.faults
    .map((fault) => ({
      from: Math.max(0, secondsSince(timeline.origin, fault.from)),
      until: Math.min(ends, secondsSince(timeline.origin, fault.until)),
      text: `${words.label.faultWindow}: ${fault.what} · ${fault.backend}`,
    }))
    .filter(({ from, until }) => until > from && until - from < 0.95 * ends);
  return {
    data: { values },
    mark: { type: 'rect', color: palette.red.light, opacity: 0.13 },
    encoding: { x, x2: { field: 'until' } },
  };
};

/** Where a phase begins, with its name above the panel. */
const phaseLayers = (timeline: Timeline, words: Words, x: ChartBody): readonly ChartBody[] => {
  const data = {
    values: timeline.phases
      .filter(({ name }) => name !== 'done')
      .map((phase) => ({
        from: secondsSince(timeline.origin, phase.at),
        text: phaseName(phase.name, words),
      }))
      .filter(({ from }) => from > 0),
  };
  const color = palette.muted.light;
  return [
    { data, mark: { type: 'rule', color, strokeDash: [2, 3], opacity: 0.7 }, encoding: { x } },
    {
      data,
      mark: { type: 'text', align: 'left', baseline: 'bottom', dx: 3, y: -2, fontSize: 11, color },
      encoding: { x, text: { field: 'text' } },
    },
  ];
};

/** The instants at which faults acted, in front of the data. */
const actLayers = (timeline: Timeline, x: ChartBody): readonly ChartBody[] => {
  const data = {
    values: timeline.acts.map((act) => ({
      from: secondsSince(timeline.origin, act.at),
      text: `${act.what} · ${act.backend}`,
    })),
  };
  const color = palette.red.light;
  const point = { type: 'point', shape: 'triangle-down', filled: true, size: 70, opacity: 1, y: 2 };
  return [
    { data, mark: { type: 'rule', color, strokeWidth: 1 }, encoding: { x } },
    { data, mark: { ...point, color }, encoding: { x } },
  ];
};

const phaseName = (name: string, words: Words): string =>
  name === 'warmup' || name === 'steady' || name === 'cooldown' || name === 'done'
    ? words.phase[name]
    : name;
