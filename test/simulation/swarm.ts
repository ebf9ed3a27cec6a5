/**
 * Draws a whole experiment from one seed: swarm testing.
 *
 * Of each thing that may be, a draw first decides whether it is at all, and then how often: most
 * mixtures leave most things out, which finds what a mixture of everything hides. All that goes
 * wrong ends at one instant; sessions that begin well after it must find everything mended.
 *
 *     0 ──── sessions, faults, quirks ──── faultsUntil ──▶ calm ──▶ recovery sessions
 *
 * Swarm Testing, Groce et al., ISSTA 2012, https://doi.org/10.1145/2338965.2336763
 */

import { integerBetween, pick } from '../../src/random/distribution.ts';
import { type Random, seeded } from '../../src/random/random.ts';
import type {
  BackendSystem,
  Candidate,
  ModelSystem,
  ResidencyRule,
  System,
} from '../../src/system/system.ts';
import type { FaultMoment, PlannedFault } from '../../src/target/fault/fault.ts';
import type { FaultKind } from '../../src/target/fault/kind/kind.ts';
import { faultKinds } from '../../src/target/fault/kind/list.ts';
import { planFaults } from '../../src/target/fault/plan.ts';
import type { FaultSpec } from '../../src/target/fault/schema.ts';
import type { SessionPlan, TurnPlan } from '../../src/workload/session.ts';
import { turnMark } from '../../src/workload/session.ts';
import { type Quirk, quirkKinds } from './quirk.ts';
import { type Manner, plainManner } from './reader.ts';

export interface SwarmSession {
  readonly plan: SessionPlan;
  readonly model: string;
  readonly startsAt: number;
  readonly key: { readonly name: string; readonly residency: ResidencyRule };
  /** One for each turn of the plan. */
  readonly manners: readonly Manner[];
}

export interface Swarm {
  readonly seed: number;
  readonly system: System;
  readonly faults: readonly PlannedFault[];
  readonly quirks: readonly Quirk[];
  /** Nothing goes wrong from here on. */
  readonly faultsUntil: number;
  readonly sessions: readonly SwarmSession[];
  /** Played one after the other once the sessions are over and the calm has lasted. */
  readonly recovery: readonly SwarmSession[];
  /** How long storing takes, and which share of it fails while faults last. */
  readonly store: { readonly delayMs: number; readonly failRatio: number };
  /** Cloud money after which no more may be spent. */
  readonly spendMaxUsd: number;
}

/** Draws the experiment of a seed. */
export const drawSwarm = (seed: number): Swarm => {
  const random = seeded(`swarm ${seed}`);
  const faultsUntil = integerBetween(random.fork('until'), 4, 40) * 1000;
  const system = drawSystem(random.fork('system'));
  const sessions = drawSessions(random.fork('sessions'), system, faultsUntil);
  const wrong = random.fork('wrong');
  return {
    seed,
    system,
    faults: drawFaults(wrong.fork('faults'), { system, sessions, faultsUntil }),
    quirks: chance(wrong, 0.4) ? drawQuirks(wrong.fork('quirks'), system, faultsUntil) : [],
    faultsUntil,
    sessions,
    recovery: system.models.map((model, at) => recoverySession(model, sessions.length + at + 1)),
    store: {
      delayMs: pick(random.fork('store'), [0, 0, 3, 80]),
      failRatio: chance(wrong, 0.1) ? 0.2 : 0,
    },
    spendMaxUsd: chance(random.fork('money'), 0.1) ? 0.0005 : Number.POSITIVE_INFINITY,
  };
};

const chance = (random: Random, ratio: number): boolean => random.next() < ratio;

/** The recovery's turns: the first may find the model cold and have it loaded. */
const recoveryTurns = 6;

const profileTags = [
  ['gpt-oss-20b@ollama', 'gpt-oss:20b'],
  ['qwen3-8b@ollama', 'qwen3:8b'],
] as const;

