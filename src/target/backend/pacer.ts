/**
 * Drives an engine by a clock: the one place where a simulated backend waits.
 *
 *     offer ──▶ look ──▶ tokens that are due ──▶ whoever follows the job
 *                 ▲            │
 *                 └── timer ◀──┘ at the next token, or the next change of the batch
 *
 * Tokens leave at absolute instants from `tokenAt`, so a timer that fires late delays one token and
 * no other, and the rate over a whole answer is the engine's own.
 */

import type { Engine } from '../../engine/engine.ts';
import type { Clock } from '../../time/clock.ts';

/** The part of an engine that pacing needs. */
export type Paced = Pick<Engine, 'nextChangeAt' | 'advance' | 'tokenAt' | 'state'>;

interface Followed {
  readonly jobId: string;
  readonly tokens: number;
  readonly onTokens: (sentTokens: number) => void;
  sentTokens: number;
}

export class Pacer {
  readonly #engine: Paced;
  readonly #clock: Clock;
  readonly #followed = new Map<string, Followed>();
  #timer: Disposable | undefined;
  #isClosed = false;

  constructor(engine: Paced, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /**
   * Tells how many of the job's tokens have left, each time that grows, until all have. A job
   * without tokens is told of once, when it is done.
   */
  follow(jobId: string, tokens: number, onTokens: (sentTokens: number) => void): void {
    this.#followed.set(jobId, { jobId, tokens, onTokens, sentTokens: 0 });
    this.look();
  }

  /** Forgets a job; the engine is told by whoever cancels. */
  forget(jobId: string): void {
    this.#followed.delete(jobId);
    this.look();
  }

  /** Lets out what is due, and waits for what comes next. Needed after every offer and cancel. */
  look(): void {
    if (this.#isClosed) return;
    const due = this.#collect(this.#clock.now());
    const nextAt = this.#nextAt();
    this.#timer?.[Symbol.dispose]();
    this.#timer = nextAt < Infinity ? this.#clock.at(nextAt, () => this.look()) : undefined;
    // Told last, because whoever is told may offer, cancel and look again.
    for (const it of due) {
      if (it.sentTokens >= it.tokens) this.#followed.delete(it.jobId);
      it.onTokens(it.sentTokens);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    this.#followed.clear();
  }

  /** Moves the engine to `now`, change by change: what `tokenAt` says holds only until the next. */
  #collect(now: number): ReadonlySet<Followed> {
    const due = new Set<Followed>();
    for (;;) {
      const changeAt = this.#engine.nextChangeAt() ?? Infinity;
      for (const it of this.#followed.values())
        if (this.#sendUntil(it, Math.min(now, changeAt))) due.add(it);
      if (changeAt > now) break;
      this.#engine.advance(changeAt);
    }
    this.#engine.advance(now);
    for (const it of this.#followed.values())
      if (it.tokens === 0 && this.#engine.state(it.jobId)?.kind === 'done') due.add(it);
    return due;
  }

  #sendUntil(followed: Followed, until: number): boolean {
    const before = followed.sentTokens;
    while (followed.sentTokens < followed.tokens) {
      const at = this.#engine.tokenAt(followed.jobId, followed.sentTokens + 1);
      if (at === undefined || at > until) break;
      followed.sentTokens++;
    }
    return followed.sentTokens > before;
  }

  #nextAt(): number {
    let nextAt = this.#engine.nextChangeAt() ?? Infinity;
    // A job that has nothing to send waits for the engine to be done with it, not for a token.
    for (const { jobId, tokens, sentTokens } of this.#followed.values())
      if (sentTokens < tokens)
        nextAt = Math.min(nextAt, this.#engine.tokenAt(jobId, sentTokens + 1) ?? Infinity);
    return nextAt;
  }
}
