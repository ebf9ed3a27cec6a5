/**
 * What to do about an attempt that says nothing: a pure function of when it last said something.
 *
 *     silent ──suspectMs──▶ ask another connection ──dead──▶ over
 *       │                      └──alive──▶ wait, and ask again after as long
 *       └──────────────── first-token, stall or total deadline ─────────────▶ over
 *
 * One deadline is a bad bargain: short, it condemns a model that thinks; long, it waits for a path
 * that is dead. A second question, over a fresh connection, tells the two apart. And when a look
 * comes far too late, the waiting was cut short by ourselves: it is given back, once a silence.
 */

import { graceMs } from '../../time/lateness.ts';

/** How long an attempt may be silent. */
export interface SilenceBounds {
  readonly firstTokenMs: number;
  /** Between two events with content. */
  readonly stallMs: number;
  readonly totalMs: number;
  /** Silence after which another connection is asked; absent where none is. */
  readonly suspectMs?: number;
}

/** What to do now. */
export type SilenceStep = 'wait' | 'ask' | 'first-token' | 'stall' | 'total';

export class SilenceWatch {
  readonly #bounds: SilenceBounds;
  readonly #totalAt: number;
  #since: number;
  #hasToken = false;
  /** Content has come, and nobody has waited since. */
  #isBroken = false;
  #dueAt: number;
  #suspectAt: number;
  #hasGrace = true;

  constructor(bounds: SilenceBounds, startedAt: number) {
    this.#bounds = bounds;
    this.#since = startedAt;
    this.#totalAt = startedAt + bounds.totalMs;
    this.#dueAt = Math.min(startedAt + bounds.firstTokenMs, this.#totalAt);
    this.#suspectAt = this.#suspectFrom(startedAt);
  }

  /** Content has come. */
  progress(): void {
    this.#hasToken = true;
    this.#isBroken = true;
  }

  /** Somebody waits for more: from here on silence counts. */
  waitFrom(now: number): void {
    if (!this.#isBroken) return;
    this.#isBroken = false;
    this.#since = now;
    this.#hasGrace = true;
    this.#dueAt = Math.min(now + this.#bounds.stallMs, this.#totalAt);
    this.#suspectAt = this.#suspectFrom(now);
  }

  /** When this silence began. */
  get since(): number {
    return this.#since;
  }

  /** When to look again. */
  get nextAt(): number {
    return Math.min(this.#dueAt, this.#suspectAt);
  }

  /** Looks at the silence; an `ask` is to be followed by what the other connection said. */
  look(now: number): SilenceStep {
    if (now < this.nextAt) return 'wait';
    const grace = this.#hasGrace ? graceMs(this.nextAt, now) : 0;
    if (grace > 0) {
      this.#hasGrace = false;
      this.#dueAt = Math.max(this.#dueAt, now + grace);
      this.#suspectAt = Math.max(this.#suspectAt, now + grace);
      return 'wait';
    }
    if (now >= this.#dueAt) {
      if (this.#dueAt >= this.#totalAt) return 'total';
      return this.#hasToken ? 'stall' : 'first-token';
    }
    this.#suspectAt = Number.POSITIVE_INFINITY;
    return 'ask';
  }

  /** The other connection was answered. */
  alive(now: number): void {
    this.#suspectAt = this.#suspectFrom(now);
  }

  #suspectFrom(now: number): number {
    return now + (this.#bounds.suspectMs ?? Number.POSITIVE_INFINITY);
  }
}
