/**
 * How sure a percentile of events is that do not depend on one another, from their ranks alone.
 *
 * The number of n values that lie below the p-quantile is binomial, whatever their distribution
 * (David and Nagaraja, Order Statistics, 2003, section 7.1):
 *
 *     P(x₍ₗ₎ ≤ quantile ≤ x₍ᵤ₎) ≥ P(l ≤ B < u),   B ~ Binomial(n, p)
 *
 * So six values hold a median between their least and greatest, and the greatest of 59 is an upper
 * bound of the 95th percentile, each with 95 %.
 */

import { type Interval, wilson } from './percentile.ts';

/**
 * The narrowest pair of values with no more than 2.5 % beyond either; undefined where there are too
 * few.
 */
export const quantileInterval = (sorted: ArrayLike<number>, p: number): Interval | undefined => {
  const below = binomialTails(sorted.length, p);
  const lowRank = below.findLastIndex((tail) => tail <= 0.025) + 1;
  const highRank = below.findIndex((tail) => tail >= 0.975) + 1;
  const low = sorted[lowRank - 1];
  const high = sorted[highRank - 1];
  return low === undefined || high === undefined ? undefined : [low, high];
};

/**
 * The least value that the p-quantile does not exceed, 95 % sure; undefined where there are too
 * few.
 */
export const quantileAtMost = (sorted: ArrayLike<number>, p: number): number | undefined =>
  sorted[binomialTails(sorted.length, p).findIndex((tail) => tail >= 0.95)];

/** `P(B ≤ k)` for each k below n. */
const binomialTails = (n: number, p: number): readonly number[] => {
  const tails: number[] = [];
  let logTerm = n * Math.log(1 - p);
  let tail = 0;
  for (let k = 0; k < n; k++) {
    tail += Math.exp(logTerm);
    tails.push(tail);
    logTerm += Math.log(((n - k) / (k + 1)) * (p / (1 - p)));
  }
  return tails;
};

/**
 * 95 % interval of a share of cases that do not depend on one another. Where all or none were so,
 * it is the one-sided bound: none of n is at most 3 / n (Hanley and Lippman-Hand, 1983).
 */
export const shareInterval = (part: number, whole: number): Interval => {
  const bound = 1 - 0.05 ** (1 / whole);
  if (part === 0) return [0, bound];
  return part === whole ? [1 - bound, 1] : wilson(part / whole, whole);
};
