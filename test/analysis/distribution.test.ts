import fc from 'fast-check';
import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import type { Distribution } from '../../src/analysis/analysis.ts';
import { exchange, log } from '../kit/log.ts';

const distributionOf = (values: readonly number[]): Distribution | undefined =>
  analyse(
    log(
      values.map((value, at) =>
        exchange({ session: at + 1, scheduledAt: 100, sentAt: 100, firstTextAt: 100 + value }),
      ),
    ),
  ).distributions.find(({ id, where }) => id === 'ttfo' && where === 'all');

test('each point is a value with the share of values that do not exceed it', () => {
  const values = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(values, (all) => {
      const distribution = distributionOf(all);
      expect(distribution?.n).toBe(all.length);
      expect(distribution?.points.map(({ value }) => value)).toEqual(
        all.toSorted((one, other) => one - other),
      );
      expect(distribution?.points.at(-1)?.ratio).toBe(1);
    }),
    { numRuns: 30 },
  );
});

test('many values are condensed to 300 points that keep the ends', () => {
  const distribution = distributionOf(Array.from({ length: 1000 }, (_, at) => at));
  expect(distribution?.points).toHaveLength(300);
  expect(distribution?.points[149]).toEqual({ value: 499, ratio: 0.5 });
  expect(distribution?.points.at(-1)).toEqual({ value: 999, ratio: 1 });
});
