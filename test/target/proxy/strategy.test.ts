import assert from 'node:assert/strict';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { seeded } from '../../../src/random/random.ts';
import { type Standing, preferred } from '../../../src/target/proxy/strategy.ts';

const strategies = ['ordered', 'weighted', 'least-busy', 'lowest-latency', 'cheapest'] as const;

const anyStanding: fc.Arbitrary<Standing> = fc.record({
  weight: fc.nat(5),
  draw: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
  busyRatio: fc.double({ min: 0, max: 4, noNaN: true }),
  firstTokenMs: fc.option(fc.nat(5000), { nil: undefined }),
  costUsd: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
});

const standing = (more: Partial<Standing>): Standing => ({
  weight: 1,
  draw: 0.5,
  busyRatio: 0,
  firstTokenMs: undefined,
  costUsd: 0,
  ...more,
});

test('no strategy adds or loses a candidate', () => {
  fc.assert(
    fc.property(fc.array(anyStanding), fc.constantFrom(...strategies), (candidates, strategy) => {
      const order = preferred(candidates, strategy);
      assert.equal(order.length, candidates.length);
      assert.deepEqual(new Set(order), new Set(candidates));
    }),
  );
});

test('each strategy sorts by what it is named for, and leaves equals as they stand', () => {
  const rank = {
    'least-busy': ({ busyRatio }: Standing) => busyRatio,
    'lowest-latency': ({ firstTokenMs }: Standing) => firstTokenMs ?? 0,
    cheapest: ({ costUsd }: Standing) => costUsd ?? Number.POSITIVE_INFINITY,
  };
  fc.assert(
    fc.property(
      fc.array(anyStanding),
      fc.constantFrom('least-busy' as const, 'lowest-latency' as const, 'cheapest' as const),
      (candidates, strategy) => {
        const order = preferred(candidates, strategy);
        for (const [at, one] of order.entries()) {
          const next = order[at + 1];
          if (!next) continue;
          const [mine, theirs] = [rank[strategy](one), rank[strategy](next)];
          assert.ok(mine <= theirs);
          if (mine === theirs) assert.ok(candidates.indexOf(one) < candidates.indexOf(next));
        }
      },
    ),
  );
});

test('weights are shares of the first place', () => {
  const random = seeded(7);
  const weights = [5, 3, 2, 0];
  const firsts = [0, 0, 0, 0];
  const draws = 20_000;
  for (let at = 0; at < draws; at++) {
    const candidates = weights.map((weight) => standing({ weight, draw: random.next() }));
    const [first] = preferred(candidates, 'weighted');
    const place = candidates.findIndex((it) => it === first);
    firsts[place] = (firsts[place] ?? 0) + 1;
  }
  // The share of a weight w of 10 has a standard error of √(w/10 (1 − w/10) / 20,000), at most
  // 0.0036; four of them are exceeded by one seed in 15,000, and this one is fixed.
  for (const [at, weight] of weights.entries())
    expect(Math.abs((firsts[at] ?? 0) / draws - weight / 10)).toBeLessThan(4 * 0.0036);
});

test('a candidate without weight is a fallback, also when chance draws nothing', () => {
  const fallback = standing({ weight: 0, draw: 0 });
  const other = standing({ draw: 0.999_999 });
  expect(preferred([fallback, other], 'weighted')).toEqual([other, fallback]);
});
