/**
 * What no schema can say of a fault: which words go together, and which faults exclude one another.
 */

import { parseDuration } from '../../time/duration.ts';
import { isOutage } from './decision.ts';
import type { PlannedFault } from './fault.ts';
import type { FaultKey, FaultKind } from './kind/kind.ts';
import { kindOf } from './kind/list.ts';
import { backendsOf } from './plan.ts';
import type { FaultSpec } from './schema.ts';

/** Something in an entry that cannot be meant; `key` is where. */
export interface FaultProblem {
  readonly key: string;
  readonly problem: string;
  readonly hint: string;
}

/** What the schema cannot say: which words go together. */
export const faultProblems = (spec: FaultSpec): readonly FaultProblem[] => [
  ...backendProblems(spec),
  ...scheduleProblems(spec),
  ...offsetProblems(spec),
  ...wordProblems(spec, kindOf(spec)),
];

const backendProblems = (spec: FaultSpec): readonly FaultProblem[] => {
  const names = backendsOf(spec);
  if (kindOf(spec).onReader) return readerProblems(spec);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (names.length > 0 && twice === undefined) return [];
  return [
    {
      key: spec.backends === undefined ? 'backend' : 'backends',
      problem:
        twice === undefined
          ? 'expected a backend, found none'
          : `expected each backend once, found ${twice} twice`,
      hint: 'Give `backend: spark`, or `backends: [spark, box]` to have it happen to several.',
    },
  ];
};

/** Readers have no backend. */
const readerProblems = (spec: FaultSpec): readonly FaultProblem[] =>
  (['backend', 'backends', 'path'] as const)
    .filter((key) => spec[key] !== undefined)
    .map((key) => ({
      key,
      problem: `expected no \`${key}\` with \`${spec.kind}\`, found one`,
      hint: 'It is the reader who does it: remove it.',
    }));

const scheduleProblems = (spec: FaultSpec): readonly FaultProblem[] => {
  const isAddressed = spec.address !== undefined || spec.addresses !== undefined;
  const problems: FaultProblem[] = [];
  if (!isAddressed && spec.at === undefined)
    problems.push({
      key: 'at',
      problem: 'expected a window or an address, found neither',
      hint: 'Give `at: 60 s, for: 30 s`, or `address: { session: 1, turn: 1 }`.',
    });
  const key = windowKeys.find((it) => spec[it] !== undefined);
  if (kindOf(spec).onBox) problems.push(...attemptProblems(spec));
  const kind = kindOf(spec);
  if (isAddressed && (kind.onLookup !== undefined || kind.outage === 'frozen'))
    problems.push({
      key: spec.address === undefined ? 'addresses' : 'address',
      problem: `\`${spec.kind}\` cannot wait for a turn: it does not happen to one request`,
      hint: 'Give a window: `at: 60 s, for: 30 s`.',
    });
  if (isAddressed && key !== undefined)
    problems.push({
      key,
      problem: 'expected a window or an address, found both',
      hint: `An addressed fault acts whenever its turn comes: remove ${windowKeys
        .filter((it) => spec[it] !== undefined)
        .map((it) => `\`${it}\``)
        .join(' and ')}.`,
    });
  if (spec.every !== undefined && !isBelow(spec.for, spec.every))
    problems.push({
      key: 'every',
      problem: 'expected `for` to be shorter than `every`, found no such `for`',
      hint: 'Write how long of each period it lasts: `for: 2 s, every: 4 s`.',
    });
  if (spec.phase !== undefined && spec.every === undefined)
    problems.push({
      key: 'phase',
      problem: 'expected `every` with `phase`, found none',
      hint: 'A phase is drawn within a period: add `every: 20 s`.',
    });
  if (spec.until !== undefined && !isBelow(spec.at ?? 0, spec.until))
    problems.push({
      key: 'until',
      problem: 'expected an end after `at`, found one before',
      hint: 'Choose a later `until`, counted from the beginning of the run.',
    });
  if (spec.ramp !== undefined && spec.for === undefined && spec.until === undefined)
    problems.push({
      key: 'ramp',
      problem: 'expected `for` with `ramp`, found none',
      hint: 'A ramp goes from its first value to its last within `for`: add `for: 60 s`.',
    });
  return problems;
};

/** What happens to a box happens to all who ask it. */
const attemptProblems = (spec: FaultSpec): readonly FaultProblem[] =>
  (['address', 'addresses', 'path', 'afterTokens', 'probability', 'times'] as const)
    .filter((key) => spec[key] !== undefined)
    .map((key) => ({
      key,
      problem: `expected no \`${key}\` with \`${spec.kind}\`, found one`,
      hint: 'It happens to the box, and not to an attempt: give a window, `at: 60 s, for: 30 s`.',
    }));

