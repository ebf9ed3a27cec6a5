/**
 * An outage from the inside: how soon the circuit opened, who paid until it did, who looked whether
 * the backend is back, when it was used again, and what it all cost.
 *
 *     ░░░░░░░░ fault ░░░░░░░░│
 *      ╳ ╳ ╳ ┃ open ─ ○ ─ ○ ─┼─ ● ┃ closed    ▪ served by it again
 *      paid  trip    probes  │  fail-back     │
 *
 * A window counts when its backend failed in it and it ended while the arm ran.
 */

import type { Attempt } from '../log/entry.ts';
import type { FailbackRow, FailoverRow, OutageRow, SummaryRow } from './analysis.ts';
import { type ArmLog, type ExchangeTrace, isAnswered, isCounted, type Span } from './arm.ts';
import type { Measured } from './figures.ts';
import { median } from './percentile.ts';
import { countRow, numberRow } from './row.ts';
import { eventSpread } from './spread.ts';

/** What an outage is told from. */
export interface OutageGround {
  readonly arm: ArmLog;
  readonly all: readonly Measured[];
  readonly failovers: readonly FailoverRow[];
  readonly failbacks: readonly FailbackRow[];
  /** Time between two probes of an open circuit, where the proxy's file says so. */
  readonly periodMs: number | undefined;
}

/** The outages of an arm, one for each of its fail-backs. */
export const outagesOf = (ground: OutageGround): OutageRow[] =>
  ground.failbacks.map((failback) => outageOf(ground, failback));

const outageOf = (ground: OutageGround, failback: FailbackRow): OutageRow => {
  const { arm, failovers, periodMs } = ground;
  const { backend, fault, what, clearedAt: until, usedAt, failbackMs } = failback;
  const from = arm.armed.find((it) => it.fault === fault && it.until === until)?.from ?? until;
  const next = arm.armed.find((it) => it.backend === backend && it.from > until)?.from;
  const overAt = usedAt ?? next ?? arm.whole.until;
  const span = { from, until: overAt };
  const circuits = arm.circuits.filter(
    (it) => it.backend === backend && it.at >= from && it.at < (next ?? Infinity),
  );
  const opened = circuits.filter(
    ({ to }, place) => to === 'open' && (circuits[place - 1]?.to ?? 'closed') === 'closed',
  );
  const probes = arm.probes.filter((it) => it.backend === backend && isIn(it.startedAt, span));
  const own = arm.attempts.filter((it) => it.backend === backend && it.cause !== 'probe');
  const mine = failovers.filter((it) => it.fault === fault && isIn(it.faultAt, span));
  const trip = opened[0];
  const phase = healPhaseOf(
    probes.map(({ startedAt }) => startedAt),
    trip?.at,
    until,
    periodMs,
  );
  const firstAct = Math.min(...mine.map(({ faultAt }) => faultAt), trip?.at ?? Infinity);
  const cloudUsd = cloudUsdOf(ground.all, span);

  return {
    arm: arm.arm,
    fault,
    what,
    backend,
    from,
    until,
    overAt,
    ...(trip && { timeToTripMs: trip.at - Math.max(from, firstAct) }),
    paidCount: own.filter(
      ({ outcome, startedAt, endedAt }) =>
        outcome === 'failed' && endedAt >= from && startedAt < overAt,
    ).length,
    probeCount: probes.length,
    userProbeCount: own.filter(({ startedAt }) => isShutAt(circuits, startedAt)).length,
    ...(failbackMs !== undefined && { failbackMs }),
    ...(phase !== undefined && { healPhaseRatio: phase }),
    flapCount: Math.max(0, opened.length - 1),
    ...firstTokens(own, from, until),
    unavailabilityMs: unavailabilityMs(arm.exchanges, span),
    discardedTokens: mine.reduce((sum, { tokensDiscarded }) => sum + (tokensDiscarded ?? 0), 0),
    doublePrefillTokens: doublePrefillTokens(arm.exchanges, backend, span),
    ...(cloudUsd !== undefined && { cloudUsd }),
    circuits: circuits.map(({ at, to }) => ({ at, to })),
    probes: probes.map(({ startedAt, outcome }) => ({
      at: startedAt,
      isAnswered: outcome === 'answered',
    })),
    requests: requestsIn(ground.all, span),
  };
};

const isIn = (at: number, { from, until }: Span): boolean => at >= from && at <= until;

/** Where between two probes the fault ended, if probes come at even times. */
const healPhaseOf = (
  probes: readonly number[],
  trippedAt: number | undefined,
  until: number,
  periodMs: number | undefined,
): number | undefined => {
  const last = probes.findLast((at) => at <= until) ?? trippedAt;
  if (last === undefined || periodMs === undefined || last > until) return undefined;
  return Math.min(1, (until - last) / periodMs);
};

const isShutAt = (circuits: OutageRow['circuits'], at: number): boolean => {
  const state = circuits.findLast((change) => change.at < at)?.to;
  return state === 'open' || state === 'half-open';
};

/** The first token after the return, and what it used to be. */
const firstTokens = (
  own: readonly Attempt[],
  from: number,
  until: number,
): Pick<OutageRow, 'returnTtftMs' | 'healthyTtftMs'> => {
  const served = own.filter(({ outcome }) => outcome === 'served');
  const first = served.find(({ startedAt }) => startedAt >= until);
  const back = first && ttftOf(first);
  const usual = median(
    served.filter(({ endedAt }) => endedAt < from).flatMap((it) => ttftOf(it) ?? []),
  );
  return {
    ...(back !== undefined && { returnTtftMs: back }),
    ...(usual !== undefined && { healthyTtftMs: usual }),
  };
};

