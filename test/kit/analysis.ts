/**
 * Analyses made by hand, for tests of what is rendered from them.
 *
 * `analysisOf` looks like the quickstart: scripted sessions over a simulated hybrid, six faults in
 * the middle of answers, every one continued by the fallback.
 */

import type {
  Analysis,
  Distribution,
  ExchangeFigures,
  FailbackRow,
  FailoverRow,
  FailureRow,
  SummaryRow,
  Timeline,
} from '../../src/analysis/analysis.ts';
import type { Attempt, Exchange } from '../../src/log/entry.ts';
import { seeded } from '../../src/random/random.ts';
import { manifestOf, prices, type AnalysisWish } from './analysis-manifest.ts';

const row = (
  arm: string,
  id: string,
  stat: SummaryRow['stat'],
  unit: string,
  value: number | undefined,
  n: number,
  more: Partial<SummaryRow> = {},
): SummaryRow => ({
  id,
  stat,
  arm,
  where: 'all',
  unit,
  n,
  ...(value === undefined ? {} : { value }),
  ...more,
});

const rowsOf = (arm: string, shift: number): readonly SummaryRow[] => [
  row(arm, 'ttfo', 'p50', 'ms', 842.4 * shift, 54, { interval: [701.2 * shift, 1012.9 * shift] }),
  row(arm, 'ttfo', 'p90', 'ms', undefined, 54, {
    withheld: { why: 'too-few', n: 54, floor: 64 },
  }),
  row(arm, 'ttfo', 'p50', 'ms', 812 * shift, 46, { where: 'backend=spark', interval: [690, 930] }),
  row(arm, 'ttfo', 'p50', 'ms', undefined, 8, {
    where: 'backend=azure',
    withheld: { why: 'too-few', n: 8, floor: 11 },
  }),
  row(arm, 'user_tps', 'p50', 'tokens/s', 40.7 / shift, 54, { interval: [39 / shift, 42 / shift] }),
  row(arm, 'user_tps', 'p50', 'tokens/s', 39.7 / shift, 46, {
    where: 'backend=spark',
    interval: [38.5 / shift, 40 / shift],
  }),
  row(arm, 'user_tps', 'p50', 'tokens/s', 82, 12, { where: 'backend=azure', interval: [74, 91] }),
  row(arm, 'out_tps', 'rate', 'tokens/s', 43.7 / shift, 2_621),
  row(arm, 'goodput_req', 'ratio', 'ratio', 0.981, 54),
  row(arm, 'failed', 'count', 'count', 0, 54),
  row(arm, 'leaked', 'count', 'count', 0, 60, { among: 12, isBeyondSteady: true }),
  row(arm, 'share_cloud', 'ratio', 'ratio', 0, 54),
  row(arm, 'circuit_open', 'count', 'count', 3, 54),
  row(arm, 'history_kept', 'ratio', 'ratio', 1, 36),
  row(arm, 'history_kept', 'ratio', 'ratio', 1, 20, { where: 'gap=15s-' }),
  row(arm, 'history_kept', 'ratio', 'ratio', 0.9, 16, { where: 'gap=1-5s' }),
  row(arm, 'failover', 'p50', 'ms', 1310.4 * shift, 6, { interval: [1020, 1893] }),
  row(arm, 'failover', 'max', 'ms', 1893, 6),
];

const failoverOf = (arm: string, index: number): FailoverRow => {
  const faultAt = 6_000 + index * 8_400;
  const detectMs = 0.4 + index * 0.21;
  const decideMs = 0.9;
  const refillMs = 820 + index * 160;
  return {
    arm,
    trace: `${arm === 'main' ? 'a' : 'b'}${index}`.padEnd(32, '0'),
    workload: 'chat',
    session: 2 + index * 3,
    turn: 1 + (index % 3),
    fault: index,
    what: 'reset',
    from: 'spark',
    to: 'azure',
    outcome: 'continued',
    isMidStream: true,
    isSilent: false,
    faultAt,
    declaredAt: faultAt + detectMs,
    switchedAt: faultAt + detectMs + decideMs,
    resumedAt: faultAt + detectMs + decideMs + refillMs,
    lastGoodAt: faultAt - 12,
    detectMs,
    decideMs,
    refillMs,
    failoverMs: detectMs + decideMs + refillMs,
    failoverTtftMs: 2_400 + refillMs,
    visibleGapMs: detectMs + decideMs + refillMs,
    tokensLost: 0,
    tokensRepeated: 0,
    tokensDiscarded: index % 2,
    attempts: 2,
  };
};

/** A Spark that was used again after so long, or never. */
const failbackOf = (arm: string, failbackMs: number | undefined): FailbackRow => ({
  arm,
  fault: 0,
  what: 'reset',
  backend: 'spark',
  clearedAt: 31_000,
  ...(failbackMs === undefined ? {} : { usedAt: 31_000 + failbackMs, failbackMs }),
  elsewhereCount: 4,
});

