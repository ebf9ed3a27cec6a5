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
  KeySystem,
  ModelSystem,
  ResidencyRule,
  System,
} from '../../src/system/system.ts';
import type { PlannedFault } from '../../src/target/fault/fault.ts';
import type { SessionPlan, TurnPlan } from '../../src/workload/session.ts';
import { turnMark } from '../../src/workload/session.ts';
import type { Quirk } from './quirk.ts';
import { type Manner, plainManner } from './reader.ts';
import { type ThreadKind, threadKinds } from './thread.ts';
import { chance, drawFaults, drawJumps, drawQuirks, type Jump } from './swarm-fault.ts';

export interface SwarmSession {
  readonly plan: SessionPlan;
  readonly model: string;
  readonly startsAt: number;
  readonly key: { readonly name: string; readonly residency: ResidencyRule };
  readonly thread: ThreadKind;
  /** One for each turn of the plan. */
  readonly manners: readonly Manner[];
}

export interface Swarm {
  readonly seed: number;
  readonly system: System;
  readonly faults: readonly PlannedFault[];
  readonly quirks: readonly Quirk[];
  readonly jumps: readonly Jump[];
  /** The proxy is given another file, which changes these. */
  readonly reload?: { readonly at: number; readonly next: Partial<System> };
  /** The proxy is stopped, and serves nobody from here on. */
  readonly stopAt?: number;
  /** For how long events are kept to be told together; 0: each by itself. */
  readonly groupMs: number;
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
    jumps: drawJumps(random.fork('jumps'), faultsUntil),
    ...drawTenure(random.fork('tenure'), system, faultsUntil),
    groupMs: pick(random.fork('groups'), [0, 0, 5, 100]),
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
    keys: chance(random, 0.3) ? drawKeys(random.fork('keys')) : [],
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

/** Limits for those who ask until the calm; whoever asks after it has none. */
const drawKeys = (random: Random): readonly KeySystem[] => [
  {
    name: 'office',
    key: 'office-key',
    residency: 'local-first',
    ...(chance(random, 0.5) ? { requestsPerMinute: integerBetween(random, 2, 20) } : {}),
    ...(chance(random, 0.3) ? { tokensPerMinute: integerBetween(random, 2000, 20_000) } : {}),
    ...(chance(random, 0.3) ? { concurrentRequests: integerBetween(random, 1, 3) } : {}),
    ...(chance(random, 0.3) ? { monthlyBudgetUsd: pick(random, [0, 0.0002, 0.002]) } : {}),
  },
  { name: 'confidential', key: 'confidential-key', residency: 'local-only' },
  { name: 'rescue', key: 'rescue-key', residency: 'local-first' },
];

type Tenure = Pick<Swarm, 'reload' | 'stopAt'>;

/** Whether another file is read while the proxy serves, or it is stopped. */
const drawTenure = (random: Random, system: System, until: number): Tenure => {
  if (chance(random, 0.03)) return { stopAt: random.next() * until };
  if (!chance(random, 0.2)) return {};
  const { midStream, commitOn, cold, spill, breaker } = system;
  const isContinuing = midStream === 'continue';
  const next: Partial<System> = {
    midStream: isContinuing && chance(random, 0.5) ? 'fail' : 'continue',
    commitOn: chance(random, 0.5) ? 'text' : commitOn,
    cold: chance(random, 0.5) ? 'wait' : cold,
    spill: { ...spill, queueMax: integerBetween(random, 0, 4) },
    // Other rules of breaking make other circuits, which have learnt nothing.
    breaker: chance(random, 0.3) ? { ...breaker, openForMs: 2000 } : breaker,
  };
  return { reload: { at: random.next() * until, next } };
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
    ...(chance(random, 0.5) ? { firstTokenMsMax: 60_000 } : {}),
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
        // No tail reaches a deadline: what is slow by itself could not be told from a fault.
        ...pick(random, [
          { ttftMsP50: 150, ttftMsP95: 400 },
          { ttftMsP50: 600, ttftMsP95: 900 },
        ]),
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
      ...(chance(random, 0.3) ? { paths: pick(random, pathChoices) } : {}),
    },
  };
};

const pathChoices = [['http', 'http'], ['http', 'https'], ['https']] as const;

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
    background: drawRatio(random),
    named: drawRatio(random) / 2,
  };
  return Array.from({ length: count }, (_, at): SwarmSession => {
    const draw = random.fork(`session ${at + 1}`);
    const thread = chance(draw, 0.5) ? 'chain' : pick(draw, threadKinds);
    const model = pick(draw, system.models);
    const turnCount = integerBetween(draw, 1, 3);
    const turns = Array.from({ length: turnCount }, (__, turn) =>
      drawTurn(draw.fork(`turn ${turn + 1}`), {
        session: at + 1,
        turn: turn + 1,
        // A call that is left open would stay in a conversation.
        mix: thread === 'conversation' ? { ...mix, tools: 0 } : mix,
      }),
    );
    return {
      plan: { workload: 'swarm', number: at + 1, turns },
      model: model.name,
      thread,
      startsAt: draw.next() * until,
      key: chance(draw, mix.localKey)
        ? { name: 'confidential', residency: 'local-only' }
        : { name: 'office', residency: 'local-first' },
      manners: turns.map((___, turn) =>
        drawManner(draw.fork(`manner ${turn + 1}`), { mix, thread, model }),
      ),
    };
  });
};

type Mix = Readonly<
  Record<
    | 'tools'
    | 'json'
    | 'long'
    | 'localOnly'
    | 'localKey'
    | 'whole'
    | 'leave'
    | 'slow'
    | 'cut'
    | 'background'
    | 'named',
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

const drawManner = (
  random: Random,
  { mix, thread, model }: { mix: Mix; thread: ThreadKind; model: ModelSystem },
): Manner => {
  const named = pick(random, model.candidates).backend;
  const isNamed = chance(random, mix.named);
  return {
    isStream: thread === 'socket' || !chance(random, mix.whole),
    isLocalOnly: chance(random, mix.localOnly),
    ...(chance(random, mix.leave) ? { leavesAfterMs: random.next() * 3000 } : {}),
    ...(chance(random, mix.slow)
      ? { pauses: { afterFrames: integerBetween(random, 1, 12), ms: pick(random, [50, 8000]) } }
      : {}),
    ...(thread === 'chain' && chance(random, mix.background)
      ? { background: pick(random, ['comes-back', 'comes-back', 'cancels'] as const) }
      : {}),
    ...(thread === 'items' && chance(random, 0.2) ? { isCompacting: true } : {}),
    ...(isNamed && chance(random, 0.5) ? { pin: named } : isNamed ? { forbid: named } : {}),
  };
};

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
  thread: 'chain',
  startsAt: 0,
  key: { name: 'rescue', residency: 'local-first' },
  manners: Array.from({ length: recoveryTurns }, () => plainManner),
});