const drawSystem = (random: Random): System => {
  const mixture = pick(random, mixtures);
  const backends = mixture.map((name) => drawBackend(name, random.fork(name)));
  return {
    listen: { host: '127.0.0.1', port: 0 },
    state: { kind: 'memory', retainDays: 1 },
    keys: [],
    backends,
    models: drawModels(random.fork('models'), mixture),
    midStream: pick(random, ['fail', 'continue', 'continue']),
    commitOn: pick(random, ['text', 'text', 'reasoning']),
    cold: pick(random, ['spill', 'wait']),
    spill: {
      queueMax: integerBetween(random, 0, 4),
      waitMsMax: pick(random, [0, 200, 1500, 20_000]),
    },
    breaker: {
      hardFailures: integerBetween(random, 1, 3),
      softFailures: integerBetween(random, 1, 5),
      openForMs: pick(random, [300, 1000, 5000]),
    },
    economics: { counterfactuals: [] },
  };
};

type Name = 'spark' | 'spark2' | 'azure';

const mixtures: readonly (readonly Name[])[] = [
  ['spark', 'azure'],
  ['spark', 'azure'],
  ['spark', 'azure'],
  ['spark', 'spark2', 'azure'],
  ['spark', 'spark2', 'azure'],
  ['spark', 'spark2'],
  ['spark'],
  ['azure'],
];

const drawBackend = (name: Name, random: Random): BackendSystem => {
  const common = {
    name,
    urls: [],
    connectMs: 1000,
    firstTokenMs: pick(random, [6000, 12_000, 20_000]),
    stallMs: pick(random, [2500, 5000, 10_000]),
    ...(chance(random, 0.5) ? { suspectMs: pick(random, [500, 2000]) } : {}),
  };
  if (name === 'azure')
    return {
      ...common,
      wire: 'azure-openai',
      residency: 'cloud',
      slots: pick(random, [2, 100]),
      simulate: {
        kind: 'cloud',
        ttftMsP50: pick(random, [150, 600]),
        ttftMsP95: 900,
        tokensPerSecond: pick(random, [20, 80]),
        tokensPerMinute: Number.POSITIVE_INFINITY,
        requestsPerMinute: Number.POSITIVE_INFINITY,
        continues: pick(random, continuations),
        timeScale: 1,
      },
    };
  const timeScale = pick(random, [0.05, 0.3, 1]);
  const slots = integerBetween(random, 1, 3);
  return {
    ...common,
    wire: 'ollama',
    residency: 'local',
    slots,
    simulate: {
      kind: 'spark',
      profiles: profileTags.map(([profile]) => profile),
      parallel: Math.max(1, slots - integerBetween(random, 0, 1)),
      isWarm: chance(random, 0.7),
      keepAliveMs: pick(random, [6000, 15_000, 300_000]) / timeScale,
      timeScale,
    },
  };
};

const continuations = [
  'well',
  'well',
  'start-over',
  'repeat',
  'preamble',
  'language',
  'refuse',
] as const;

const drawModels = (random: Random, mixture: readonly Name[]): readonly ModelSystem[] =>
  profileTags.slice(0, integerBetween(random, 1, 2)).map(([, tag], at): ModelSystem => {
    const draw = random.fork(`model ${at}`);
    const strategy = chance(draw, 0.2)
      ? pick(draw, ['weighted', 'least-busy', 'lowest-latency', 'cheapest'] as const)
      : 'ordered';
    return {
      name: `m${at + 1}`,
      strategy,
      ...(chance(draw, 0.1) && mixture[0] !== 'azure' ? { residency: 'local-only' } : {}),
      candidates: mixture.map((backend): Candidate =>
        backend === 'azure'
          ? { backend, model: 'gpt-5-mini' }
          : { backend, model: tag, numCtx: pick(draw, [3000, 32_768]) },
      ),
    };
  });

