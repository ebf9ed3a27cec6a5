import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  quantileAtMost,
  quantileInterval,
  shareInterval,
} from '../../src/analysis/order-statistic.ts';
import { seeded } from '../../src/random/random.ts';

const first = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

test('the interval of a median is minimum to maximum for 6 to 8 values, then narrower', () => {
  expect(quantileInterval(first(5), 0.5)).toBeUndefined();
  expect(quantileInterval(first(6), 0.5)).toEqual([1, 6]);
  expect(quantileInterval(first(8), 0.5)).toEqual([1, 8]);
  expect(quantileInterval(first(9), 0.5)).toEqual([2, 8]);
  // Of 20 fair coins at most 5 show heads with a chance of 0.021, and at most 6 with 0.058.
  expect(quantileInterval(first(20), 0.5)).toEqual([6, 15]);
});

test('the greatest of 59 bounds a 95th percentile, of 299 a 99th; one fewer does not', () => {
  expect(quantileAtMost(first(58), 0.95)).toBeUndefined();
  expect(quantileAtMost(first(59), 0.95)).toBe(59);
  expect(quantileAtMost(first(298), 0.99)).toBeUndefined();
  expect(quantileAtMost(first(299), 0.99)).toBe(299);
});

test('an interval holds the quantile about as often as it says', () => {
  const random = seeded(3);
  const held = Array.from({ length: 2000 }, () => {
    const drawn = Float64Array.from({ length: 150 }, () => random.next()).sort();
    const [low, high] = quantileInterval(drawn, 0.95) ?? [1, 0];
    return low <= 0.95 && 0.95 <= high;
  }).filter(Boolean).length;
  // Ranks are whole numbers, so it holds at least 95 %; three standard errors of 0.95 are 0.015.
  expect(held / 2000).toBeGreaterThan(0.935);
});

test('none of n is bounded by about 3 / n, all of n from below', () => {
  expect(shareInterval(0, 3000)[1]).toBeCloseTo(0.001, 5);
  expect(shareInterval(300, 300)[0]).toBeCloseTo(0.99, 3);
});

test('a share lies in its interval', () => {
  fc.assert(
    fc.property(fc.nat(500), fc.integer({ min: 1, max: 500 }), (part, whole) => {
      fc.pre(part <= whole);
      const [low, high] = shareInterval(part, whole);
      expect(low).toBeLessThanOrEqual(part / whole + 1e-12);
      expect(high).toBeGreaterThanOrEqual(part / whole - 1e-12);
      expect(low).toBeGreaterThanOrEqual(0);
      expect(high).toBeLessThanOrEqual(1);
    }),
  );
});
