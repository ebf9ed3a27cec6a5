/**
 * Slots of one backend and the queue before them, first come first served.
 *
 * Ollama queues without telling anyone, so waiting is done here, where it can be seen, bounded and
 * given up. Pure but for the callback that says a slot has come: whoever waits sets the deadline.
 */

import assert from 'node:assert/strict';

/** A place in the queue; `onGranted` is called once, unless it is given up first. */
interface Waiting {
  readonly onGranted: (startedAt: number) => void;
}

/** A queued request's hold on its place. */
export interface Ticket {
  /** Leaves the queue; false when the slot has been granted already. */
  giveUp(): boolean;
}

/** Weight of the latest service time in the running mean. */
const latestWeightRatio = 0.2;

export class Admission {
  readonly #slots: number;
  readonly #startedAts: number[] = [];
  readonly #waiting: Waiting[] = [];
  #meanServiceMs: number | undefined;

  constructor(slots: number) {
    assert.ok(slots >= 1, `a backend needs a slot, got ${slots}`);
    this.#slots = slots;
  }

  get runningCount(): number {
    return this.#startedAts.length;
  }

  get queuedCount(): number {
    return this.#waiting.length;
  }

  get hasFreeSlot(): boolean {
    return this.runningCount < this.#slots && this.queuedCount === 0;
  }

  /** Takes a slot if one is free. */
  enter(now: number): boolean {
    if (!this.hasFreeSlot) return false;
    this.#startedAts.push(now);
    return true;
  }

  /** Queues for a slot; undefined when `queueMax` wait already. */
  queue(queueMax: number, onGranted: (startedAt: number) => void): Ticket | undefined {
    if (this.queuedCount >= queueMax) return undefined;
    const waiting: Waiting = { onGranted };
    this.#waiting.push(waiting);
    return {
      giveUp: () => {
        const at = this.#waiting.indexOf(waiting);
        if (at < 0) return false;
        this.#waiting.splice(at, 1);
        return true;
      },
    };
  }

  /** Gives back the slot taken at `startedAt`; the first in the queue has it next. */
  leave(startedAt: number, now: number): void {
    const at = this.#startedAts.indexOf(startedAt);
    assert.ok(at >= 0, 'a slot was given back that was not taken');
    this.#startedAts.splice(at, 1);
    const next = this.#waiting.shift();
    if (!next) return;
    this.#startedAts.push(now);
    next.onGranted(now);
  }

  /** Learns how long a request that was served held its slot. */
  served(serviceMs: number): void {
    const mean = this.#meanServiceMs ?? serviceMs;
    this.#meanServiceMs = mean + latestWeightRatio * (serviceMs - mean);
  }

  /**
   * How long a request that queues now is likely to wait, if all running ones take the mean time:
   * the slot freed for it is the (queued + 1)-th, counted from the oldest.
   */
  predictedWaitMs(now: number): number | undefined {
    const mean = this.#meanServiceMs;
    if (mean === undefined) return undefined;
    if (this.hasFreeSlot) return 0;
    const rounds = Math.floor(this.queuedCount / this.#slots);
    const ahead = this.#startedAts[this.queuedCount % this.#slots] ?? now;
    return rounds * mean + Math.max(0, ahead + mean - now);
  }
}
