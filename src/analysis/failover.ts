/**
 * What a fault did to each exchange it acted on.
 *
 *     sentAt      tL   tF        tD  tS              tX
 *       │  ▪ ▪ ▪ ▪ ▪   ╳          │   │               ▪ ▪ ▪ ▪
 *       └── dead attempt ─────────┤   ├── next attempt ─────────
 *                      │  detect  │ ─ │    refill     │
 *                  │           visible gap            │
 *
 * tF is when the fault acted on this attempt, tD when the proxy declared it dead, tS when the next
 * one was sent, tX the first new token at the client, tL the last one of the attempt that died.
 * A reader who waited a fault out has no next attempt: then the gap is the longest wait after tF.
 *
 * Attempts of a foreign proxy are not in the log: then tD is unknown and stays so, and tS and tX
 * are known as far as our own backends saw them.
 */

import type { Attempt, FaultAct, FaultArmed } from '../log/entry.ts';
import type { FailureReason } from '../protocol/generation.ts';
import type { FailoverOutcome, FailoverRow } from './analysis.ts';
import { type ArmLog, type ExchangeTrace, isAnswered, type Span } from './arm.ts';
import { type Integrity, integrityOf } from './integrity.ts';
import { type SeenOutside, seenOutside } from './outside.ts';

/** The rows of an arm, in the order of the faults' acts. */
export const failoversOf = (arm: ArmLog): FailoverRow[] => {
  const causes: Causes = {
    armedFrom: new Map(arm.armed.toReversed().map(({ fault, from }) => [fault, from])),
    outages: arm.armed.filter(({ what }) => outages.has(what)),
    anonymous: arm.acts.filter(({ trace }) => trace === undefined),
    areAttemptsKnown: arm.attempts.length > 0,
  };
  return arm.exchanges
    .flatMap((trace) =>
      touchesOf(trace, causes).flatMap((touch) => {
        const row = failoverRow(trace, touch);
        return row ? [row] : [];
      }),
    )
    .sort((one, other) => one.faultAt - other.faultAt || one.session - other.session);
};

/** What may have acted on an exchange without naming it. */
interface Causes {
  /** When each fault was first armed. */
  readonly armedFrom: ReadonlyMap<number, number>;
  readonly outages: readonly FaultArmed[];
  readonly anonymous: readonly FaultAct[];
  readonly areAttemptsKnown: boolean;
}

/** A fault that acted on an exchange, and the attempt it acted on where that is known. */
interface Touch {
  readonly fault: number;
  readonly what: string;
  readonly backend: string;
  readonly at: number;
  readonly attempt?: Attempt;
}

const touchesOf = (trace: ExchangeTrace, causes: Causes): Touch[] => {
  // Faults are armed by the thousand in a suite, and few of them while one exchange lasted.
  const { from: earliest, until: latest } = spanOf(trace);
  const anonymous = causes.anonymous.filter(({ at }) => at >= earliest && at <= latest);
  const byAct = [...trace.acts, ...anonymous.filter((act) => isOfPort(act, trace))];
  const touches = byAct.map(({ fault, what, backend, at }) => {
    const from = causes.armedFrom.get(fault) ?? at;
    const attempt = attemptAt(trace.attempts, backend, at);
    return touch({ fault, what, backend, at: Math.max(from, at) }, attempt);
  });
  for (const armed of causes.outages) {
    const { fault, what, backend, from, until } = armed;
    if (from > latest || until < earliest) continue;
    const refused = trace.attempts.find((attempt) => isRefusedBy(attempt, armed));
    if (refused)
      touches.push(touch({ fault, what, backend, at: Math.max(from, refused.startedAt) }, refused));
    else if (!causes.areAttemptsKnown && isShutOut(trace, armed))
      touches.push({ fault, what, backend, at: trace.exchange.sentAt ?? from });
  }
  // One fault may act on an exchange again and again; the first time is what is measured.
  const firsts = new Map<number, Touch>();
  for (const it of touches.sort((one, other) => one.at - other.at))
    if (!firsts.has(it.fault)) firsts.set(it.fault, it);

  return [...firsts.values()];
};

