/**
 * Arrival processes: when an open loop begins its next session.
 *
 * An arrival process never looks at the target. A slow target therefore cannot slow the load that
 * measures it, which is the error known as coordinated omission
 * (https://github.com/giltene/wrk2, last section).
 */

import assert from 'node:assert/strict';

import { exponential, gamma } from '../random/distribution.ts';
import type { Random } from '../random/random.ts';

/** Yields the gap, in milliseconds, between each arrival and the one before it. */
export type ArrivalProcess = () => number;

/** One arrival every `1000 / perSecond` milliseconds. */
export const constantArrivals = (perSecond: number): ArrivalProcess => {
  const gapMs = meanGapMs(perSecond);

  return () => gapMs;
};

/**
 * Arrivals that know nothing of one another: exponential gaps with a mean of `1000 / perSecond`.
 *
 * Their sum is left to chance. Rescaling it to hit the rate exactly would make runs look alike by
 * removing the very variance that queues suffer from.
 */
export const poissonArrivals = (perSecond: number, random: Random): ArrivalProcess => {
  const gapMs = meanGapMs(perSecond);

  return () => exponential(random, gapMs);
};

/**
 * Arrivals in bursts (`cv` above 1) or more regular than chance (below 1): gamma gaps of shape
 * 1/cv² and mean `1000 / perSecond`.
 *
 * ServeGen finds 60 to 76 % of its windows of production traffic gamma, with a median cv of 1.2;
 * people within a busy hour come at 1.04 to 1.15 (RAGPulse), programs at 2 to 7.
 */
export const gammaArrivals = (perSecond: number, cv: number, random: Random): ArrivalProcess => {
  const gapMs = meanGapMs(perSecond);

  return () => gamma(random, gapMs, cv);
};

const meanGapMs = (perSecond: number): number => {
  assert.ok(perSecond > 0, `arrivals per second must be positive, got ${perSecond}`);

  return 1000 / perSecond;
};