const windowKeys = ['at', 'for', 'every', 'until', 'phase'] as const;

const isBelow = (one: string | number | undefined, other: string | number): boolean =>
  one !== undefined && (parseDuration(one) ?? 0) < (parseDuration(other) ?? 0);

const offsetProblems = (spec: FaultSpec): readonly FaultProblem[] => {
  const kind = kindOf(spec);
  const named = [
    ...(spec.afterTokens === undefined ? [] : ['afterTokens']),
    ...(spec.afterBytes === undefined ? [] : ['afterBytes']),
    ...Object.keys(spec.sweep ?? {}).map((it) => `sweep.${it}`),
  ];
  const range = spec.sweep?.afterBytes ?? spec.sweep?.afterTokens;
  const isOffset = spec.afterBytes !== undefined || spec.sweep !== undefined;
  const problems: FaultProblem[] = [];
  if (named.length > 1)
    problems.push({
      key: spec.sweep === undefined ? 'afterBytes' : 'sweep',
      problem: `expected one of ${named.join(', ')}, found ${named.length}`,
      hint: 'Count tokens or bytes, at one offset or in a sweep.',
    });
  if (spec.sweep !== undefined && (range === undefined || range.to < range.from))
    problems.push({
      key: 'sweep',
      problem: 'expected offsets from the smaller to the larger, found none',
      hint: 'Write `sweep: { afterBytes: { from: 1, to: 2000 } }`.',
    });
  if (
    isOffset &&
    !(kind.moments.includes('mid-stream') && (spec.when ?? 'mid-stream') === 'mid-stream')
  )
    problems.push({
      key: spec.sweep === undefined ? 'afterBytes' : 'sweep',
      problem: `\`${kind.kind}\` cannot wait for an offset here`,
      hint: 'Offsets are counted in the middle of a stream: choose a kind that acts there.',
    });
  return [...problems, ...tokenProblems(spec, kind)];
};

/** What acts before the text has no tokens to wait for. */
const tokenProblems = (spec: FaultSpec, kind: FaultKind): readonly FaultProblem[] => {
  const when = spec.when ?? kind.moments[0];
  if (when === 'mid-stream' || kind.onBox) return [];
  const hint = kind.moments.includes('mid-stream')
    ? 'Write `when: mid-stream`, or do without the tokens.'
    : 'Do without the tokens, or choose a kind that acts in the middle of a stream.';
  const counts = [
    ['afterTokens', spec.afterTokens],
    ['address', spec.address?.afterTokens],
  ] as const;
  return counts.flatMap(([key, tokens = 0]) =>
    tokens === 0
      ? []
      : [{ key, problem: `\`${kind.kind}\` acts at ${when}, before any token`, hint }],
  );
};

const wordProblems = (spec: FaultSpec, kind: FaultKind): readonly FaultProblem[] => {
  const problems: FaultProblem[] = [];
  if (spec.when !== undefined && !kind.moments.includes(spec.when))
    problems.push({
      key: 'when',
      problem: `expected ${kind.moments.join(', ')} for \`${kind.kind}\`, found ${spec.when}`,
      hint: `Remove \`when\` to use ${kind.moments[0]}.`,
    });
  if (kind.needs.length > 0 && kind.needs.every((key) => spec[key] === undefined))
    problems.push({
      key: 'kind',
      problem: `expected ${kind.needs.join(' or ')} with \`${kind.kind}\`, found none`,
      hint: `Add it, for instance \`${kind.needs[0]}: ${exampleOf[kind.needs[0] ?? 'delay']}\`.`,
    });
  for (const key of faultKeys)
    if (spec[key] !== undefined && !kind.needs.includes(key) && !kind.may.includes(key))
      problems.push({
        key,
        problem: `\`${kind.kind}\` has no \`${key}\``,
        hint: 'Remove it, or choose the kind it belongs to.',
      });
  for (const [key, known] of [
    ['form', kind.forms],
    ['preset', kind.presets],
  ] as const) {
    const found = spec[key];
    if (found !== undefined && known && !known.includes(found))
      problems.push({
        key,
        problem: `expected one of ${known.join(', ')}, found '${found}'`,
        hint: `Remove \`${key}\`, or choose one of those.`,
      });
  }
  return problems;
};

