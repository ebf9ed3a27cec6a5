/**
 * Whose lateness it is when a deadline passes: theirs, or ours.
 *
 * A process that was stopped, a loop that was blocked, a machine that slept: then every deadline
 * passes at once, while what was waited for may lie in the sockets, unread. A timer that fires far
 * later than it was due is the sign of it. What was taken from the waiting is given back once, and
 * in that time the sockets are read first.
 */

import type { Clock } from './clock.ts';

/** Timers are late by this much on a machine that is merely busy. */
const busyMs = 20;
/** Nobody is given back more than this. */
const graceMsMax = 2000;

/** How much longer to wait when a timer due at one instant fires at another: 0 on time. */
export const graceMs = (dueAt: number, firedAt: number): number => {
  const lateMs = firedAt - dueAt;
  return lateMs <= busyMs ? 0 : Math.min(lateMs, graceMsMax);
};

/** Calls at an instant, or after a grace where that is missed by our own fault. */
export const atDeadline = (
  clock: Pick<Clock, 'now' | 'at'>,
  instant: number,
  run: () => void,
): Disposable => {
  let timer = clock.at(instant, () => {
    const now = clock.now();
    const more = graceMs(instant, now);
    if (more === 0) run();
    else timer = clock.at(now + more, run);
  });
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
};
