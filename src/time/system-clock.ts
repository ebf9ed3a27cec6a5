/**
 * The machine's own clock.
 *
 * Node's timers count whole milliseconds and may fire up to 0.4 ms early, so `at` rounds up and
 * looks again before it calls.
 */

import { type Clock, sleepWith } from './clock.ts';

/** The instant, in nanoseconds of the machine's monotonic clock, that a run counts from. */
export const originNow = (): bigint => process.hrtime.bigint();

/** The longest delay one Node timer can hold; longer waits are made of several. */
const timerMsMax = 2 ** 31 - 1;

/** A clock that counts from `origin`; every thread of a run is given the same one. */
export const systemClock = (origin: bigint = originNow()): Clock => {
  const now = (): number => Number(process.hrtime.bigint() - origin) / 1e6;
  const at = (instant: number, run: () => void): Disposable => {
    let timer: NodeJS.Timeout;
    const look = (): void => {
      const left = instant - now();
      if (left <= 0) run();
      else arm(left);
    };
    const arm = (left: number): void => {
      timer = setTimeout(look, Math.min(Math.ceil(left), timerMsMax));
    };
    arm(Math.max(instant - now(), 0));
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  };

  return {
    now,
    at,
    wall: () => Date.now(),
    sleep: (ms, signal) => sleepWith({ now, at }, ms, signal),
  };
};

/** The smallest step the clock is seen to make, in milliseconds. */
export const resolutionMs = (clock: Clock): number => {
  let smallest = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 1000; look++) {
    const before = clock.now();
    const step = clock.now() - before;
    if (step > 0) smallest = Math.min(smallest, step);
  }
  return smallest;
};
