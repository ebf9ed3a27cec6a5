/**
 * Draws what goes wrong in an experiment: faults of every kind that events, boxes or readers can
 * show, on every schedule; answers that are spoilt; a clock that jumps.
 */

import { integerBetween, pick } from '../../src/random/distribution.ts';
import type { Random } from '../../src/random/random.ts';
import type { System } from '../../src/system/system.ts';
import type { FaultMoment, PlannedFault } from '../../src/target/fault/fault.ts';
import type { FaultKind } from '../../src/target/fault/kind/kind.ts';
import { faultKinds } from '../../src/target/fault/kind/list.ts';
import { planFaults } from '../../src/target/fault/plan.ts';
import type { FaultSpec } from '../../src/target/fault/schema.ts';
import type { SessionPlan } from '../../src/workload/session.ts';
import { type Quirk, quirkKinds } from './quirk.ts';

/** What faults are drawn for. */
export interface FaultGround {
  readonly system: System;
  readonly sessions: readonly { readonly plan: SessionPlan }[];
  /** Each of them is over by then. */
  readonly faultsUntil: number;
}

/** The clock stands elsewhere at once: a machine that slept, or a loop that was blocked. */
export interface Jump {
  readonly at: number;
  readonly ms: number;
}

/** Whether something of this likelihood is so. */
export const chance = (random: Random, ratio: number): boolean => random.next() < ratio;

/** A tenth of the experiments have no faults: there nothing may fail. */
export const drawFaults = (random: Random, ground: FaultGround): readonly PlannedFault[] => {
  if (chance(random, 0.1)) return [];
  const enabledRatio = pick(random, [0.05, 0.1, 0.3]);
  const specs = shownKinds.flatMap((kind) => {
    const draw = random.fork(kind.kind);
    if (!chance(draw, enabledRatio)) return [];
    return Array.from({ length: integerBetween(draw, 1, 3) }, () => drawFault(draw, kind, ground));
  });
  // An address has no window: it comes when its turn comes, which is before the recovery's.
  return planFaults(
    specs.filter((spec) => spec !== undefined),
    'swarm',
  );
};

/**
 * Kinds that only bytes can show, and those whose events no proxy could tell from a whole answer
 * (`reformat`), are shown elsewhere; `exec` needs a machine.
 */
const unshown: ReadonlySet<string> = new Set(
  'slice slow-upload slow-close stale reformat exec'.split(' '),
);

/** What an experiment may have. */
export const shownKinds = faultKinds.filter(({ kind }) => !unshown.has(kind));

/** Forms that a proxy can tell from a whole answer; all of a kind's where it has no entry. */
const toldForms: Readonly<Record<string, readonly string[]>> = {
  conclude: ['length', 'content-filter'],
  endless: ['stuck'],
  misnumber: ['order'],
  misreport: ['no-usage', 'zero-usage', 'absurd-usage'],
  repeat: ['end', 'start'],
};

const drawFault = (
  random: Random,
  kind: FaultKind,
  { system, sessions, faultsUntil }: FaultGround,
): FaultSpec | undefined => {
  const boxes = system.backends.filter(({ simulate }) => simulate?.kind === 'spark');
  // The primary fails most.
  const meant = kind.onBox ? boxes : [...system.backends, ...system.backends.slice(0, 1)];
  if (meant.length === 0) return undefined;
  const backend = pick(random, meant);
  const window = drawWindow(random, faultsUntil);
  const spec = { kind: kind.kind, ...drawWords(random, kind) };
  if (kind.onBox) return { ...spec, ...window, backend: backend.name };
  const when = pick<FaultMoment>(random, kind.moments);
  const attempts = {
    ...spec,
    when,
    ...(kind.onReader ? {} : { backend: backend.name }),
    ...(when === 'mid-stream' ? { afterTokens: integerBetween(random, 0, 12) } : {}),
    probability: pick(random, [1, 1, 0.5, 0.1]),
    ...(chance(random, 0.3) ? { times: integerBetween(random, 1, 4) } : {}),
  };
  const isWindowed = kind.onLookup !== undefined || kind.outage === 'frozen';
  if (!isWindowed && chance(random, 0.5)) {
    const { plan } = pick(random, sessions);
    const turn = integerBetween(random, 1, plan.turns.length + 1);
    return { ...attempts, address: { session: plan.number, turn } };
  }
  const pathCount = backend.simulate?.kind === 'spark' ? (backend.simulate.paths?.length ?? 1) : 1;
  const path = pathCount > 1 && !kind.onReader && chance(random, 0.6) ? 1 : undefined;
  return {
    ...attempts,
    ...window,
    ...(path === undefined ? {} : { path }),
    ...(chance(random, 0.3) ? drawRamp(random, kind.kind) : {}),
  };
};

