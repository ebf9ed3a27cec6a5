/**
 * A circuit breaker, for one backend or for one of its models: it stops sending where sending has
 * been failing.
 *
 *     closed ──failures reach a threshold──▶ open ──its time passes──▶ half-open
 *       ▲                                     ▲                           │
 *       └────────── the probe succeeds ───────┼───────────────────────────┤
 *                                             └────── the probe fails ────┘
 *
 * The probe is synthetic: no user is the canary. Failures are counted in a row, hard and soft
 * apart, because at the request rates of one box a breaker by rates would never trip.
 *
 * Probes are sent at an even pace, however long it lasts: a probe costs nothing, and a box that is
 * back should not stand idle for longer the longer it was away. What grows is the demand: a circuit
 * that opens again soon after it closed wants two probes in a row, the second after half the time,
 * before users return. So nothing flaps faster than that, and a backend that is well is back within
 * two probe periods in any case.
 *
 * The breaker holds no timer and reads no clock: the caller says what time it is.
 */

import type { Failure } from '../../protocol/generation.ts';
import type { Random } from '../../random/random.ts';

export type BreakerState =
  | { readonly kind: 'closed'; readonly hardCount: number; readonly softCount: number }
  | { readonly kind: 'open'; readonly openedAt: number; readonly until: number }
  | { readonly kind: 'half-open'; readonly probeStartedAt: number };

export interface BreakerPolicy {
  /** Failures in a row, with hard evidence, that open the circuit. */
  readonly hardFailures: number;
  /** The same with soft evidence. */
  readonly softFailures: number;
  /** How long the circuit stays open before a probe, and between two probes. */
  readonly openForMs: number;
}

/** What the breaker reads of a failure. */
export interface BreakerFailure extends Pick<Failure, 'evidence' | 'retryAfterMs'> {
  /** It lasts until somebody mends it: a key, a certificate, a model that is not there. */
  readonly isLasting: boolean;
}

/** No circuit stays open longer than this without being probed, whatever `Retry-After` says. */
export const openMsMax = 60_000;
/** But for one that is open for something that people must mend. */
export const lastingMs = 300_000;
/** One that opens again so soon after it closed has not been well. */
const relapseMs = 60_000;
/** Probes are late by up to this share, so that those of many proxies do not meet. */
const jitterRatioMax = 0.1;
/** A probe that somebody waits for comes no sooner than this after the last. */
const earlyProbeMsMin = 1000;

const closed: BreakerState = { kind: 'closed', hardCount: 0, softCount: 0 };

export class CircuitBreaker {
  readonly #policy: BreakerPolicy;
  readonly #random: Random;
  #state: BreakerState = closed;
  #closedAt = Number.NEGATIVE_INFINITY;
  /** Whether it opened soon after it had closed. */
  #isRelapse = false;
  /** Probes in a row that were answered since it opened. */
  #answeredCount = 0;
  /** The time between two probes of what is wrong now. */
  #everyMs = 0;
  /** Until when the server asked to be left alone. */
  #leftAloneUntil = Number.NEGATIVE_INFINITY;

  /** Chance spreads the probes. */
  constructor(policy: BreakerPolicy, random: Random) {
    this.#policy = policy;
    this.#random = random;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Whether a user's request may be sent. */
  get mayServe(): boolean {
    return this.#state.kind === 'closed';
  }

  /** How long until a probe may be sent: 0 when it may be now; undefined when none is due. */
  probeInMs(now: number): number | undefined {
    return this.#state.kind === 'open' ? Math.max(0, this.#state.until - now) : undefined;
  }

  /** Whether a probe may be sent now; a yes is that probe's permission, and there is only one. */
  admitProbe(now: number): boolean {
    if (this.probeInMs(now) !== 0) return false;
    this.#state = { kind: 'half-open', probeStartedAt: now };
    return true;
  }

  /** The same before its time, when somebody waits and nobody else can serve. */
  admitEarlyProbe(now: number): boolean {
    if (this.#state.kind !== 'open' || now < this.#leftAloneUntil) return false;
    if (now - this.#state.openedAt < earlyProbeMsMin) return false;
    this.#state = { kind: 'half-open', probeStartedAt: now };
    return true;
  }

  /** The probe was answered: closed, unless another is wanted. */
  probeSucceeded(now: number): void {
    if (this.#state.kind !== 'half-open') return;
    this.#answeredCount++;
    if (this.#isRelapse && this.#answeredCount < 2) {
      this.#open(now, this.#policy.openForMs / 2);
      return;
    }
    this.#closedAt = now;
    this.#state = closed;
  }

  /** The probe failed: open again. */
  probeFailed(now: number): void {
    if (this.#state.kind !== 'half-open') return;
    this.#answeredCount = 0;
    this.#open(now, this.#everyMs);
  }

  /** A user's request was served whole. One that began before the circuit opened is no news. */
  succeed(): void {
    if (this.#state.kind === 'closed') this.#state = closed;
  }

  /** A user's request failed by the backend's fault. */
  fail(failure: BreakerFailure, now: number): void {
    if (this.#state.kind !== 'closed') return;
    const { evidence, retryAfterMs, isLasting } = failure;
    const hardCount = this.#state.hardCount + (evidence === 'hard' ? 1 : 0);
    const softCount = this.#state.softCount + (evidence === 'soft' ? 1 : 0);
    const isEnough =
      hardCount >= this.#policy.hardFailures || softCount >= this.#policy.softFailures;
    if (!isEnough && retryAfterMs === undefined) {
      this.#state = { kind: 'closed', hardCount, softCount };
      return;
    }
    this.#isRelapse = now - this.#closedAt < relapseMs;
    this.#answeredCount = 0;
    this.#everyMs = isLasting ? lastingMs : this.#policy.openForMs;
    // A server that says when to come back is believed at once.
    const toldMs = retryAfterMs === undefined ? undefined : Math.min(retryAfterMs, openMsMax);
    this.#leftAloneUntil = toldMs === undefined ? Number.NEGATIVE_INFINITY : now + toldMs;
    this.#open(now, toldMs ?? this.#everyMs);
  }

  #open(now: number, forMs: number): void {
    const spreadMs = forMs * (1 + jitterRatioMax * this.#random.next());
    const until = now + Math.min(spreadMs, Math.max(openMsMax, forMs));
    this.#state = { kind: 'open', openedAt: now, until };
  }
}
