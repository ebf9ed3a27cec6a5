/**
 * An outage in lanes: the fault, the circuit of the backend, the probes, the requests. One panel
 * for each outage, as many as can be read.
 */

import type { Analysis, OutageRow } from '../../analysis/analysis.ts';
import { decimal, milliseconds } from '../format.ts';
import type { Words } from '../word/language.ts';
import {
  colourScale,
  framed,
  nameAxis,
  secondsSince,
  type Chart,
  type ChartBody,
} from './chart.ts';
import { backendColours, palette, plotWidth } from './theme.ts';

/** More panels than this are a list, and the table has it. */
const panelsMax = 4;

/** The panels; nothing for a run without an outage. */
export const outageChart = (analysis: Analysis, words: Words): Chart | undefined => {
  const outages = analysis.outages.slice(0, panelsMax);
  if (outages.length === 0) return undefined;
  const { label } = words.outages;
  const hasArms = analysis.manifest.arms.length > 1;

  return {
    ...framed(analysis, words, 'outage', {
      vconcat: outages.map((outage) => panel(outage, { analysis, words, hasArms })),
      spacing: 26,
    }),
    table: {
      columns: [label.outage, label.trip, label.probes, label.failback, label.flaps],
      rows: outages.map((it) => [
        nameOf(it, hasArms),
        it.timeToTripMs === undefined ? words.label.none : milliseconds(it.timeToTripMs),
        `${decimal(it.probeCount)} / ${decimal(it.userProbeCount)}`,
        it.failbackMs === undefined ? words.label.none : milliseconds(it.failbackMs),
        decimal(it.flapCount),
      ]),
    },
  };
};

const nameOf = ({ arm, backend, what, fault }: OutageRow, hasArms: boolean): string =>
  `${hasArms ? `${arm} · ` : ''}${backend} · ${what} #${fault}`;

interface PanelOptions {
  readonly analysis: Analysis;
  readonly words: Words;
  readonly hasArms: boolean;
}

const panel = (outage: OutageRow, options: PanelOptions): ChartBody => {
  const { words, hasArms } = options;
  const { label } = words.outages;
  const margin = (outage.overAt - outage.from) / 4;
  const domain: readonly [number, number] = [
    secondsSince(outage.from, outage.from - margin),
    secondsSince(outage.from, outage.overAt + margin),
  ];
  const x: ChartBody = {
    field: 'from',
    type: 'quantitative',
    scale: { domain, nice: false },
    axis: { title: label.sinceFault, grid: false, tickCount: 8 },
  };
  const lanes = [label.fault, label.circuit, label.probing, label.requests];
  const y = nameAxis('lane', lanes);

  return {
    width: plotWidth,
    height: 132,
    title: { text: nameOf(outage, hasArms), fontSize: 14, color: palette.ink.light, offset: 6 },
    layer: [
      spanLayer(spansOf(outage, words, domain), x, y),
      probeLayer(outage, words, x, y),
      requestLayer(outage, options, x, y),
    ],
  };
};

const spanLayer = (values: readonly Span[], x: ChartBody, y: ChartBody): ChartBody => ({
  data: { values },
  layer: [
    {
      mark: { type: 'bar', height: 20, opacity: 0.35 },
      encoding: {
        x,
        x2: { field: 'until' },
        y,
        color: { field: 'colour', scale: null, type: 'nominal' },
      },
    },
    {
      mark: { type: 'text', align: 'left', dx: 4, fontSize: 12, color: palette.ink.light },
      encoding: { x, y, text: { field: 'text' } },
    },
  ],
});

const probeLayer = (outage: OutageRow, words: Words, x: ChartBody, y: ChartBody): ChartBody => ({
  data: {
    values: outage.probes.map(({ at, isAnswered }) => ({
      lane: words.outages.label.probing,
      from: secondsSince(outage.from, at),
      colour: isAnswered ? palette.green.light : 'transparent',
    })),
  },
  mark: { type: 'point', size: 60, stroke: palette.ink.light, strokeWidth: 1, opacity: 1 },
  encoding: { x, y, fill: { field: 'colour', scale: null, type: 'nominal' } },
});

const requestLayer = (
  outage: OutageRow,
  { analysis, words }: PanelOptions,
  x: ChartBody,
  y: ChartBody,
): ChartBody => ({
  data: {
    values: outage.requests.map(({ at, servedBy }) => ({
      lane: words.outages.label.requests,
      from: secondsSince(outage.from, at),
      servedBy: readerOf(servedBy, words),
    })),
  },
  mark: { type: 'tick', thickness: 2, height: 18, opacity: 0.9 },
  encoding: {
    x,
    y,
    color: colourScale(
      'servedBy',
      backendColours(analysis)
        .filter(({ backend }) => isSeen(backend, analysis))
        .map(({ backend, colour }) => [readerOf(backend, words), colour]),
    ),
  },
});

const isSeen = (backend: string, { outages }: Analysis): boolean =>
  outages.some(({ requests }) => requests.some(({ servedBy }) => servedBy === backend));

const readerOf = (backend: string, { label }: Words): string =>
  backend === 'failed' ? label.failed : backend === 'unknown' ? label.unknownBackend : backend;

interface Span {
  readonly lane: string;
  readonly from: number;
  readonly until: number;
  readonly text: string;
  readonly colour: string;
}

/** The fault, and the circuit from before the outage to after it, as far as the panel goes. */
const spansOf = (
  { what, from, until, circuits }: OutageRow,
  words: Words,
  [first, last]: readonly [number, number],
): readonly Span[] => {
  const { label, circuit } = words.outages;
  const changes = [{ at: -Infinity, to: 'closed' as const }, ...circuits];
  const states = changes.map(({ at, to }, place) => ({
    lane: label.circuit,
    from: Math.max(first, secondsSince(from, at)),
    until: Math.min(last, secondsSince(from, changes[place + 1]?.at ?? Infinity)),
    text: circuit[to],
    colour: stateColours[to],
  }));
  // A name that is longer than its span would be written over the next.
  const named = (span: Span): Span =>
    span.until - span.from < (last - first) * 0.08 ? { ...span, text: '' } : span;
  const colour = palette.red.light;
  return [
    { lane: label.fault, from: 0, until: secondsSince(from, until), text: what, colour },
    ...states,
  ]
    .filter((it) => it.until > it.from)
    .map(named);
};

const stateColours = {
  closed: palette.green.light,
  open: palette.red.light,
  'half-open': palette.orange.light,
} as const;
