import { expect, test } from 'vitest';

import { failoverFloors, floorOf, percentileFloors } from '../../src/metric/floor.ts';

/** Of seeing at most one of n values above the p-quantile. */
const chance = (p: number, n: number): number => p ** n + n * (1 - p) * p ** (n - 1);

test('each floor is the least that the formula allows', () => {
  for (const [stat, p] of [
    ['p50', 0.5],
    ['p90', 0.9],
    ['p95', 0.95],
    ['p99', 0.99],
  ] as const) {
    const floor = floorOf(percentileFloors, stat);
    expect(chance(p, floor)).toBeLessThanOrEqual(0.01);
    expect(chance(p, floor - 1)).toBeGreaterThan(0.01);
  }
});

test('a failover median is said from 6 on, and its upper percentiles are not', () => {
  expect(floorOf(failoverFloors, 'p50')).toBe(6);
  expect(floorOf(failoverFloors, 'p90')).toBe(64);
  expect(floorOf(failoverFloors, 'max')).toBe(1);
});