const failuresOf = (arm: string, count: number): readonly FailureRow[] => [
  { arm, workload: 'chat', code: '503 local_only_unavailable', reasons: [], count, n: count + 1 },
  { arm, workload: 'chat', code: 'server_error', reasons: ['bad-seam'], count: 1, n: count + 1 },
];

const timelineOf = (arm: string, acts: readonly FailoverRow[], isEmpty: boolean): Timeline => {
  const random = seeded(11).fork(arm);
  const bins = Array.from({ length: 60 }, (_, index) => {
    const isFailedOver = acts.some(
      ({ faultAt }) => index * 1000 >= faultAt && index * 1000 < faultAt + 4_000,
    );
    const spark = Math.round((isFailedOver ? 8 : 38) * (0.6 + random.next() * 0.6));
    return {
      at: index * 1000,
      ended: isEmpty
        ? { failed: index % 3 === 0 ? 1 : 0 }
        : { spark: index % 2, azure: isFailedOver ? 1 : 0, failed: 0 },
      tokens: isEmpty ? {} : { spark, azure: isFailedOver ? 44 : 0 },
      inFlightMax: 1 + (index % 3),
    };
  });
  return {
    arm,
    binMs: 1000,
    origin: 0,
    bins,
    faults: [
      { fault: 0, what: 'reset', backend: 'spark', from: 20_000, until: 31_000 },
      { fault: 1, what: 'reset', backend: 'spark', from: 0, until: 60_000 },
    ],
    acts: acts.map(({ faultAt, what, from }) => ({ at: faultAt, what, backend: from })),
    phases: [
      { name: 'warmup', at: 0 },
      { name: 'steady', at: 2_000 },
      { name: 'cooldown', at: 52_000 },
    ],
  };
};

const distributionOf = (
  id: string,
  arm: string,
  where: string,
  n: number,
  median: number,
): Distribution => {
  const random = seeded(5).fork(`${id} ${arm} ${where}`);
  const values = Array.from({ length: n }, () => median * Math.exp(random.next() - 0.5)).sort(
    (a, b) => a - b,
  );
  return {
    id,
    arm,
    where,
    n,
    points: values.map((value, index) => ({ value, ratio: (index + 1) / n })),
  };
};

const exchangeOf = (arm: string, index: number, more: Partial<Exchange> = {}): Exchange => ({
  kind: 'exchange',
  arm,
  trace: `${index}`.padStart(32, '0'),
  workload: 'chat',
  isLocalOnly: false,
  session: 1 + Math.floor(index / 3),
  turn: 1 + (index % 3),
  model: 'gpt-oss-120b',
  scheduledAt: index * 1000,
  sentAt: index * 1000 + 0.2,
  headersAt: index * 1000 + 3,
  firstEventAt: index * 1000 + 3.4,
  firstTokenAt: index * 1000 + 800,
  firstTextAt: index * 1000 + 842.4,
  lastTokenAt: index * 1000 + 2_000,
  lastTextAt: index * 1000 + 2_000,
  endedAt: index * 1000 + 2_010,
  outcome: 'completed',
  status: 200,
  backend: 'spark',
  attempts: 1,
  usage: { inputTokens: 412, outputTokens: 48 },
  promptTokens: 410,
  textChars: 96,
  integrity: 'p1-48',
  ...more,
});

const figuresOf = (arm: string, index: number, isFailed: boolean): ExchangeFigures =>
  isFailed
    ? {
        exchange: exchangeOf(arm, index, { outcome: 'failed', status: 503, code: 'upstream_down' }),
        phase: 'steady',
        isBuffered: false,
        isGood: false,
        isLeaked: false,
        servedAs: 'failed',
      }
    : {
        exchange: exchangeOf(arm, index),
        phase: 'steady',
        dispatchDelayMs: 0.2,
        ttfeMs: 3.2,
        ttftMs: 799.8,
        ttfoMs: 842.2,
        e2eMs: 2_009.8,
        tpotMs: 25.5,
        tpotTextMs: 24.6,
        isBuffered: false,
        stallCount: 0,
        outputTokens: 48,
        isGood: true,
        isLeaked: false,
        costUsd: index % 6 === 0 ? 0.000_214 : 0,
        servedAs: index % 6 === 0 ? 'failed-over' : 'local',
      };