const ttftOf = ({ firstTokenAt, startedAt }: Attempt): number | undefined =>
  firstTokenAt === undefined ? undefined : firstTokenAt - startedAt;

const binMs = 1000;

/** The share that did not end well, second by second; a second without requests adds nothing. */
const unavailabilityMs = (exchanges: readonly ExchangeTrace[], span: Span): number => {
  const bins = Map.groupBy(
    exchanges.filter(
      ({ exchange }) =>
        isCounted(exchange) && exchange.sentAt !== undefined && isIn(exchange.sentAt, span),
    ),
    ({ exchange }) => Math.floor(((exchange.sentAt ?? 0) - span.from) / binMs),
  );
  let area = 0;
  for (const [bin, part] of bins) {
    const lengthMs = Math.min(binMs, span.until - span.from - bin * binMs);
    const failed = part.filter(({ exchange }) => !isAnswered(exchange)).length;
    area += (Math.max(0, lengthMs) * failed) / part.length;
  }
  return area;
};

/** What a backend took in before it died is read again by the next. */
const doublePrefillTokens = (
  exchanges: readonly ExchangeTrace[],
  backend: string,
  span: Span,
): number => {
  let tokens = 0;
  for (const { exchange, attempts, generations } of exchanges) {
    const dead = attempts.find(
      (it) => it.backend === backend && it.outcome === 'failed' && isIn(it.startedAt, span),
    );
    const hasRead =
      dead !== undefined &&
      (dead.tokensReceived > 0 ||
        dead.headersAt !== undefined ||
        generations.some((it) => it.backend === backend));
    if (hasRead && attempts.some(({ attempt }) => attempt > dead.attempt))
      tokens += exchange.promptTokens;
  }
  return tokens;
};

/** The bill for what the backend would have served; undefined where a price is not known. */
const cloudUsdOf = (all: readonly Measured[], span: Span): number | undefined => {
  let sum = 0;
  for (const { trace } of all) {
    const { exchange, attempts } = trace;
    if (exchange.sentAt === undefined || !isIn(exchange.sentAt, span)) continue;
    const isForced = attempts.some(
      ({ cause, passedOver }) =>
        cause === 'failover' || cause === 'continue' || passedOver === 'breaker',
    );
    if (!isForced) continue;
    for (const { residency, costUsd, tokensReceived } of attempts) {
      if (residency !== 'cloud') continue;
      if (costUsd === undefined && tokensReceived > 0) return undefined;
      sum += costUsd ?? 0;
    }
  }
  return sum;
};

const requestsIn = (all: readonly Measured[], { from, until }: Span): OutageRow['requests'] => {
  // As much before and after as the outage is long, so that the usual state shows.
  const margin = (until - from) / 4;
  return all.flatMap(({ trace: { exchange }, backend }) =>
    exchange.sentAt !== undefined &&
    isCounted(exchange) &&
    isIn(exchange.sentAt, { from: from - margin, until: until + margin })
      ? [
          {
            at: exchange.sentAt,
            servedBy: isAnswered(exchange) ? (backend ?? 'unknown') : 'failed',
          },
        ]
      : [],
  );
};

/** The figures of an arm's outages, over all of them and fault by fault. */
export const outageRows = (outages: readonly OutageRow[]): SummaryRow[] => {
  const [first] = outages;
  if (!first) return [];
  const { arm } = first;
  const byFault = [...Map.groupBy(outages, ({ fault }) => fault)].sort(
    ([one], [other]) => one - other,
  );
  return [
    ...partRows(arm, 'all', outages),
    ...byFault.flatMap(([fault, part]) => partRows(arm, `fault=${fault}`, part)),
  ];
};

const partRows = (arm: string, where: string, part: readonly OutageRow[]): SummaryRow[] => {
  const n = part.length;
  const sum = (of: (outage: OutageRow) => number): number =>
    part.reduce((total, outage) => total + of(outage), 0);
  const total = (
    id: 'unavailability' | 'double_prefill' | 'outage_cost',
    value: number,
  ): SummaryRow => numberRow(id, 'total', arm, where, n, value);
  const costs = part.flatMap(({ cloudUsd }) => cloudUsd ?? []);
  return [
    ...eventSpread(
      'time_to_trip',
      arm,
      where,
      part.flatMap(({ timeToTripMs }) => timeToTripMs ?? []),
    ),
    ...eventSpread(
      'return_ttft',
      arm,
      where,
      part.flatMap(({ returnTtftMs }) => returnTtftMs ?? []),
    ),
    countRow(
      'paid_detection',
      arm,
      where,
      n,
      sum(({ paidCount }) => paidCount),
    ),
    countRow(
      'probes',
      arm,
      where,
      n,
      sum(({ probeCount }) => probeCount),
    ),
    countRow(
      'user_probes',
      arm,
      where,
      n,
      sum(({ userProbeCount }) => userProbeCount),
    ),
    countRow(
      'flaps',
      arm,
      where,
      n,
      sum(({ flapCount }) => flapCount),
    ),
    total(
      'unavailability',
      sum(({ unavailabilityMs: ms }) => ms),
    ),
    total(
      'double_prefill',
      sum(({ doublePrefillTokens: tokens }) => tokens),
    ),
    ...(costs.length < n
      ? []
      : [
          total(
            'outage_cost',
            costs.reduce((one, other) => one + other, 0),
          ),
        ]),
  ];
};
