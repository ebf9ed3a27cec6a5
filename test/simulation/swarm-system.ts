/** Draws the hybrid of an experiment, and how it changes while it serves. */

import { integerBetween, pick } from '../../src/random/distribution.ts';
import type { Random } from '../../src/random/random.ts';
import type {
  BackendSystem,
  Candidate,
  KeySystem,
  ModelSystem,
  System,
} from '../../src/system/system.ts';
import { chance } from './swarm-fault.ts';

const profileTags = [
  ['gpt-oss-20b@ollama', 'gpt-oss:20b'],
  ['qwen3-8b@ollama', 'qwen3:8b'],
] as const;

/** Draws what the proxy is told to be. */
export const drawSystem = (random: Random): System => {
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
    ...(chance(random.fork('attempts'), 0.2)
      ? { attemptsMax: pick(random.fork('attempts max'), [1, 3, 4]) }
      : {}),
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
    ...drawQuota(random.fork('quota')),
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
      // Room for one of the models at a time.
      ...(chance(random.fork('memory'), 0.15) ? { memoryGb: 16 } : {}),
      ...(chance(random, 0.3) ? { paths: pick(random, pathChoices) } : {}),
    },
  };
};

/** Enough for those who ask after the calm. */
const drawQuota = (random: Random): Partial<BackendSystem> => ({
  ...(chance(random, 0.1) ? { requestsPerMinute: pick(random, [60, 120]) } : {}),
  ...(chance(random, 0.1) ? { tokensPerMinute: pick(random, [12_000, 40_000]) } : {}),
});

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
    const [, other] = profileTags[1 - at] ?? profileTags[0];
    const draw = random.fork(`model ${at}`);
    const strategy = chance(draw, 0.3)
      ? pick(draw, ['weighted', 'least-busy', 'lowest-latency', 'cheapest'] as const)
      : 'ordered';
    const [first] = mixture;
    const isTwofold = first !== 'azure' && chance(draw.fork('twofold'), 0.15);
    return {
      name: `m${at + 1}`,
      strategy,
      ...(chance(draw, 0.1) && mixture[0] !== 'azure' ? { residency: 'local-only' } : {}),
      // Behind the first at times another model on the same host.
      candidates: [
        ...mixture.slice(0, 1),
        ...(isTwofold ? mixture.slice(0, 1) : []),
        ...mixture.slice(1),
      ].map((backend, place): Candidate => ({
        backend,
        ...(backend === 'azure'
          ? { model: 'gpt-5-mini' }
          : { model: isTwofold && place === 1 ? other : tag, numCtx: pick(draw, [3000, 32_768]) }),
        ...(chance(draw, 0.1) ? { tools: false } : {}),
        ...(strategy === 'weighted' ? { weight: pick(draw, [0, 1, 3]) } : {}),
      })),
    };
  });

/** From an instant on, the proxy serves as another file says. */
export interface Reload {
  readonly at: number;
  readonly system: System;
}

/** How long the proxy serves, and by which files. */
interface Tenure {
  readonly reloads: readonly Reload[];
  readonly stopAt?: number;
}

/** Draws whether other files are read while the proxy serves, or it is stopped. */
export const drawTenure = (random: Random, system: System, until: number): Tenure => {
  if (chance(random, 0.03)) return { reloads: [], stopAt: random.next() * until };
  if (!chance(random, 0.2)) return { reloads: [] };
  const ats = Array.from({ length: integerBetween(random, 1, 3) }, () => random.next() * until);
  const reloads = ats
    .toSorted((one, other) => one - other)
    .map((at, index) => ({ at, system: drawNext(random.fork(`reload ${index}`), system) }));
  return { reloads };
};

const drawNext = (random: Random, system: System): System => {
  const { midStream, commitOn, cold, spill, breaker, backends, models, keys } = system;
  const mayLoseOne = chance(random, 0.3);
  return {
    ...system,
    midStream: midStream === 'continue' && chance(random, 0.5) ? 'fail' : 'continue',
    commitOn: chance(random, 0.5) ? 'text' : commitOn,
    cold: chance(random, 0.5) ? 'wait' : cold,
    spill: { ...spill, queueMax: integerBetween(random, 0, 4) },
    // Other rules of breaking make other circuits, which have learnt nothing.
    breaker: chance(random, 0.3) ? { ...breaker, openForMs: 2000 } : breaker,
    backends: backends.map((backend) =>
      chance(random, 0.2)
        ? { ...backend, slots: integerBetween(random, 1, backend.slots), stallMs: 6000 }
        : backend,
    ),
    models: models.map((model) => {
      const { candidates } = model;
      const isShorter = mayLoseOne && candidates.length > 1 && chance(random, 0.5);
      return isShorter ? { ...model, candidates: candidates.slice(0, -1) } : model;
    }),
    keys: keys.map((key) =>
      key.name === 'office' && chance(random, 0.3) ? { ...key, requestsPerMinute: 5 } : key,
    ),
  };
};
