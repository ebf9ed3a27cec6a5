/**
 * Percentiles and how sure they are.
 *
 * A percentile is by nearest rank: the least value that at least a share p of the values does not
 * exceed. It is always a value that was measured.
 *
 * Turns of one session depend on one another, so the interval comes from resampling whole sessions
 * with replacement (the cluster bootstrap of Davison and Hinkley, 1997, section 3.8), 400 times,
 * from a stream of its own: the same log gives the same interval.
 */

import type { Random } from '../random/random.ts';

/** A value and the session it was measured in. */
export interface Value {
  readonly value: number;
  readonly session: string;
}

export type Interval = readonly [number, number];

const resampleCount = 400;

/** Fewer sessions than this say nothing about how much sessions differ. */
const sessionsMin = 5;

/** The value at share `p` of sorted values; undefined when there are none. */
export const nearestRank = (sorted: ArrayLike<number>, p: number): number | undefined =>
  sorted[Math.min(sorted.length, Math.max(1, rankOf(p, sorted.length))) - 1];

/** Half of the values are no greater. */
export const median = (values: readonly number[]): number | undefined =>
  nearestRank(
    values.toSorted((one, other) => one - other),
    0.5,
  );

/** How many of sorted values do not exceed a limit. */
export const countUpTo = (sorted: ArrayLike<number>, limit: number): number => {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? Infinity) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** `p × n` rounded up, but not because 0.9 × 10 is 9.000000000000002 or so in binary. */
const rankOf = (p: number, count: number): number => Math.ceil(p * count - 1e-9);

/** The 0.975 quantile of a standard normal. */
const z = 1.959_964;

/**
 * 95 % interval of a share that was seen in `count` independent cases, by Wilson (1927). Unlike a
 * resampling it is honest at the ends: all of 6 is 61 to 100 %, not 100 to 100 %.
 */
export const wilson = (ratio: number, count: number): Interval => {
  const spread = z * Math.sqrt((ratio * (1 - ratio)) / count + z ** 2 / (4 * count ** 2));
  const middle = ratio + z ** 2 / (2 * count);
  const scale = 1 + z ** 2 / count;
  return [Math.max(0, (middle - spread) / scale), Math.min(1, (middle + spread) / scale)];
};

export interface Resampled {
  /** 95 % intervals, in the order of the shares asked for. */
  readonly percentiles: readonly Interval[];
  readonly mean: Interval;
}

/** 95 % intervals of percentiles and mean; undefined for too few sessions. */
export const resample = (
  values: readonly Value[],
  shares: readonly number[],
  random: Random,
): Resampled | undefined => {
  const sessions = [...new Set(values.map(({ session }) => session))].sort();
  if (sessions.length < sessionsMin) return undefined;
  const places = new Map(sessions.map((session, place) => [session, place]));
  const sorted = values.toSorted((one, other) => one.value - other.value);
  const numbers = Float64Array.from(sorted, ({ value }) => value);
  const owners = Int32Array.from(sorted, ({ session }) => places.get(session) ?? 0);
  const weights = new Int32Array(sessions.length);
  const found = shares.map(() => new Float64Array(resampleCount));
  const means = new Float64Array(resampleCount);
  for (let round = 0; round < resampleCount; round++) {
    weights.fill(0);
    for (let draw = 0; draw < sessions.length; draw++) {
      const place = Math.floor(random.next() * sessions.length);
      weights[place] = (weights[place] ?? 0) + 1;
    }
    weigh(numbers, owners, weights, shares, (place, value) => {
      const of = found[place] ?? means;
      of[round] = value;
    });
  }

  return { percentiles: found.map(middle), mean: middle(means) };
};

/**
 * Tells the percentiles, by place, and then the mean, of values that count `weights` times each.
 */
const weigh = (
  numbers: Float64Array,
  owners: Int32Array,
  weights: Int32Array,
  shares: readonly number[],
  tell: (place: number, value: number) => void,
): void => {
  let total = 0;
  let sum = 0;
  for (let at = 0; at < numbers.length; at++) {
    const weight = weights[owners[at] ?? 0] ?? 0;
    total += weight;
    sum += weight * (numbers[at] ?? 0);
  }
  let passed = 0;
  let at = -1;
  const ranks = shares.map((share, place) => ({ place, rank: rankOf(share, total) }));
  for (const { place, rank } of ranks.sort((one, other) => one.rank - other.rank)) {
    while (passed < Math.max(1, rank) && at < numbers.length - 1)
      passed += weights[owners[++at] ?? 0] ?? 0;
    tell(place, numbers[at] ?? 0);
  }
  tell(shares.length, sum / total);
};

const middle = (values: Float64Array): Interval => {
  const sorted = values.toSorted();
  return [nearestRank(sorted, 0.025) ?? 0, nearestRank(sorted, 0.975) ?? 0];
};
