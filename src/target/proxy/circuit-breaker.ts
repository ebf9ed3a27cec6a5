/**
 * A circuit breaker for one backend: it stops sending where sending has been failing.
 *
 *     closed ──failures reach a threshold──▶ open ──its time passes──▶ half-open
 *       ▲                                     ▲                           │
 *       └────────── the probe succeeds ───────┼───────────────────────────┤
 *                                             └────── the probe fails ────┘
 *
 * The probe is synthetic: no user is the canary. Failures are counted in a row, hard and soft
 * apart, because at the request rates of one box a breaker by rates would never trip.
 *
 * The breaker holds no timer and reads no clock: the caller says what time it is.
 */

import type { Failure } from '../../protocol/generation.ts';

export type BreakerState =
  | { readonly kind: 'closed'; readonly hardCount: number; readonly softCount: number }
  | { readonly kind: 'open'; readonly openedAt: number; readonly until: number }
  | { readonly kind: 'half-open'; readonly probeStartedAt: number };

export interface BreakerPolicy {
  /** Failures in a row, with hard evidence, that open the circuit. */
  readonly hardFailures: number;
  /** The same with soft evidence. */
  readonly softFailures: number;
  /**
   * How long the circuit stays open before a probe, and between two probes. It does not grow: a
   * probe costs nothing, and a box that is back should not stand idle for longer the longer it was
   * away.
   */
  readonly openForMs: number;
}

/** What the breaker reads of a failure. */
export type BreakerFailure = Pick<Failure, 'evidence' | 'retryAfterMs'>;

/** No circuit stays open longer than this without being probed, whatever `Retry-After` says. */
export const openMsMax = 60_000;

const closed: BreakerState = { kind: 'closed', hardCount: 0, softCount: 0 };

export class CircuitBreaker {
  readonly #policy: BreakerPolicy;
  #state: BreakerState = closed;

  constructor(policy: BreakerPolicy) {
    this.#policy = policy;
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

  /** The probe was answered. */
  probeSucceeded(): void {
    if (this.#state.kind === 'half-open') this.#state = closed;
  }

  /** The probe failed: open again, for as long. */
  probeFailed(now: number): void {
    if (this.#state.kind === 'half-open') this.#open(now, this.#policy.openForMs);
  }

  /** A user's request was served whole. One that began before the circuit opened is no news. */
  succeed(): void {
    if (this.#state.kind === 'closed') this.#state = closed;
  }

  /** A user's request failed by the backend's fault. */
  fail(failure: BreakerFailure, now: number): void {
    if (this.#state.kind !== 'closed') return;
    const hardCount = this.#state.hardCount + (failure.evidence === 'hard' ? 1 : 0);
    const softCount = this.#state.softCount + (failure.evidence === 'soft' ? 1 : 0);
    // A server that says when to come back is believed at once.
    if (failure.retryAfterMs !== undefined) this.#open(now, failure.retryAfterMs);
    else if (hardCount >= this.#policy.hardFailures || softCount >= this.#policy.softFailures)
      this.#open(now, this.#policy.openForMs);
    else this.#state = { kind: 'closed', hardCount, softCount };
  }

  #open(now: number, forMs: number): void {
    this.#state = { kind: 'open', openedAt: now, until: now + Math.min(forMs, openMsMax) };
  }
}
