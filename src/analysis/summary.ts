/**
 * The summary: one row for each metric, stat, arm and part of the load.
 *
 * Only what was scheduled within the steady phase counts, but for leaks and lost tokens, which have
 * no warmup. A percentile below its sample floor is withheld with the reason, and so is a number
 * that rests on nothing at all.
 */

import type { Manifest } from '../log/entry.ts';
import { type MetricId, metricOf } from '../metric/table.ts';
import { type Random, seeded } from '../random/random.ts';
import type { FailbackRow, FailoverRow, FailureRow, SummaryRow } from './analysis.ts';
import { type ArmLog, isAnswered, isCounted, sessionOf, type Span } from './arm.ts';
import { figureOf, gapsOf, type Measured, soleBackendOf } from './figures.ts';
import { historyRows } from './history.ts';
import { integrityOf } from './integrity.ts';
import { countUpTo, resample, wilson } from './percentile.ts';
import { rateRows } from './rate.ts';
import { countedRatioRow, countRow, numberRow, ratioRow, withheldRow } from './row.ts';
import { eventSpread, sessionSpread, spread } from './spread.ts';

/** What the rows of an arm are made from. */
export interface SummaryGround {
  readonly manifest: Manifest;
  readonly arm: ArmLog;
  readonly all: readonly Measured[];
  readonly failovers: readonly FailoverRow[];
  readonly failbacks: readonly FailbackRow[];
  readonly failures: readonly FailureRow[];
  readonly areAttemptsKnown: boolean;
}

/** Every row of an arm but those of its cost. */
export const summaryRows = (ground: SummaryGround): SummaryRow[] => {
  const { arm, all, manifest } = ground;
  const random = seeded(manifest.seed).fork('analysis').fork(arm.arm);
  const steady = all.filter(({ trace }) => trace.phase === 'steady');

  return [
    ...spreads(ground, 'all', timingIds, steady, random),
    ...chunkGapRows(arm.arm, steady),
    ...outcomeRows(arm.arm, 'all', steady),
    ...failureRows(ground, steady.length),
    ...goodputRows(ground, 'all', steady, random),
    ...rateRows(arm, all, hasLimits(manifest)),
    ...shareRows(ground, steady),
    ...leakRows(ground),
    ...historyRows(arm.arm, steady, all),
    ...failoverRows(ground),
    ...failbackRows(ground),
    ...integrityRows(ground),
    // The parts of a suite are its rows, and they are in the matrix.
    ...(manifest.suite ? [] : partRows(ground, steady, random)),
  ];
};

const timingIds: readonly MetricId[] = [
  'dispatch_delay',
  'ttfe',
  'ttft',
  'ttfo',
  'e2e',
  'ttft_sched',
  'ttfo_sched',
  'e2e_sched',
  'tpot',
  'tpot_text',
  'user_tps',
  'e2e_tps',
  'stall_longest',
];

/** What is worth knowing of a part of the load: of one backend, workload or turn. */
const partIds: readonly MetricId[] = ['ttft', 'ttfo', 'tpot', 'user_tps', 'e2e'];

const hasLimits = ({ limits }: Manifest): boolean => Object.keys(limits).length > 0;

/** The parts of the load, each with rows of its own. */
const partRows = (
  ground: SummaryGround,
  steady: readonly Measured[],
  random: Random,
): SummaryRow[] => {
  const { arm } = ground;
  const by = (name: string, of: (it: Measured) => string | number | undefined) =>
    [...Map.groupBy(steady, of)]
      .filter(([value]) => value !== undefined)
      .sort(([one], [other]) => compare(one, other))
      .map(([value, part]) => ({ where: `${name}=${value}`, part }));
  const backends = by('backend', soleBackendOf);
  const workloads = by('workload', ({ trace }) => trace.exchange.workload);
  const turns = by('turn', ({ trace }) => trace.exchange.turn);

  return [
    ...[...backends, ...workloads, ...turns].flatMap(({ where, part }) =>
      spreads(ground, where, partIds, part, random).filter((row) => row.n > 0),
    ),
    ...[...workloads, ...turns].flatMap(({ where, part }) =>
      outcomeRows(arm.arm, where, part)
        .concat(goodputRows(ground, where, part, random))
        .filter(({ id }) => id === 'started' || id === 'failed' || id === 'goodput_req'),
    ),
  ];
};