/** What gets worse, or better, by and by. */
const drawRamp = (random: Random, kind: string): Partial<FaultSpec> => {
  if (kind === 'delay') return { ramp: pick(random, [delayRamp, turned(delayRamp)]) };
  if (kind === 'slow') return { ramp: pick(random, [rateRamp, turned(rateRamp)]) };
  return {};
};

const delayRamp = { from: '0 s', to: '10 s' };
const rateRamp = { from: 20, to: 0.2 };
const turned = <T>({ from, to }: { from: T; to: T }): { from: T; to: T } => ({
  from: to,
  to: from,
});

/** A step, or a square wave; over before the calm. */
const drawWindow = (random: Random, faultsUntil: number): Partial<FaultSpec> => {
  const atMs = Math.round(random.next() * faultsUntil);
  const forMs = Math.round((faultsUntil - atMs) * pick(random, [0.1, 0.5, 1]));
  if (!chance(random, 0.2)) return { at: `${atMs} ms`, for: `${forMs} ms` };
  const everyMs = integerBetween(random, 1000, 8000);
  return {
    at: `${atMs} ms`,
    for: `${Math.round(everyMs * pick(random, [0.1, 0.5, 0.9]))} ms`,
    every: `${everyMs} ms`,
    until: `${faultsUntil} ms`,
  };
};

const drawWords = (random: Random, kind: FaultKind): Partial<FaultSpec> => {
  const forms = toldForms[kind.kind] ?? kind.forms;
  const form = forms && forms.length > 0 ? { form: pick(random, forms) } : {};
  return { ...form, ...drawMeasures(random, kind.kind) };
};

const drawMeasures = (random: Random, kind: string): Partial<FaultSpec> => {
  switch (kind) {
    case 'delay':
      return { delay: pick(random, ['100 ms', '3 s', '30 s']), ...drawJitter(random) };
    case 'evict':
      return chance(random, 0.5) ? { delay: '10 s' } : {};
    case 'stall':
    case 'stop-reading':
      return { stall: pick(random, ['100 ms', '3 s', '30 s']) };
    case 'burst':
      return { hold: pick(random, ['100 ms', '1 s']) };
    case 'wedge':
      return { hold: pick(random, ['0 s', '2 s', '10 s']) };
    case 'slow':
      return { tokensPerSecond: pick(random, [0.2, 2, 10]) };
    case 'throttle':
      return { slowdown: pick(random, [1.5, 3, 20]) };
    case 'reject':
      return drawRejection(random);
    default:
      return {};
  }
};

const drawJitter = (random: Random): Partial<FaultSpec> =>
  chance(random, 0.3) ? { jitter: '2 s' } : {};

const rejections = [
  { status: 503 },
  { status: 500 },
  { status: 429, headers: { 'retry-after': '2' } },
  { status: 429, headers: { 'retry-after': '3600' } },
  { status: 404 },
  { status: 400 },
] as const;

const presets = faultKinds.find(({ kind }) => kind === 'reject')?.presets ?? [];

const drawRejection = (random: Random): Partial<FaultSpec> =>
  chance(random, 0.5) ? pick(random, rejections) : { preset: pick(random, presets) };

/** Draws which answers are spoilt, by whom and when. */
export const drawQuirks = (random: Random, system: System, until: number): readonly Quirk[] =>
  quirkKinds.flatMap((kind) => {
    const draw = random.fork(kind);
    if (!chance(draw, 0.25)) return [];
    const from = draw.next() * until * 0.5;
    const candidate = pick(
      draw,
      system.models.flatMap(({ candidates }) => candidates),
    );
    return {
      kind,
      backend: candidate.backend,
      // A model fails alone, or with all that its backend has.
      ...(chance(draw, 0.4) ? { model: candidate.model } : {}),
      from,
      until: from + draw.next() * (until - from),
      // Later than at the start, an answer that ends is short, and nobody can tell that it should
      // not.
      afterTokens: kind === 'empty' ? 0 : integerBetween(draw, 0, 8),
      probabilityRatio: pick(draw, [1, 0.5, 0.1]),
    };
  });

/** Draws when the clock jumps; mostly it does not. */
export const drawJumps = (random: Random, until: number): readonly Jump[] =>
  chance(random, 0.25)
    ? Array.from({ length: integerBetween(random, 1, 3) }, () => ({
        at: random.next() * until,
        ms: pick(random, [50, 400, 3000, 30_000, 600_000]),
      }))
    : [];
