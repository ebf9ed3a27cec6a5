/**
 * How much may happen in a span of time, at whatever moment the span begins.
 *
 *     limit 10      ├──────── span ────────┤
 *       4   3       3                          the 4 leaves the span: 4 are free again
 *     ──┼───┼───────┼──────────▶ now
 *
 * A counter that starts anew each minute lets twice its limit through around the turn; this one
 * never exceeds it in any span, so it also satisfies a server whose minutes begin elsewhere. What
 * happens within one step of the span is kept as one amount, which counts until the last of it has
 * left: memory is bounded, and the error is on the side of caution. Pure: `now` is told.
 */

/** What was charged; its amount can be corrected for as long as it counts. */
export interface Charge {
  readonly step: Step;
  amount: number;
}

interface Step {
  readonly firstAt: number;
  lastAt: number;
  amount: number;
  isOver: boolean;
}

/** A span is kept in this many steps: half a second of a minute. */
const stepCount = 120;

export class RateWindow {
  readonly limit: number;
  readonly #spanMs: number;
  readonly #stepMs: number;
  #steps: Step[] = [];
  #used = 0;

  constructor(limit: number, spanMs: number) {
    this.limit = limit;
    this.#spanMs = spanMs;
    this.#stepMs = spanMs / stepCount;
  }

  /** How much is left now. */
  left(now: number): number {
    this.#expire(now);
    return Math.max(0, this.limit - this.#used);
  }

  /** How long until this much fits; 0 now, Infinity never. */
  waitMs(amount: number, now: number): number {
    if (amount > this.limit) return Number.POSITIVE_INFINITY;
    this.#expire(now);
    let used = this.#used;
    if (used + amount <= this.limit) return 0;
    for (const step of this.#steps) {
      used -= step.amount;
      if (used + amount <= this.limit) return this.#endOf(step) - now;
    }
    return 0;
  }

  /** How long until nothing counts any more, if nothing is added. */
  resetMs(now: number): number {
    this.#expire(now);
    const last = this.#steps.at(-1);
    return last ? this.#endOf(last) - now : 0;
  }

  charge(amount: number, now: number): Charge {
    this.#expire(now);
    this.#used += amount;
    const last = this.#steps.at(-1);
    if (last && now - last.firstAt < this.#stepMs) {
      last.lastAt = now;
      last.amount += amount;
      return { step: last, amount };
    }
    const step = { firstAt: now, lastAt: now, amount, isOver: false };
    this.#steps.push(step);
    return { step, amount };
  }

  /** Replaces an estimate by what it came to. */
  correct(charge: Charge, amount: number): void {
    const more = amount - charge.amount;
    charge.amount = amount;
    charge.step.amount += more;
    if (!charge.step.isOver) this.#used += more;
  }

  #endOf(step: Step): number {
    return step.lastAt + this.#spanMs;
  }

  #expire(now: number): void {
    let over = 0;
    for (const step of this.#steps) {
      if (this.#endOf(step) > now) break;
      step.isOver = true;
      this.#used -= step.amount;
      over++;
    }
    if (over > 0) this.#steps = this.#steps.slice(over);
  }
}