const drawSessions = (random: Random, system: System, until: number): SwarmSession[] => {
  const count = integerBetween(random, 2, 9);
  const mix = {
    tools: drawRatio(random),
    json: drawRatio(random),
    long: drawRatio(random) / 2,
    localOnly: drawRatio(random),
    localKey: drawRatio(random),
    whole: drawRatio(random),
    leave: drawRatio(random) / 2,
    slow: drawRatio(random) / 2,
    cut: drawRatio(random) / 2,
  };
  return Array.from({ length: count }, (_, at): SwarmSession => {
    const draw = random.fork(`session ${at + 1}`);
    const turnCount = integerBetween(draw, 1, 3);
    const turns = Array.from({ length: turnCount }, (__, turn) =>
      drawTurn(draw.fork(`turn ${turn + 1}`), { session: at + 1, turn: turn + 1, mix }),
    );
    return {
      plan: { workload: 'swarm', number: at + 1, turns },
      model: pick(draw, system.models).name,
      startsAt: draw.next() * until,
      key: chance(draw, mix.localKey)
        ? { name: 'confidential', residency: 'local-only' }
        : { name: 'office', residency: 'local-first' },
      manners: turns.map((___, turn) => drawManner(draw.fork(`manner ${turn + 1}`), mix)),
    };
  });
};

type Mix = Readonly<
  Record<
    'tools' | 'json' | 'long' | 'localOnly' | 'localKey' | 'whole' | 'leave' | 'slow' | 'cut',
    number
  >
>;

/** Nothing of it, a little, or a lot. */
const drawRatio = (random: Random): number => pick(random, [0, 0, 0.1, 0.5]);

const drawTurn = (
  random: Random,
  { session, turn, mix }: { session: number; turn: number; mix: Mix },
): TurnPlan => {
  const wantedTokens = integerBetween(random, 2, 18);
  const words = chance(random, mix.long) ? 'word '.repeat(integerBetween(random, 600, 3200)) : '';
  const isTools = chance(random, mix.tools);
  const isJson = !isTools && chance(random, mix.json);
  const isCut = !isJson && !isTools && chance(random, mix.cut);
  return {
    prompt: `${turnMark(session, turn)}\n${words}Answer in ${wantedTokens} tokens.`,
    promptTokens: 10 + words.length / 5,
    thinkMs: pick(random, [0, 300, 2500, 6000]),
    wantedTokens,
    maxOutputTokens: isCut ? 16 : 2 * wantedTokens + 512,
    ...(isTools ? { tools: [lookUp], toolResult: '{"found":3}', toolRounds: 1 } : {}),
    ...(isJson ? { format: report } : {}),
  };
};

const lookUp = {
  type: 'function',
  name: 'look_up',
  parameters: {
    type: 'object',
    properties: { id: { type: 'string' } },
    required: ['id'],
    additionalProperties: false,
  },
} as const;

const report = {
  type: 'json_schema',
  name: 'report',
  schema: {
    type: 'object',
    properties: { count: { type: 'integer' }, title: { type: 'string' } },
    required: ['count', 'title'],
    additionalProperties: false,
  },
} as const;

const drawManner = (random: Random, mix: Mix): Manner => ({
  isStream: !chance(random, mix.whole),
  isLocalOnly: chance(random, mix.localOnly),
  ...(chance(random, mix.leave) ? { leavesAfterMs: random.next() * 3000 } : {}),
  ...(chance(random, mix.slow)
    ? { pauses: { afterFrames: integerBetween(random, 1, 12), ms: pick(random, [50, 8000]) } }
    : {}),
});

const recoverySession = ({ name }: ModelSystem, number: number): SwarmSession => ({
  plan: {
    workload: 'swarm',
    number,
    turns: Array.from({ length: recoveryTurns }, (_, at) => ({
      prompt: `${turnMark(number, at + 1)}\nAnswer in 3 tokens.`,
      promptTokens: 10,
      // Together long enough for the larger model to be loaded, each too short for it to go cold.
      thinkMs: 3000,
      wantedTokens: 3,
      maxOutputTokens: 512,
    })),
  },
  model: name,
  startsAt: 0,
  key: { name: 'office', residency: 'local-first' },
  manners: Array.from({ length: recoveryTurns }, () => plainManner),
});