/** From its first sign of life to the last, that of its attempts included. */
const spanOf = ({ exchange, attempts }: ExchangeTrace): Span => ({
  from:
    Math.min(exchange.scheduledAt, ...attempts.map(({ startedAt }) => startedAt)) - clockSlackMs,
  until: Math.max(exchange.endedAt, ...attempts.map(({ endedAt }) => endedAt)) + clockSlackMs,
});

const touch = (it: Omit<Touch, 'attempt'>, attempt: Attempt | undefined): Touch =>
  attempt ? { ...it, attempt } : it;

/**
 * Where no trace id could be read, as on TLS, the port of the connection tells whose it was; and an
 * attempt that never had a connection was kept from it by what happened meanwhile.
 */
const isOfPort = ({ backend, remotePort, at }: FaultAct, { attempts }: ExchangeTrace) =>
  attempts.some(
    (attempt) =>
      attempt.backend === backend &&
      (attempt.localPort === undefined
        ? attempt.outcome === 'failed' && connectReasons.has(attempt.reason)
        : attempt.localPort === remotePort) &&
      distanceTo(attempt, at) <= clockSlackMs,
  );

/** Why there was no connection. */
const connectReasons: ReadonlySet<Attempt['reason']> = new Set(['refused', 'unreachable', 'tls']);

/** Instants of two threads, one before and one after a socket. */
const clockSlackMs = 5;

/** What keeps everybody from the port, or happens beside the shim. */
const outages: ReadonlySet<string> = new Set([
  'refuse',
  'restart',
  'blackhole',
  'queue-full',
  'wedge',
  'exec',
]);

/** A refused connection never reaches the shim, so the attempt that failed is the evidence. */
const isRefusedBy = (attempt: Attempt, { what, backend, from, until }: FaultArmed): boolean =>
  attempt.backend === backend &&
  attempt.outcome === 'failed' &&
  // A box that is wedged answers, or does not, in every way but these.
  (what === 'wedge' ||
    attempt.reason === 'refused' ||
    attempt.reason === 'unreachable' ||
    attempt.reason === 'reset' ||
    attempt.reason === 'closed' ||
    // Given up before the connect deadline, because a second connection fared no better.
    (attempt.reason === 'first-token-deadline' && attempt.headersAt === undefined)) &&
  attempt.endedAt >= from &&
  attempt.startedAt < until;

/**
 * A trial of a proxy that tells of no attempts, whose primary had served until the port was shut:
 * as long as it lasted, nobody could be asked there.
 */
const isShutOut = ({ exchange, generations }: ExchangeTrace, armed: FaultArmed): boolean =>
  exchange.trial?.role === 'faulted' &&
  exchange.sentAt !== undefined &&
  armed.from <= exchange.sentAt &&
  exchange.endedAt <= armed.until &&
  generations.every(({ backend }) => backend !== armed.backend);

const attemptAt = (
  attempts: readonly Attempt[],
  backend: string,
  at: number,
): Attempt | undefined =>
  attempts
    .filter((attempt) => attempt.backend === backend)
    .toSorted((one, other) => distanceTo(one, at) - distanceTo(other, at))[0];

const distanceTo = ({ startedAt, endedAt }: Attempt, at: number): number =>
  Math.max(startedAt - at, at - endedAt, 0);

