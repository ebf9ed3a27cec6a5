/** The schedule is fixed by the seed, in order, and within its horizon. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { planStarts } from '../../src/load/plan.ts';
import type { LoadSpec } from '../../src/load/schema.ts';
import { seeded } from '../../src/random/random.ts';

const load: fc.Arbitrary<LoadSpec> = fc.oneof(
  fc.record({
    kind: fc.constant('open' as const),
    sessionsPerSecond: fc.double({ min: 0.01, max: 20, noNaN: true }),
    arrivals: fc.oneof(
      fc.constant({ kind: 'constant' as const }),
      fc.constant({ kind: 'poisson' as const }),
      fc.record({
        kind: fc.constant('gamma' as const),
        cv: fc.double({ min: 0.2, max: 4, noNaN: true }),
      }),
    ),
  }),
  fc.record({
    kind: fc.constant('closed' as const),
    concurrentSessions: fc.integer({ min: 1, max: 50 }),
  }),
  fc.record({
    kind: fc.constant('scripted' as const),
    sessions: fc.integer({ min: 1, max: 50 }),
    every: fc.constantFrom('0 s', '300 ms', '2 s'),
  }),
);

describe('a plan', () => {
  test('is in order, within the horizon, and the same for the same seed', () => {
    fc.assert(
      fc.property(load, fc.integer({ min: 1, max: 60_000 }), fc.nat(), (load, horizonMs, seed) => {
        const starts = planStarts(load, { random: seeded(seed), horizonMs });
        expect(starts).toEqual([...starts].toSorted((a, b) => a - b));
        expect(starts.every((start) => start >= 0 && start < horizonMs)).toBe(true);
        expect(planStarts(load, { random: seeded(seed), horizonMs })).toEqual(starts);
      }),
    );
  });

  test('of an open load grows with the horizon and keeps its beginning', () => {
    const open: LoadSpec = { kind: 'open', sessionsPerSecond: 5 };
    const short = planStarts(open, { random: seeded(3), horizonMs: 10_000 });
    const long = planStarts(open, { random: seeded(3), horizonMs: 60_000 });
    expect(long.slice(0, short.length)).toEqual(short);
  });

  test('of an open load has rate times horizon sessions', () => {
    const open: LoadSpec = { kind: 'open', sessionsPerSecond: 2, arrivals: { kind: 'poisson' } };
    const { length } = planStarts(open, { random: seeded(5), horizonMs: 5_000_000 });
    // A Poisson count of mean 10,000 has a deviation of 100.
    expect(Math.abs(length - 10_000)).toBeLessThan(4 * 100);
  });

  test('of a script starts at fixed instants', () => {
    const scripted: LoadSpec = { kind: 'scripted', sessions: 4, every: '2 s' };
    const random = seeded(1);
    expect(planStarts(scripted, { random, horizonMs: 60_000 })).toEqual([0, 2000, 4000, 6000]);
    expect(planStarts(scripted, { random, horizonMs: 4001 })).toEqual([0, 2000, 4000]);
  });

  test('of a closed loop has one start a user, within a second', () => {
    const closed: LoadSpec = { kind: 'closed', concurrentSessions: 20 };
    const starts = planStarts(closed, { random: seeded(1), horizonMs: 60_000 });
    expect(starts).toHaveLength(20);
    expect(Math.max(...starts)).toBeLessThan(1000);
  });

  test('that cannot be held is refused, with a hint', () => {
    const flood: LoadSpec = { kind: 'open', sessionsPerSecond: 10_000 };
    expect(() => planStarts(flood, { random: seeded(1), horizonMs: 3_600_000 })).toThrow(
      expect.objectContaining({ name: 'LoadError', hint: expect.stringContaining('Lower') }),
    );
  });
});
