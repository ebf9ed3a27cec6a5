/**
 * An objective: what a run must show, as one line.
 *
 *     ttfo p50 < 3 s
 *     tpot p90 {backend=spark} <= 150 ms
 *     failed = 0
 *     goodput_req @continue >= 95 %
 *
 *     metric  [stat]  [{where}]  [@arm | [arm]]  comparison  number [unit]
 */

import type { MetricStat, Unit } from './metric.ts';
import { isMetricId, type MetricId, metricOf, metrics } from './table.ts';

type Comparison = '<' | '<=' | '=' | '>=' | '>';

export interface Objective {
  /** As it was written. */
  readonly text: string;
  readonly id: MetricId;
  readonly stat: MetricStat;
  /** As a summary row has it: `all`, `backend=spark`. */
  readonly where: string;
  /** Absent: it is decided for each arm. */
  readonly arm?: string;
  readonly comparison: Comparison;
  /** In the unit of the metric. */
  readonly limit: number;
}

/** An objective that cannot be read, and what to write instead. */
export interface ObjectiveProblem {
  readonly error: string;
  readonly hint: string;
}

const pattern =
  /^(?<id>\w+)(?:\s+(?<stat>[a-z]\w*))?(?<selectors>(?:\s*(?:\{[^{}]*\}|\[[^[\]]*\]|@[\w.-]+))*)\s*(?<comparison><=|>=|<|>|=|≤|≥)\s*(?<limit>\d[\d,_]*(?:\.\d+)?|\.\d+)\s*(?<unit>.*)$/;

/** How many of the metric's unit one of the written unit is. */
const scales: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  ms: { ms: 1, s: 1000, min: 60_000 },
  ratio: { '': 1, '%': 0.01 },
  count: { '': 1 },
  tokens: { '': 1, tokens: 1 },
  'tokens/s': { '': 1, 'tokens/s': 1, 'tok/s': 1 },
  'requests/s': { '': 1, 'requests/s': 1, '/s': 1 },
  'attempts/request': { '': 1 },
  periods: { '': 1, periods: 1 },
  USD: { '': 1, usd: 1 },
  JPY: { '': 1, jpy: 1 },
};

/** Reads an objective. */
export const parseObjective = (text: string): Objective | ObjectiveProblem => {
  const groups = pattern.exec(text.trim())?.groups;
  if (!groups) {
    return {
      error: `expected an objective such as \`ttfo p50 < 3 s\`, got \`${text}\``,
      hint: 'Write: metric, stat, comparison (<, <=, =, >=, >), number, unit.',
    };
  }
  const id = groups['id'] ?? '';
  if (!isMetricId(id)) {
    return {
      error: `expected the id of a metric, got \`${id}\``,
      hint: nearest(id),
    };
  }
  const stat = statOf(id, groups['stat']);
  if (typeof stat !== 'string') return stat;
  const limit = limitOf(id, groups['limit'] ?? '', groups['unit'] ?? '');
  if (typeof limit !== 'number') return limit;
  const selection = selectionOf(groups['selectors'] ?? '');
  if ('error' in selection) return selection;

  return {
    text: text.trim(),
    id,
    stat,
    ...selection,
    comparison: comparisonOf(groups['comparison'] ?? ''),
    limit,
  };
};

const statOf = (id: MetricId, written: string | undefined): MetricStat | ObjectiveProblem => {
  const { stats } = metricOf(id);
  const [only, another] = stats;
  if (written === undefined && only && !another) return only;
  const stat = stats.find((it) => it === written);
  if (stat) return stat;

  return {
    error: `${id}: expected ${stats.join(', ')}, got ${written ? `\`${written}\`` : 'nothing'}`,
    hint: `Write \`${id} ${only ?? ''}\` and the limit.`,
  };
};

const limitOf = (id: MetricId, number: string, unit: string): number | ObjectiveProblem => {
  const known = scales[metricOf(id).unit];
  const scale = known[unit.trim().toLowerCase()];
  // Rounded to 12 digits, so that 95 % is 0.95 and not 0.9500000000000001.
  if (scale !== undefined)
    return Number((Number(number.replaceAll(/[,_]/g, '')) * scale).toPrecision(12));

  const units = Object.keys(known).map((it) => (it === '' ? 'no unit' : it));
  return {
    error: `${id}: expected ${units.join(' or ')}, got ${unit.trim() ? `\`${unit.trim()}\`` : 'no unit'}`,
    hint: `A limit of ${id} is in ${metricOf(id).unit}.`,
  };
};

const selectionOf = (
  selectors: string,
): { readonly where: string; readonly arm?: string } | ObjectiveProblem => {
  let where = 'all';
  let arm: string | undefined;
  for (const [selector] of selectors.matchAll(/\{[^{}]*\}|\[[^[\]]*\]|@[\w.-]+/g)) {
    const inner = selector.replaceAll(/^[{[@]|[}\]]$/g, '').trim();
    if (!selector.startsWith('{')) arm = inner;
    else if (/^[a-z]+=.+$/.test(inner)) where = inner;
    else {
      return {
        error: `expected {name=value}, got \`${selector}\``,
        hint: 'Write {backend=spark}, {workload=chat}, {turn=2} or {fault=0}.',
      };
    }
  }

  return arm === undefined ? { where } : { where, arm };
};

const comparisonOf = (written: string): Comparison => {
  switch (written) {
    case '≤':
    case '<=':
      return '<=';
    case '≥':
    case '>=':
      return '>=';
    case '<':
      return '<';
    case '>':
      return '>';
    default:
      return '=';
  }
};

/** The known names that share the longest beginning with what was written. */
const nearest = (written: string): string => {
  const known = metrics.map(({ id }) => id);
  const shares = (name: string): number => {
    let length = 0;
    while (length < name.length && name[length] === written[length]) length++;
    return length;
  };
  const longest = Math.max(...known.map(shares));
  const candidates = longest >= 2 ? known.filter((name) => shares(name) === longest) : known;
  return `The metrics are: ${candidates.join(', ')}.`;
};

/** Whether a value meets the objective. */
export const isMet = ({ comparison, limit }: Objective, value: number): boolean => {
  switch (comparison) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '=':
      return value === limit;
    case '>=':
      return value >= limit;
    case '>':
      return value > limit;
  }
};
