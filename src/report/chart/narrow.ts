/**
 * A chart for a phone: the same data on less than half of the width.
 *
 * A wide picture made smaller has letters that nobody can read, so it is drawn anew: panels below
 * one another, fewer ticks, shorter names, and the short form of a text where it has one.
 */

import type { Chart, ChartName } from './chart.ts';
import { isSpec } from './chart.ts';
import { narrowConfig, narrowPlotWidth, narrowWidth, pictureWidth } from './theme.ts';

/** What a chart needs beyond what all do. */
interface Look {
  /** How much longer an axis must be for the text at the end of its bars. */
  readonly room: number;
  /** Names that a neighbour showed are needed on every panel. */
  readonly areLabelsRepeated: boolean;
  /** Long names stand one below the other. */
  readonly legendColumns: 1 | 2;
}

const plain: Look = { room: 1, areLabelsRepeated: false, legendColumns: 2 };

const looks: Readonly<Partial<Record<ChartName, Look>>> = {
  cost: { ...plain, room: 1.7, legendColumns: 1 },
  arm: { ...plain, areLabelsRepeated: true },
};

/** The chart on a narrow picture. */
export const narrowed = (chart: Chart): Chart => {
  const look = looks[chart.name] ?? plain;
  const spec = narrow(chart.spec, look);
  if (!isBody(spec)) throw new Error(`chart ${chart.name} is no object`);
  const body = { ...spec, config: narrowConfig(look.legendColumns) };
  if (!isSpec(body)) throw new Error(`chart ${chart.name} has nothing to draw`);
  return { ...chart, spec: body };
};

const isBody = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const narrow = (value: unknown, look: Look): unknown => {
  if (Array.isArray(value)) return value.map((it) => narrow(it, look));
  if (!isBody(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, it]) => narrowEntry(key, it, look)),
  );
};

const narrowEntry = (key: string, value: unknown, look: Look): [string, unknown][] => {
  switch (key) {
    // Values are data and nothing to be looked into.
    case 'values':
      return [[key, value]];
    case 'width':
      return [[key, value === pictureWidth ? narrowWidth : narrowPlotWidth]];
    case 'hconcat':
      return [['vconcat', narrow(value, look)]];
    case 'tickCount':
      return [[key, typeof value === 'number' ? Math.ceil(value / 2) : value]];
    case 'domain':
      return [[key, withRoom(value, look.room)]];
    case 'labels':
      return [[key, value === true || look.areLabelsRepeated]];
    case 'text':
      return [[key, isBody(value) && value['field'] === 'long' ? { field: 'short' } : value]];
    default:
      return [[key, narrow(value, look)]];
  }
};

const withRoom = (domain: unknown, room: number): unknown => {
  if (!Array.isArray(domain) || domain.length !== 2 || domain[0] !== 0) return domain;
  const reach: unknown = domain[1];
  return typeof reach === 'number' ? [0, reach * room] : domain;
};