const exampleOf: Readonly<Record<FaultKey, string>> = {
  delay: '2 s',
  jitter: '200 ms',
  stall: '5 s',
  hold: '500 ms',
  ramp: '{ from: 0 s, to: 5 s }',
  tokensPerSecond: '2',
  bytesPerSecond: '500',
  segmentBytes: '2',
  slowdown: '2.5',
  status: '503',
  headers: '{ retry-after: "5" }',
  body: 'busy',
  preset: 'ollama-503',
  form: 'chunked',
  location: 'https://elsewhere.invalid/',
  command: '[systemctl, stop, ollama]',
  heal: '[systemctl, start, ollama]',
};

const faultKeys = Object.keys(exampleOf).filter((key): key is FaultKey => key in exampleOf);

/** Two faults of which the second can never act; both by their place in the plan. */
export interface FaultConflict {
  readonly first: number;
  readonly second: number;
  readonly problem: string;
}

/** The faults that others leave nothing to do. */
export const faultConflicts = (faults: readonly PlannedFault[]): readonly FaultConflict[] =>
  faults.flatMap((second, at) => {
    const first = faults.findIndex(
      (it) => it !== second && it.index !== second.index && excludes(it, second),
    );
    const winner = faults[first];
    if (!winner) return [];
    const why = isOutage(winner)
      ? `nobody gets through while \`${winner.action.kind}\` lasts`
      : `\`${winner.action.kind}\` ends the same attempts before`;
    return [{ first, second: at, problem: `this never acts on ${second.backend}: ${why}` }];
  });

/** Whether the first takes every attempt the second could act on. */
const excludes = (first: PlannedFault, second: PlannedFault): boolean => {
  const kind = kindOf(first.action);
  const other = kindOf(second.action);
  if (first.backend !== second.backend || !kind.isFatal) return false;
  if (other.isProcess || other.onBox) return false;
  if (first.path !== undefined && first.path !== second.path) return false;
  // What comes before a connection comes before all that is done to one.
  if (kindOf(second.action).onLookup) return false;
  if (first.probabilityRatio < 1) return false;
  if (first.address || second.address) return isSameTurn(first, second) && isBefore(first, second);
  // What acts a bounded number of times leaves the rest to others.
  if (first.timesMax < Number.POSITIVE_INFINITY || !covers(first, second)) return false;
  return isOutage(first) ? !isOutage(second) || isEarlier(first, second) : isBefore(first, second);
};

const isSameTurn = ({ address: one }: PlannedFault, { address: other }: PlannedFault): boolean =>
  one !== undefined &&
  other !== undefined &&
  one.session === other.session &&
  one.turn === other.turn &&
  one.workload === other.workload;

/** Only steps are compared: two waves may interleave. */
const covers = (first: PlannedFault, second: PlannedFault): boolean =>
  first.wave === undefined && first.from <= second.from && first.until >= second.until;

/** Both act at the same moment, and the first is asked first. */
const isBefore = (first: PlannedFault, second: PlannedFault): boolean => {
  if (first.when !== second.when || kindOf(first.action).isInTool) return false;
  if ((first.afterBytes === undefined) !== (second.afterBytes === undefined)) return false;
  const [one, other] = [offsetOf(first), offsetOf(second)];
  return one < other || (one === other && isEarlier(first, second));
};

const offsetOf = ({ afterBytes, afterTokens }: PlannedFault): number => afterBytes ?? afterTokens;

const isEarlier = (first: PlannedFault, second: PlannedFault): boolean =>
  first.index < second.index;