const failoverRow = (trace: ExchangeTrace, touched: Touch): FailoverRow | undefined => {
  const { exchange, attempts } = trace;
  if (exchange.outcome === 'cancelled' || exchange.outcome === 'dropped') return undefined;
  const { attempt, at: faultAt } = touched;
  const dead = attempt?.outcome === 'failed' ? attempt : undefined;
  const later = dead ? attempts.filter((it) => it.attempt > dead.attempt) : [];
  const served = attempts.findLast(({ outcome }) => outcome === 'served');
  const seen: SeenOutside =
    attempts.length > 0
      ? {}
      : seenOutside(trace, touched.backend, faultAt, outages.has(touched.what));
  const to = later.length > 0 ? (served ?? later.at(-1))?.backend : seen.servedBy;
  const integrity = exchange.integrity === undefined ? undefined : integrityOf(exchange.integrity);
  const instants = instantsOf(trace, faultAt, dead, later, seen);
  const isMidStream = isBefore(
    exchange.firstTextAt,
    instants.switchedAt ?? dead?.endedAt ?? faultAt,
  );
  const evidence = { dead, later, isMidStream, integrity, seen };
  const wait = silentKinds.has(touched.what) ? waitAfter(trace, faultAt) : undefined;
  const outcome = waitedOr(outcomeOf(trace, touched, evidence), wait);
  const reason = attempts.findLast((it) => it.outcome === 'failed')?.reason;
  const discarded = dead && discardedBy(trace, dead);

  return {
    arm: exchange.arm,
    trace: exchange.trace,
    workload: exchange.workload,
    session: exchange.session,
    turn: exchange.turn,
    fault: touched.fault,
    what: touched.what,
    from: touched.backend,
    ...(to !== undefined && to !== touched.backend && { to }),
    outcome,
    ...(reason !== undefined && { reason }),
    isMidStream,
    isSilent: silentKinds.has(touched.what),
    faultAt,
    ...instants,
    ...partsOf(exchange.sentAt, faultAt, isMidStream, instants),
    ...(dead && dead.tokensReceived === 0 && { waitFrom: Math.min(dead.startedAt, faultAt) }),
    ...(outcome === 'waited' && wait),
    ...(brokenOutcomes.has(outcome) && { errorAfterMs: exchange.endedAt - faultAt }),
    ...(integrity && { tokensLost: integrity.lost, tokensRepeated: integrity.repeated }),
    ...(discarded !== undefined && { tokensDiscarded: discarded }),
    ...attemptsOf(trace, seen),
  };
};

/** An attempt that nobody told of and nobody saw is unknown. */
const attemptsOf = (
  { attempts, exchange }: ExchangeTrace,
  seen: SeenOutside,
): Pick<FailoverRow, 'attempts'> => {
  const count = attempts.length > 0 ? attempts.length : (exchange.attempts ?? seen.attempts);
  return count === undefined ? {} : { attempts: count };
};

/** Faults that nothing on the wire announces: only a deadline finds them. */
const silentKinds: ReadonlySet<string> = new Set([
  'silent',
  'freeze',
  'delay',
  'stall',
  'slow',
  'slow-upload',
]);

/** Answers that did not end well. */
const brokenOutcomes: ReadonlySet<FailoverOutcome> = new Set(['error', 'truncated', 'hung']);

/** A shorter wait than this is none that a reader would notice. */
const waitMsMin = 250;

type Wait = Required<Pick<FailoverRow, 'resumedAt' | 'visibleGapMs'>>;

/** The longest wait for a chunk after the fault. */
const waitAfter = ({ chunkAts }: ExchangeTrace, faultAt: number): Wait | undefined => {
  let wait: Wait | undefined;
  for (const [place, at] of chunkAts.entries()) {
    if (at <= faultAt) continue;
    const visibleGapMs = at - Math.max(faultAt, chunkAts[place - 1] ?? faultAt);
    if (visibleGapMs > (wait?.visibleGapMs ?? 0)) wait = { resumedAt: at, visibleGapMs };
  }
  return wait;
};

const waitedOr = (outcome: FailoverOutcome, wait: Wait | undefined): FailoverOutcome =>
  outcome === 'unaffected' && (wait?.visibleGapMs ?? 0) >= waitMsMin ? 'waited' : outcome;

const isBefore = (at: number | undefined, instant: number): boolean =>
  at !== undefined && at <= instant;

interface Instants {
  readonly declaredAt?: number;
  readonly switchedAt?: number;
  readonly resumedAt?: number;
  readonly lastGoodAt?: number;
}

/**
 * A token of the dead attempt may still be on its way to the client when the next attempt is sent.
 * Nothing new can arrive before the proxy has it, so the first new token is looked for from there.
 */
const instantsOf = (
  { chunkAts, exchange }: ExchangeTrace,
  faultAt: number,
  dead: Attempt | undefined,
  later: readonly Attempt[],
  seen: SeenOutside,
): Instants => {
  const switchedAt = later[0]?.startedAt ?? seen.switchedAt;
  const winner = later.find(({ tokensForwarded }) => tokensForwarded > 0);
  const arrivedAt = winner?.firstTokenAt ?? winner?.startedAt ?? seen.firstTokenAt;
  // Chunks are kept to 10 µs.
  const resumedAt =
    arrivedAt === undefined ? undefined : chunkAts.find((at) => at >= arrivedAt - 0.01);
  const first = resumedAt ?? (chunkAts.length === 0 && winner ? exchange.firstTokenAt : undefined);
  const until = resumedAt ?? dead?.endedAt ?? faultAt;
  const lastGoodAt = chunkAts.findLast((at) =>
    resumedAt === undefined ? at <= until : at < until,
  );

  return {
    ...(dead && { declaredAt: dead.endedAt }),
    ...(switchedAt !== undefined && { switchedAt }),
    ...(first !== undefined && { resumedAt: first }),
    ...(lastGoodAt !== undefined && { lastGoodAt }),
  };
};

