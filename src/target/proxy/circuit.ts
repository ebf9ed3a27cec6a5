/**
 * A circuit breaker driven by the clock: while it is open a probe is sent each time its wait is
 * over, so that what has come back is found by us and not by a user.
 */

import type { Failure, FailureReason } from '../../protocol/generation.ts';
import type { Random } from '../../random/random.ts';
import type { Clock } from '../../time/clock.ts';
import {
  type BreakerFailure,
  type BreakerPolicy,
  type BreakerState,
  CircuitBreaker,
} from './circuit-breaker.ts';

/** The circuit opened or closed. */
export interface BreakerChange {
  readonly at: number;
  readonly to: 'closed' | 'open';
  /** The failure that opened it; absent when it closed. */
  readonly failure?: Pick<Failure, 'reason' | 'message'>;
}

export interface CircuitParts {
  readonly policy: BreakerPolicy;
  readonly clock: Clock;
  readonly random: Random;
  /** Rejects while what is asked has not come back. */
  readonly probe: () => Promise<unknown>;
  readonly onChange: (change: BreakerChange) => void;
  readonly onProbe: (probe: {
    readonly startedAt: number;
    readonly endedAt: number;
    readonly outcome: 'answered' | 'failed';
  }) => void;
}

/** Changes that are kept. */
const changesMax = 20;

export class Circuit {
  readonly #parts: CircuitParts;
  readonly #breaker: CircuitBreaker;
  #changes: readonly BreakerChange[] = [];
  #alarm: FailureReason | undefined;
  #timer: Disposable | undefined;
  #probing: Promise<void> | undefined;
  #isClosed = false;

  constructor(parts: CircuitParts) {
    this.#parts = parts;
    this.#breaker = new CircuitBreaker(parts.policy, parts.random);
  }

  get kind(): BreakerState['kind'] {
    return this.#breaker.state.kind;
  }

  get mayServe(): boolean {
    return this.#breaker.mayServe;
  }

  /** How long until the next probe, while one is due. */
  get probeInMs(): number | undefined {
    return this.#breaker.probeInMs(this.#parts.clock.now());
  }

  /** The eldest first, as many as are kept. */
  get changes(): readonly BreakerChange[] {
    return this.#changes;
  }

  /** The failure that keeps it open, where people must mend that. */
  get alarm(): BreakerChange['failure'] {
    if (this.mayServe || this.#alarm === undefined) return undefined;
    return this.#changes.findLast(({ failure }) => failure)?.failure;
  }

  succeed(): void {
    this.#breaker.succeed();
  }

  /** `failure` is what is told of it; `judged` what the breaker goes by. */
  fail(failure: Failure, judged: BreakerFailure): void {
    const wasOpen = !this.mayServe;
    this.#breaker.fail(judged, this.#parts.clock.now());
    if (!wasOpen) this.#alarm = judged.isLasting ? failure.reason : undefined;
    this.#note(failure);
    this.#arm();
  }

  /** Sends a probe before its time, if one may be sent; settles when no probe is out any more. */
  async revive(): Promise<void> {
    if (this.#breaker.admitEarlyProbe(this.#parts.clock.now())) this.#send();
    await this.#probing;
  }

  /** Stops probing. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
  }

  #arm(): void {
    const inMs = this.probeInMs;
    this.#timer?.[Symbol.dispose]();
    if (inMs === undefined || this.#isClosed) return;
    const { clock } = this.#parts;
    this.#timer = clock.at(clock.now() + inMs, () => {
      if (this.#breaker.admitProbe(clock.now())) this.#send();
    });
  }

  #send(): void {
    const { clock, probe, onProbe } = this.#parts;
    const startedAt = clock.now();
    const told = (outcome: 'answered' | 'failed'): void => {
      const endedAt = clock.now();
      onProbe({ startedAt, endedAt, outcome });
      if (outcome === 'answered') this.#breaker.probeSucceeded(endedAt);
      else this.#breaker.probeFailed(endedAt);
      this.#probing = undefined;
      this.#note(undefined);
      this.#arm();
    };
    this.#probing = probe().then(
      () => told('answered'),
      () => told('failed'),
    );
  }

  /** One that only waits for its next probe has not changed. */
  #note(failure: BreakerChange['failure']): void {
    const to = this.kind;
    if (to === 'half-open' || to === (this.#changes.at(-1)?.to ?? 'closed')) return;
    const { reason, message } = failure ?? {};
    const change = {
      at: this.#parts.clock.now(),
      to,
      ...(reason !== undefined && message !== undefined && { failure: { reason, message } }),
    };
    this.#changes = [...this.#changes.slice(1 - changesMax), change];
    this.#parts.onChange(change);
  }
}
