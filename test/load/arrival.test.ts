/** Arrival processes keep their rate, their variance, and what a seed decides. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { constantArrivals, gammaArrivals, poissonArrivals } from '../../src/load/arrival.ts';
import { seeded } from '../../src/random/random.ts';

const rate = fc.double({ min: 0.01, max: 10_000, noNaN: true });
const cv = fc.double({ min: 0.1, max: 8, noNaN: true });

test('no arrival comes before the one it follows', () => {
  fc.assert(
    fc.property(rate, cv, fc.integer(), (perSecond, cv, seed) => {
      const poisson = poissonArrivals(perSecond, seeded(seed));
      const gamma = gammaArrivals(perSecond, cv, seeded(seed));
      for (let arrival = 0; arrival < 50; arrival++) {
        expect(poisson()).toBeGreaterThanOrEqual(0);
        expect(gamma()).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});

test('the same seed gives the same arrivals', () => {
  fc.assert(
    fc.property(rate, cv, fc.integer(), (perSecond, cv, seed) => {
      const one = gammaArrivals(perSecond, cv, seeded(seed));
      const other = gammaArrivals(perSecond, cv, seeded(seed));
      expect([one(), one(), one()]).toEqual([other(), other(), other()]);
    }),
  );
});

test('constant arrivals are constant', () => {
  const gap = constantArrivals(4);
  expect([gap(), gap()]).toEqual([250, 250]);
});

describe('arrivals at 10 a second keep rate and variance', () => {
  // For gaps of mean m = 100 ms and coefficient of variation c, over n draws: the standard error of
  // the mean is m·c/√n. That of the deviation is m·c·√((κ − 1)/4n), where a gamma (c = 1 is the
  // exponential) has kurtosis κ = 3 + 6c². Four standard errors are exceeded by one seed in 15,000,
  // and the seeds are fixed.
  const count = 100_000;

  test.each([
    ['poisson', 1, poissonArrivals(10, seeded(1))],
    ['gamma of cv 0.5', 0.5, gammaArrivals(10, 0.5, seeded(2))],
    ['gamma of cv 1.2', 1.2, gammaArrivals(10, 1.2, seeded(3))],
    ['gamma of cv 3', 3, gammaArrivals(10, 3, seeded(4))],
  ])('%s', (_, c, gap) => {
    const gaps = Array.from({ length: count }, gap);
    const mean = gaps.reduce((sum, it) => sum + it, 0) / count;
    const deviation = Math.sqrt(gaps.reduce((sum, it) => sum + (it - mean) ** 2, 0) / count);
    expect(Math.abs(mean - 100)).toBeLessThan((4 * 100 * c) / Math.sqrt(count));
    const error = 100 * c * Math.sqrt((2 + 6 * c ** 2) / (4 * count));
    expect(Math.abs(deviation - 100 * c)).toBeLessThan(4 * error);
  });
});

test('a rate must be positive', () => {
  expect(() => constantArrivals(0)).toThrow(/arrivals per second must be positive, got 0/);
});