const compare = (one: string | number | undefined, other: string | number | undefined): number =>
  typeof one === 'number' && typeof other === 'number'
    ? one - other
    : String(one) < String(other)
      ? -1
      : 1;

const spreads = (
  { arm }: SummaryGround,
  where: string,
  ids: readonly MetricId[],
  measured: readonly Measured[],
  random: Random,
): SummaryRow[] =>
  ids.flatMap((id) => {
    // A turn of a closed loop starts when the one before it has ended: it has no schedule to miss.
    const eligible = id.endsWith('_sched')
      ? measured.filter(({ trace }) => arm.loops.get(trace.exchange.workload) === 'open')
      : measured;
    const values = eligible.flatMap(({ trace, figures }) => {
      const value = figureOf(figures, id);
      return value === undefined ? [] : [{ value, session: sessionOf(trace.exchange) }];
    });
    return sessionSpread(id, arm.arm, where, values, random.fork(`${where} ${id}`));
  });

/** Gaps of one answer hang together, and there are too many to resample: no interval. */
const chunkGapRows = (arm: string, steady: readonly Measured[]): SummaryRow[] => {
  const gaps = steady.flatMap(({ trace }) => gapsOf(trace.chunkAts));
  const stalled = steady.filter(({ figures }) => figures.stallCount !== undefined);
  const stalls = stalled.reduce((sum, { figures }) => sum + (figures.stallCount ?? 0), 0);

  return [
    ...spread('chunk_gap', arm, 'all', gaps),
    countRow('stalls', arm, 'all', stalled.length, stalls),
  ];
};

const outcomeRows = (arm: string, where: string, part: readonly Measured[]): SummaryRow[] => {
  const n = part.length;
  const count = (...outcomes: readonly string[]): number =>
    part.filter(({ trace }) => outcomes.includes(trace.exchange.outcome)).length;

  return [
    countRow('started', arm, where, n, n),
    countRow('completed', arm, where, n, count('completed')),
    countRow('incomplete', arm, where, n, count('incomplete')),
    countRow('failed', arm, where, n, count('failed', 'truncated', 'hung')),
    countRow('truncated', arm, where, n, count('truncated')),
    countRow('hung', arm, where, n, count('hung')),
    countRow('cancelled', arm, where, n, count('cancelled')),
    countRow('dropped', arm, where, n, count('dropped')),
  ];
};

/** The failed by code, over all workloads. */
const failureRows = ({ arm, failures }: SummaryGround, n: number): SummaryRow[] =>
  [...Map.groupBy(failures, ({ code }) => code)].map(([code, part]) =>
    countRow(
      'failed',
      arm.arm,
      `code=${code}`,
      n,
      part.reduce((sum, { count }) => sum + count, 0),
    ),
  );

/** Without limits nothing can be within them, and there is no row. */
const goodputRows = (
  { arm, manifest }: SummaryGround,
  where: string,
  part: readonly Measured[],
  random: Random,
): SummaryRow[] => {
  if (!hasLimits(manifest)) return [];
  const counted = part.filter(({ trace }) => trace.exchange.outcome !== 'cancelled');
  const values = counted.map(({ trace, figures }) => ({
    value: figures.isGood ? 1 : 0,
    session: sessionOf(trace.exchange),
  }));
  const good = values.filter(({ value }) => value === 1).length;
  const sessions = [...Map.groupBy(values, ({ session }) => session).values()];
  const drawn = resample(values, [], random.fork(`${where} goodput_req`))?.mean;
  // Where all or none are good, resampling sees no spread; sessions are what is independent.
  const interval =
    drawn && drawn[0] === drawn[1] ? wilson(good / values.length, sessions.length) : drawn;
  const goodSessions = sessions.filter((turns) => turns.every(({ value }) => value === 1)).length;

  return [
    ratioRow('goodput_req', arm.arm, where, values.length, good, values.length, interval),
    countedRatioRow('session_ok', arm.arm, where, goodSessions, sessions.length),
  ];
};