type Parts = Pick<
  FailoverRow,
  'detectMs' | 'decideMs' | 'refillMs' | 'failoverMs' | 'failoverTtftMs' | 'visibleGapMs'
>;

const partsOf = (
  sentAt: number | undefined,
  faultAt: number,
  isMidStream: boolean,
  { declaredAt, switchedAt, resumedAt, lastGoodAt }: Instants,
): Parts => {
  const known = {
    ...(declaredAt !== undefined && { detectMs: declaredAt - faultAt }),
    ...(declaredAt !== undefined &&
      switchedAt !== undefined && { decideMs: switchedAt - declaredAt }),
  };
  if (switchedAt === undefined || resumedAt === undefined) return known;

  return {
    ...known,
    refillMs: resumedAt - switchedAt,
    failoverMs: resumedAt - faultAt,
    ...(!isMidStream && sentAt !== undefined && { failoverTtftMs: resumedAt - sentAt }),
    visibleGapMs: resumedAt - Math.max(faultAt, lastGoodAt ?? faultAt),
  };
};

interface Evidence {
  readonly dead: Attempt | undefined;
  readonly later: readonly Attempt[];
  readonly isMidStream: boolean;
  readonly integrity: Integrity | undefined;
  readonly seen: SeenOutside;
}

const outcomeOf = (
  { exchange, attempts }: ExchangeTrace,
  touched: Touch,
  { dead, later, isMidStream, integrity, seen }: Evidence,
): FailoverOutcome => {
  if (exchange.outcome === 'truncated') return 'truncated';
  if (exchange.outcome === 'hung') return 'hung';
  if (!isAnswered(exchange)) return 'error';
  // It says that it is whole, and has said nothing.
  if (exchange.firstTokenAt === undefined && exchange.textChars === 0) return 'truncated';
  if (integrity && integrity.repeated > 0) return 'repeated';
  // A number missing from it: a piece left out, or two halves that do not fit.
  const isPieced = integrity !== undefined && integrity.sources.length > 1;
  if (integrity?.isMixed === true || (isPieced && integrity.lost > 0)) return 'mixed';
  if (integrity && integrity.lost > 0) return 'truncated';
  const hasSwitched =
    attempts.length > 0
      ? later.length > 0
      : (exchange.backend ?? seen.servedBy ?? touched.backend) !== touched.backend || isPieced;
  if (!hasSwitched) return 'unaffected';
  if (dead && isMisrouted(touched, dead)) return 'misrouted';
  return integrity ? seamOf(integrity) : isMidStream ? 'continued' : 'transparent';
};

const seamOf = ({ sources }: Integrity): FailoverOutcome =>
  sources.length > 1 ? 'continued' : 'transparent';

/** A wait is no failure. The log proves it was taken for one when no deadline had passed. */
const isMisrouted = ({ what }: Touch, { reason }: Attempt): boolean =>
  (what === 'delay' || what === 'stall' || what === 'slow') &&
  reason !== undefined &&
  !deadlines.has(reason);

/** What attempts end with when a deadline has passed; connecting has one, too. */
const deadlines: ReadonlySet<FailureReason> = new Set([
  'first-token-deadline',
  'stall-deadline',
  'unreachable',
]);

/**
 * The backend knows best what it generated; without it, what the proxy received is a lower bound.
 */
const discardedBy = ({ generations }: ExchangeTrace, dead: Attempt): number => {
  const generation = generations.find(
    ({ backend, receivedAt }) =>
      backend === dead.backend &&
      receivedAt >= dead.startedAt - clockSlackMs &&
      receivedAt <= dead.endedAt + clockSlackMs,
  );
  return Math.max(0, (generation?.outputTokens ?? dead.tokensReceived) - dead.tokensForwarded);
};
