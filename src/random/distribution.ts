/**
 * The laws that arrivals, lengths and pauses follow, each drawn from a stream it is given.
 */

import assert from 'node:assert/strict';

import type { Random } from './random.ts';

/** Exponential with the given mean. */
export const exponential = (random: Random, mean: number): number => {
  assert.ok(mean >= 0, `the mean of an exponential must not be negative, got ${mean}`);

  // `1 - u` lies in (0, 1], so the logarithm is finite.
  return -Math.log(1 - random.next()) * mean;
};

/** Standard normal, by Box and Muller; the second value is thrown away to keep draws countable. */
const standardNormal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

/** Log-normal by its median and the deviation of its logarithm. */
export const logNormal = (random: Random, median: number, sigma: number): number =>
  median * Math.exp(sigma * standardNormal(random));

/**
 * Gamma by its mean and coefficient of variation: shape 1/cv², scale mean·cv².
 * Marsaglia and Tsang (2000), with their boost for a shape below 1.
 */
export const gamma = (random: Random, mean: number, cv: number): number => {
  assert.ok(cv > 0, `the coefficient of variation must be positive, got ${cv}`);
  const shape = 1 / cv ** 2;
  const boosted = shape < 1 ? shape + 1 : shape;
  const d = boosted - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = standardNormal(random);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - random.next();
    if (Math.log(u) < 0.5 * x ** 2 + d - d * v + d * Math.log(v)) {
      const boost = shape < 1 ? (1 - random.next()) ** (1 / shape) : 1;
      return d * v * boost * mean * cv ** 2;
    }
  }
};

/** A whole number from `min` to `max`, both included. */
export const integerBetween = (random: Random, min: number, max: number): number =>
  min + Math.floor(random.next() * (max - min + 1));

/** One of the items, each as likely as the others. */
export const pick = <T>(random: Random, items: readonly T[]): T => {
  const item = items[Math.floor(random.next() * items.length)];
  assert.ok(item !== undefined, 'nothing to pick from');

  return item;
};

/** The items in an order of which each is as likely as the others. */
export const shuffled = <T>(random: Random, items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, place: random.next() }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ item }) => item);