const shareRows = (
  { arm, areAttemptsKnown }: SummaryGround,
  steady: readonly Measured[],
): SummaryRow[] => {
  const sent = steady.filter(({ trace }) => isCounted(trace.exchange));
  const shares = [
    ['share_local', 'local'],
    ['share_cloud', 'cloud'],
    ['share_failed_over', 'failed-over'],
    ['share_spilled', 'spilled'],
  ] as const;

  const rows = shares.map(([id, servedAs]) => {
    const isKnown = areAttemptsKnown || sent.every(({ figures }) => figures.servedAs !== 'unknown');
    if (!isKnown)
      return withheldRow(id, 'ratio', arm.arm, 'all', sent.length, { why: 'unknown-outside' });
    const served = sent.filter(({ figures }) => figures.servedAs === servedAs).length;
    return ratioRow(id, arm.arm, 'all', sent.length, served, sent.length);
  });
  const skipped = sent.filter(hasMetOpenCircuit).length;
  return areAttemptsKnown
    ? rows.concat(countRow('circuit_open', arm.arm, 'all', sent.length, skipped))
    : rows;
};

const hasMetOpenCircuit = ({ trace, figures }: Measured): boolean =>
  figures.servedAs === 'failed-over' &&
  trace.attempts.some(({ passedOver }) => passedOver === 'breaker') &&
  trace.attempts.every(({ outcome }) => outcome !== 'failed');

/** A leak has no warmup: every exchange counts. What a foreign proxy did, it may not tell. */
const leakRows = ({ arm, all, areAttemptsKnown }: SummaryGround): SummaryRow[] => {
  const sent = all.filter(({ trace }) => trace.exchange.sentAt !== undefined);
  const leaked = sent.filter(({ figures }) => figures.isLeaked).length;
  const among = sent.filter(({ trace }) => trace.exchange.isLocalOnly).length;
  const isBlind =
    !areAttemptsKnown &&
    sent.some(
      ({ trace: { exchange, generations } }) => exchange.isLocalOnly && generations.length === 0,
    );

  const row =
    isBlind && leaked === 0
      ? withheldRow('leaked', 'count', arm.arm, 'all', sent.length, { why: 'unknown-outside' })
      : countRow('leaked', arm.arm, 'all', sent.length, leaked);
  return [{ ...row, among, ...beyondSteady(sent) }];
};

const beyondSteady = (measured: readonly Measured[]): Pick<SummaryRow, 'isBeyondSteady'> =>
  measured.some(({ trace }) => trace.phase !== 'steady') ? { isBeyondSteady: true } : {};

const failoverParts = [
  ['detect', 'detectMs'],
  ['decide', 'decideMs'],
  ['refill', 'refillMs'],
  ['failover', 'failoverMs'],
  ['failover_ttft', 'failoverTtftMs'],
  ['failover_penalty', 'penaltyMs'],
  ['visible_gap', 'visibleGapMs'],
  ['error_after', 'errorAfterMs'],
] as const;

/** There are no rows about faults in an arm without any. */
const failoverRows = (ground: SummaryGround): SummaryRow[] => {
  const { arm, failovers } = ground;
  if (arm.armed.length === 0 && failovers.length === 0) return [];
  const byFault = [...Map.groupBy(failovers, ({ fault }) => fault)].sort(
    ([one], [other]) => one - other,
  );
  const parts = [
    { where: 'all', part: failovers },
    ...byFault.map(([fault, part]) => ({ where: `fault=${fault}`, part })),
  ];

  return [
    ...parts.flatMap(({ where, part }) => faultRows(ground, where, part)),
    ...amplificationRows(ground),
  ];
};