const attemptOf = (arm: string, index: number): Attempt => ({
  kind: 'attempt',
  arm,
  trace: `${index}`.padStart(32, '0'),
  attempt: 1,
  cause: 'first',
  backend: 'spark',
  model: 'gpt-oss:120b',
  residency: 'local',
  startedAt: index * 1000 + 1,
  headersAt: index * 1000 + 2,
  firstTokenAt: index * 1000 + 800,
  endedAt: index * 1000 + 2_005,
  outcome: 'served',
  tokensReceived: 48,
  tokensForwarded: 48,
  usage: { inputTokens: 412, outputTokens: 48 },
  costUsd: 0,
});

/** An analysis as rich as a real one, or poorer where the wish says so. */
export const analysisOf = (wish: AnalysisWish = {}): Analysis => {
  const arms = wish.arms ?? ['main'];
  const isFailed = wish.isAllFailed ?? false;
  const exchangeCount = wish.exchangesPerArm ?? 54;
  const isEmpty = isFailed || exchangeCount === 0;
  const failovers = arms.flatMap((arm) =>
    Array.from({ length: wish.failoversPerArm ?? 6 }, (_, index) => failoverOf(arm, index)),
  );
  const rows = arms.flatMap((arm, index) =>
    isEmpty
      ? [row(arm, 'ttfo', 'p50', 'ms', undefined, 0, { withheld: { why: 'no-data' } })]
      : rowsOf(arm, 1 + index * 0.35),
  );
  const firstRow = rows[0];
  return {
    manifest: manifestOf(wish),
    isSimulated: wish.isSimulated ?? true,
    isWhole: true,
    endedAt: 61_000,
    verdict: {
      kind: isEmpty ? 'undecided' : 'passed',
      exitCode: isEmpty ? 20 : 0,
      objectives: arms.flatMap((arm) => [
        {
          text: 'ttfo p50 < 3 s',
          arm,
          decision: isEmpty ? ('undecided' as const) : ('met' as const),
          limit: 3_000,
          ...(firstRow === undefined ? {} : { row: { ...firstRow, arm } }),
          ...(isEmpty ? { withheld: { why: 'no-data' as const } } : {}),
        },
      ]),
      invalid: [],
    },
    advisories: [
      { kind: 'think-scaled', scale: 0.5 },
      { kind: 'figures-withheld', count: 2 },
      {
        kind: 'extrapolated-profile',
        backend: 'spark',
        basis: 'above one sequence extrapolated',
      },
      { kind: 'tokenizer-differs', backends: ['spark', 'azure'] },
    ],
    rows,
    failovers,
    matrix: [],
    outages: [],
    tradeOffs: [],
    lost: [],
    failbacks: arms.flatMap((arm, index) =>
      failovers.length === 0 ? [] : [failbackOf(arm, index === 0 ? 10_400 : undefined)],
    ),
    failures: isFailed ? arms.flatMap((arm) => failuresOf(arm, exchangeCount)) : [],
    timelines: arms.map((arm) =>
      timelineOf(
        arm,
        failovers.filter((failover) => failover.arm === arm),
        isEmpty,
      ),
    ),
    distributions: isEmpty
      ? []
      : arms.flatMap((arm, index) => [
          distributionOf('ttfo', arm, 'all', 54, 842 * (1 + index * 0.35)),
          distributionOf('ttfo', arm, 'backend=spark', 46, 812 * (1 + index * 0.35)),
          distributionOf('ttfo', arm, 'backend=azure', 8, 1_400),
          distributionOf('tpot', arm, 'all', 54, 24.6),
          distributionOf('tpot', arm, 'backend=spark', 46, 25.2 * (1 + index * 0.35)),
          distributionOf('tpot', arm, 'backend=azure', 8, 12.2),
        ]),
    costs: arms.map((arm) => ({
      arm,
      actualUsd: isEmpty ? 0 : 0.002_14,
      isActualSimulated: wish.isSimulated ?? true,
      energyJpy: 0.041,
      amortisationJpy: 0.48,
      counterfactuals: [
        ...prices.slice(0, 2).map((it, index) => ({
          name: index === 0 ? 'gpt-5-mini' : 'gpt-oss-120b',
          model: it.model,
          asOf: it.asOf,
          source: it.source,
          allCloudUsd: [0.0081 / (index + 1), 0.0102 / (index + 1)] as const,
          capacityValueUsd: [0.0067 / (index + 1), 0.0081 / (index + 1)] as const,
        })),
        {
          name: 'configured',
          model: 'my-deployment',
          asOf: '2026-11-01',
          source: 'own',
          withheld: { why: 'no-price' as const, model: 'my-deployment' },
        },
      ],
      usdJpy: 150,
    })),
    exchanges: arms.flatMap((arm) =>
      Array.from({ length: exchangeCount }, (_, index) => figuresOf(arm, index, isFailed)),
    ),
    attempts: arms.flatMap((arm) =>
      Array.from({ length: exchangeCount }, (_, index) => attemptOf(arm, index)),
    ),
  };
};
