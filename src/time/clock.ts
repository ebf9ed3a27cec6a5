/**
 * Time, as something a program is given.
 *
 * Nothing outside this room reads the machine's clock or sets a timer. That one rule lets the whole
 * hybrid, proxy and faults included, be replayed from a seed in virtual time.
 *
 * Instants are milliseconds since the run's origin, with a fraction. The origin is handed to every
 * thread, so instants taken in different threads compare.
 */

import { atDeadline } from './lateness.ts';

/** A source of time: the machine's own, or a virtual one that a test advances. */
export interface Clock {
  /** Milliseconds since the run's origin. Monotonic. */
  now(): number;
  /** The time of day for people: milliseconds since 1970. Never used to measure. */
  wall(): number;
  /** Calls `run` at the instant or after it, never before. Disposing cancels. */
  at(instant: number, run: () => void): Disposable;
  /** Resolves after `ms`, never early. Rejects with the signal's reason when that aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** `sleep` for any clock, out of its `at`. */
export const sleepWith = (
  clock: Pick<Clock, 'now' | 'at'>,
  ms: number,
  signal?: AbortSignal,
): Promise<void> => sleepUntil(clock, clock.now() + ms, signal);

/**
 * Resolves at an instant or after it, never before; rejects as `sleep` does. An instant less now,
 * plus now, may be a hair less than the instant: who means an instant says so.
 */
export const sleepUntil = (
  clock: Pick<Clock, 'at'>,
  instant: number,
  signal?: AbortSignal,
): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(reasonOf(signal));
      return;
    }
    const leave = () => {
      timer[Symbol.dispose]();
      if (signal) reject(reasonOf(signal));
    };
    const timer = clock.at(instant, () => {
      signal?.removeEventListener('abort', leave);
      resolve();
    });
    signal?.addEventListener('abort', leave, { once: true });
  });

/** Thrown by `within` when the deadline passes first. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/**
 * Waits for a promise, but not past `ms`. What the promise does later is ignored, so that a wait
 * that cannot be cancelled (undici while connecting) still lets its caller go on in time.
 */
export const within = <T>(
  clock: Clock,
  ms: number,
  what: string,
  promise: Promise<T>,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = atDeadline(clock, clock.now() + ms, () =>
      reject(new DeadlineError(`${what} took longer than ${ms} ms`)),
    );
    promise.then(
      (value) => {
        timer[Symbol.dispose]();
        resolve(value);
      },
      (error: unknown) => {
        timer[Symbol.dispose]();
        reject(error);
      },
    );
  });

const reasonOf = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