const faultRows = (
  { arm, areAttemptsKnown }: SummaryGround,
  where: string,
  rows: readonly FailoverRow[],
): SummaryRow[] => {
  const affected = rows.filter(({ outcome }) => outcome !== 'unaffected' && outcome !== 'waited');
  const seamless = affected.filter(
    ({ outcome }) => outcome === 'transparent' || outcome === 'continued',
  ).length;
  const discarded = rows.reduce((sum, { tokensDiscarded }) => sum + (tokensDiscarded ?? 0), 0);

  return [
    ...failoverParts.flatMap(([id, key]) => {
      const values = rows.flatMap((row) => row[key] ?? []);
      return areAttemptsKnown || values.length > 0
        ? eventSpread(id, arm.arm, where, values)
        : metricOf(id).stats.map((stat) =>
            withheldRow(id, stat, arm.arm, where, rows.length, { why: 'unknown-outside' }),
          );
    }),
    countRow('faulted', arm.arm, where, rows.length, rows.length),
    countRow(
      'misrouted',
      arm.arm,
      where,
      rows.length,
      rows.filter(({ outcome }) => outcome === 'misrouted').length,
    ),
    countedRatioRow('seamless', arm.arm, where, seamless, affected.length),
    areAttemptsKnown
      ? numberRow('discarded_tokens', 'total', arm.arm, where, rows.length, discarded)
      : withheldRow('discarded_tokens', 'total', arm.arm, where, rows.length, {
          why: 'unknown-outside',
        }),
  ];
};

/** No rows where no backend had to come back. */
const failbackRows = ({ arm, failbacks }: SummaryGround): SummaryRow[] => {
  const byFault = [...Map.groupBy(failbacks, ({ fault }) => fault)];
  return failbacks.length === 0
    ? []
    : [
        { where: 'all', part: failbacks },
        ...byFault.map(([fault, part]) => ({ where: `fault=${fault}`, part })),
      ].flatMap(({ where, part }) =>
        eventSpread(
          'failback',
          arm.arm,
          where,
          part.flatMap(({ failbackMs }) => failbackMs ?? []),
        ),
      );
};

const amplificationRows = ({ arm, all, areAttemptsKnown }: SummaryGround): SummaryRow[] => {
  if (arm.armed.length === 0) return [];
  const isArmedAt = withinAny(arm.armed);
  const exposed = all.filter(({ trace: { exchange } }) => {
    const { sentAt } = exchange;
    return sentAt !== undefined && isArmedAt(sentAt);
  });
  if (!areAttemptsKnown) {
    return [
      withheldRow('amplification', 'ratio', arm.arm, 'all', exposed.length, {
        why: 'unknown-outside',
      }),
    ];
  }
  const attempts = exposed.reduce((sum, { trace }) => sum + trace.attempts.length, 0);
  return [ratioRow('amplification', arm.arm, 'all', exposed.length, attempts, exposed.length)];
};

/** Whether an instant is in one of many spans: in what those reach that began before it. */
const withinAny = (spans: readonly Span[]): ((at: number) => boolean) => {
  const sorted = spans.toSorted((one, other) => one.from - other.from);
  const starts = Float64Array.from(sorted, ({ from }) => from);
  let reach = -Infinity;
  const reaches = Float64Array.from(sorted, ({ until }) => (reach = Math.max(reach, until)));
  return (at) => at < (reaches[countUpTo(starts, at) - 1] ?? -Infinity);
};

/** Of every numbered answer: tokens can be lost without a fault as well. */
const integrityRows = ({ arm, all }: SummaryGround): SummaryRow[] => {
  const numbered = all.flatMap((it) => {
    const { integrity } = it.trace.exchange;
    const found = integrity === undefined ? undefined : integrityOf(integrity);
    return found ? [{ ...found, it }] : [];
  });
  if (numbered.length === 0) return [];
  const beyond = beyondSteady(numbered.map(({ it }) => it));
  const row = (id: MetricId, of: (found: (typeof numbered)[number]) => number): SummaryRow => {
    const total = numbered.reduce((sum, found) => sum + of(found), 0);
    return { ...numberRow(id, 'total', arm.arm, 'all', numbered.length, total), ...beyond };
  };

  return [row('lost_tokens', ({ lost }) => lost), row('dup_tokens', ({ repeated }) => repeated)];
};

/** Answered exchanges of the steady phase. */
export const answeredIn = (all: readonly Measured[]): Measured[] =>
  all.filter(({ trace }) => trace.phase === 'steady' && isAnswered(trace.exchange));
