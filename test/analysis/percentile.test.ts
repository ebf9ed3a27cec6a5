import fc from 'fast-check';
import { expect, test } from 'vitest';

import { countUpTo, median, nearestRank, resample, wilson } from '../../src/analysis/percentile.ts';
import { seeded } from '../../src/random/random.ts';

const numbers = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 200 });
const percent = fc.integer({ min: 0, max: 100 });

test('a percentile is the least value that enough of the values do not exceed', () => {
  fc.assert(
    fc.property(numbers, percent, (values, p) => {
      const obvious = values
        .toSorted((one, other) => one - other)
        .find((it) => values.filter((other) => other <= it).length * 100 >= p * values.length);
      const sorted = values.toSorted((one, other) => one - other);
      expect(nearestRank(sorted, p / 100)).toBe(obvious);
    }),
  );
  expect(nearestRank([], 0.5)).toBeUndefined();
  expect(median([3, 1, 2])).toBe(2);
});

test('how many do not exceed a limit is counted', () => {
  fc.assert(
    fc.property(numbers, fc.integer({ min: -1, max: 1001 }), (values, limit) => {
      const sorted = values.toSorted((one, other) => one - other);
      expect(countUpTo(sorted, limit)).toBe(values.filter((it) => it <= limit).length);
    }),
  );
});

test('an interval holds the percentile and does not depend on the order of the values', () => {
  const value = fc.record({
    value: fc.integer({ min: 0, max: 1000 }),
    session: fc.integer({ min: 1, max: 20 }).map(String),
  });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 100 }), (values) => {
      const resampled = resample(values, [0.5, 0.9], seeded(1));
      expect(resample(values.toReversed(), [0.5, 0.9], seeded(1))).toEqual(resampled);
      expect(resampled === undefined).toBe(new Set(values.map((it) => it.session)).size < 5);
      const all = values.map((it) => it.value);
      for (const [low, high] of [
        ...(resampled?.percentiles ?? []),
        ...(resampled ? [resampled.mean] : []),
      ]) {
        expect(low).toBeLessThanOrEqual(high);
        expect(low).toBeGreaterThanOrEqual(Math.min(...all));
        expect(high).toBeLessThanOrEqual(Math.max(...all));
      }
    }),
    { numRuns: 50 },
  );
});

test('an interval agrees with a slow bootstrap that copies the values of whole sessions', () => {
  const values = Array.from({ length: 120 }, (_, at) => ({
    value: (at * 7919) % 1000,
    session: String(at % 12),
  }));
  const random = seeded(3);
  const sessions = [...new Set(values.map((it) => it.session))].sort();
  const medians = Array.from({ length: 400 }, () => {
    const drawn = sessions.map(() => sessions[Math.floor(random.next() * sessions.length)]);
    return median(
      drawn.flatMap((session) =>
        values.filter((it) => it.session === session).map((it) => it.value),
      ),
    );
  });
  const sorted = medians.flatMap((it) => it ?? []).sort((one, other) => one - other);
  expect(resample(values, [0.5], seeded(3))?.percentiles).toEqual([
    [nearestRank(sorted, 0.025), nearestRank(sorted, 0.975)],
  ]);
});

test('turns that are alike within a session widen the interval', () => {
  // 20 sessions of 10 equal turns know as little as 20 turns; 200 sessions of one know more.
  const values = Array.from({ length: 200 }, (_, at) => Math.floor(at / 10) * 10);
  const width = (sessionOf: (at: number) => number): number => {
    const of = values.map((value, at) => ({ value, session: String(sessionOf(at)) }));
    const [low, high] = resample(of, [0.5], seeded(1))?.percentiles[0] ?? [0, 0];
    return high - low;
  };
  expect(width((at) => Math.floor(at / 10))).toBeGreaterThan(2 * width((at) => at));
});

test('the interval of a share is honest at the ends, where resampling sees no spread', () => {
  // Brown, Cai and DasGupta (2001): all of n gives n / (n + z²) as the lower end.
  const [low, high] = wilson(1, 6);
  expect(low).toBeCloseTo(6 / (6 + 1.959964 ** 2), 6);
  expect(high).toBe(1);
});

test('the interval of a share holds the share, and narrows as cases come', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), percent, (count, at) => {
      const ratio = Math.round((at / 100) * count) / count;
      const [low, high] = wilson(ratio, count);
      expect(low).toBeLessThanOrEqual(ratio + 1e-12);
      expect(high).toBeGreaterThanOrEqual(ratio - 1e-12);
      const [lowOfMore, highOfMore] = wilson(ratio, count * 4);
      expect(highOfMore - lowOfMore).toBeLessThan(high - low);
    }),
  );
});
