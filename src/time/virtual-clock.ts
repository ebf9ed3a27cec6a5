/**
 * A clock that stands still until it is told to move.
 *
 * Events are called in the order of their instants, and in the order of their arming where instants
 * are equal. Between two events every promise that can settle does, so that asynchronous code runs
 * exactly as it would with time between the events.
 */

import { type Clock, sleepWith } from './clock.ts';

interface Armed {
  readonly instant: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  /** A binary heap, earliest first. */
  readonly #heap: Armed[] = [];
  readonly #wallOrigin: number;

  /** `wallOrigin` is what `wall()` says at instant 0, in milliseconds since 1970. */
  constructor(wallOrigin = Date.UTC(2026, 0, 1)) {
    this.#wallOrigin = wallOrigin;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wallOrigin + this.#now;
  }

  /** Events to come. */
  get armedCount(): number {
    return this.#heap.filter(({ cancelled }) => !cancelled).length;
  }

  at(instant: number, run: () => void): Disposable {
    const armed: Armed = { instant, order: this.#order++, run, cancelled: false };
    this.#push(armed);
    return {
      [Symbol.dispose]: () => {
        armed.cancelled = true;
      },
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepWith(this, ms, signal);
  }

  /** Runs every event up to and including `instant`, then stands there. */
  async advanceTo(instant: number): Promise<void> {
    await settle();
    for (let next = this.#heap[0]; next && next.instant <= instant; next = this.#heap[0]) {
      this.#pop();
      if (next.cancelled) continue;
      this.#now = Math.max(this.#now, next.instant);
      next.run();
      await settle();
    }
    this.#now = Math.max(this.#now, instant);
  }

  /** Stands elsewhere at once, as after a sleep of the machine: what was due meanwhile is late. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Runs events until `done` settles; gives up at `instantMax`, which is a hang. */
  async runUntil<T>(done: Promise<T>, instantMax: number): Promise<T> {
    let isSettled = false;
    const seen = done.finally(() => {
      isSettled = true;
    });
    seen.catch(() => undefined);
    await settle();
    while (!isSettled) {
      const next = this.#pop();
      if (!next) throw new Error(`nothing is armed at ${this.#now} ms, and it is not done`);
      if (next.cancelled) continue;
      if (next.instant > instantMax) throw new Error(`not done at ${instantMax} ms`);
      this.#now = Math.max(this.#now, next.instant);
      next.run();
      await settle();
    }
    return seen;
  }

  #push(armed: Armed): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(armed);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (!parent || !isBefore(armed, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = armed;
  }

  #pop(): Armed | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (!left) break;
      const child = right && isBefore(right, left) ? right : left;
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = child === right ? 2 * at + 2 : 2 * at + 1;
    }
    heap[at] = last;
    return top;
  }
}

const isBefore = (one: Armed, other: Armed): boolean =>
  one.instant < other.instant || (one.instant === other.instant && one.order < other.order);

/** An immediate comes after every promise that can settle now. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