interface FaultGround {
  readonly system: System;
  readonly sessions: readonly SwarmSession[];
  readonly faultsUntil: number;
}

const drawFaults = (random: Random, ground: FaultGround): readonly PlannedFault[] => {
  // Some experiments have no faults: there nothing may fail.
  if (chance(random, 0.05)) return [];
  const enabledRatio = pick(random, [0.1, 0.2, 0.5]);
  const shown = faultKinds.filter(({ kind }) => shownKinds.has(kind));
  const specs = shown.flatMap((kind) => {
    const draw = random.fork(kind.kind);
    if (!chance(draw, enabledRatio)) return [];
    return Array.from({ length: integerBetween(draw, 1, 3) }, () => drawFault(draw, kind, ground));
  });
  // An address has no window: it comes when its turn comes, which is before the recovery's.
  return planFaults(specs);
};

/** The kinds that events can show, but for those that no proxy could tell from a whole answer. */
const shownKinds: ReadonlySet<string> = new Set(
  `refuse silent delay stall slow reset cut reject truncate silent-end garble html redirect
  preamble-then-fail tool-cut comments`.split(/\s+/),
);

const drawFault = (
  random: Random,
  { kind: name, moments }: FaultKind,
  { system, sessions, faultsUntil }: FaultGround,
): FaultSpec => {
  const when = pick<FaultMoment>(random, moments);
  const spec = {
    kind: name,
    // The primary fails most.
    backend: pick(random, [...system.backends, ...system.backends.slice(0, 1)]).name,
    when,
    ...(when === 'mid-stream' ? { afterTokens: integerBetween(random, 0, 12) } : {}),
    ...(name === 'delay' ? { delay: pick(random, ['100 ms', '3 s', '30 s']) } : {}),
    ...(name === 'stall' ? { stall: pick(random, ['100 ms', '3 s', '30 s']) } : {}),
    ...(name === 'slow' ? { tokensPerSecond: pick(random, [0.2, 2, 10]) } : {}),
    ...(name === 'reject' ? pick(random, rejections) : {}),
    probability: pick(random, [1, 1, 0.5, 0.1]),
    ...(chance(random, 0.3) ? { times: integerBetween(random, 1, 4) } : {}),
  };
  if (chance(random, 0.5)) {
    const { plan } = pick(random, sessions);
    const turn = integerBetween(random, 1, plan.turns.length + 1);
    return { ...spec, address: { session: plan.number, turn } };
  }
  const atMs = Math.round(random.next() * faultsUntil);
  const forMs = Math.round((faultsUntil - atMs) * pick(random, [0.1, 0.5, 1]));
  return { ...spec, at: `${atMs} ms`, for: `${forMs} ms` };
};

const rejections = [
  { status: 503 },
  { status: 500 },
  { status: 429, headers: { 'retry-after': '2' } },
  { status: 429, headers: { 'retry-after': '3600' } },
  { status: 404 },
  { status: 400 },
] as const;

const drawQuirks = (random: Random, system: System, until: number): readonly Quirk[] =>
  quirkKinds.flatMap((kind) => {
    const draw = random.fork(kind);
    if (!chance(draw, 0.25)) return [];
    const from = draw.next() * until * 0.5;
    return {
      kind,
      backend: pick(draw, system.backends).name,
      from,
      until: from + draw.next() * (until - from),
      // Later than at the start, an answer that ends is short, and nobody can tell that it should
      // not.
      afterTokens: kind === 'empty' ? 0 : integerBetween(draw, 0, 8),
      probabilityRatio: pick(draw, [1, 0.5, 0.1]),
    };
  });
