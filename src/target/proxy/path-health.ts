/**
 * The health of one way to a backend, apart from the backend's own.
 *
 *     well ──cannot be connected──▶ set aside ──5 s, 10 s, … 60 s──▶ probed ──answer──▶ well
 *                                      ▲                               │
 *                                      └───────── no answer ───────────┘
 *
 * While it is set aside the next way is taken first. It comes back by a probe of ours, so that no
 * user pays for finding out. A certificate that is not valid is not mended by waiting: there the
 * wait is five minutes at once, and people are told.
 */

import type { Failure } from '../../protocol/generation.ts';
import { lastingMs } from './circuit-breaker.ts';

/** The first wait, which doubles up to the last. */
const firstMs = 5000;
const lastMs = 60_000;

export class PathHealth {
  /** Failures in a row, of users' requests or of probes. */
  #failureCount = 0;
  #probeAt: number | undefined;
  #failure: Failure | undefined;

  /** Whether other ways come first. */
  get isSetAside(): boolean {
    return this.#failureCount > 0;
  }

  /** When to probe it; undefined while it is well. */
  get probeAt(): number | undefined {
    return this.#probeAt;
  }

  /** What people must mend, if that is what is wrong. */
  get alarm(): Failure | undefined {
    return this.#failure?.isLasting === true ? this.#failure : undefined;
  }

  /** It could not be connected, or said nothing. What comes while a probe is due is no news. */
  fail(failure: Failure, now: number): void {
    if (this.#probeAt !== undefined && now < this.#probeAt) return;
    const backOffMs = Math.min(firstMs * 2 ** Math.min(this.#failureCount, 10), lastMs);
    this.#failureCount++;
    this.#failure = failure;
    this.#probeAt = now + (failure.isLasting === true ? lastingMs : backOffMs);
  }

  /** An answer came over it. */
  succeed(): void {
    this.#failureCount = 0;
    this.#probeAt = undefined;
    this.#failure = undefined;
  }
}
