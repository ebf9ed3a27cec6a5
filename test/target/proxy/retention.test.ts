import { describe, expect, test } from 'vitest';

import fc from 'fast-check';

import { sweeping, sweepingInPieces } from '../../../src/target/proxy/retention.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** A time of day that can be set, beside a clock that cannot. */
const clocks = () => {
  let now = 0;
  let set = 1_795_000_000_000;
  return {
    wall: () => set + now,
    steady: () => now,
    pass: (ms: number) => void (now += ms),
    leap: (ms: number) => void (set += ms),
  };
};

describe('what is too old', () => {
  test('is told once an hour, by the time of day', () => {
    const clock = clocks();
    const tooOld = sweeping({ retainDays: 30, ...clock });
    clock.pass(hour - 1);
    expect(tooOld()).toBeUndefined();
    clock.pass(1);
    expect(tooOld()).toBe(clock.wall() - 30 * day);
    expect(tooOld()).toBeUndefined();
  });

  test('is not told while the time of day has just leapt ahead, and is once it is mended', () => {
    const clock = clocks();
    const tooOld = sweeping({ retainDays: 30, ...clock });
    clock.pass(50 * minute);
    clock.leap(3650 * day);
    clock.pass(10 * minute);
    expect(tooOld()).toBeUndefined();
    clock.leap(-3650 * day);
    clock.pass(hour);
    expect(tooOld()).toBe(clock.wall() - 30 * day);
  });

  test('is told again when the time of day has stayed where it leapt to', () => {
    const clock = clocks();
    const tooOld = sweeping({ retainDays: 30, ...clock });
    clock.leap(90 * day);
    clock.pass(hour);
    expect(tooOld()).toBeUndefined();
    clock.pass(hour);
    expect(tooOld()).toBe(clock.wall() - 30 * day);
  });

  test('never goes by a time that has not stood for an hour', () => {
    const step = fc.record({
      passMs: fc.integer({ min: 0, max: 3 * hour }),
      leapMs: fc.oneof(fc.constant(0), fc.integer({ min: hour, max: 90 * day })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const clock = clocks();
        const tooOld = sweeping({ retainDays: 30, ...clock });
        let leaptAt = Number.NEGATIVE_INFINITY;
        for (const { passMs, leapMs } of steps) {
          clock.pass(passMs);
          clock.leap(leapMs);
          if (leapMs > 0) leaptAt = clock.steady();
          const hasStood = clock.steady() - leaptAt >= hour;
          expect([undefined, ...(hasStood ? [clock.wall() - 30 * day] : [])]).toContain(tooOld());
        }
      }),
    );
  });
});

describe('much that is too old', () => {
  /** So many kept since the beginning, and a sweep that tells how many it removed. */
  const kept = (count: number) => {
    const clock = clocks();
    let walls = Array.from({ length: count }, () => clock.wall());
    const sweep = sweepingInPieces({ retainDays: 30, ...clock }, (before, countMax) => {
      const old = walls.filter((wall) => wall < before).slice(0, countMax);
      walls = walls.slice(old.length);
      return old.length;
    });
    const swept = (): number => {
      const before = walls.length;
      sweep();
      return before - walls.length;
    };
    return { clock, swept, left: () => walls.length };
  };

  test('goes a piece at a time, and all of it', () => {
    const { clock, swept, left } = kept(1000);
    clock.pass(31 * day);
    const pieces = Array.from({ length: 100 }, swept);
    expect(Math.max(...pieces)).toBeLessThanOrEqual(16);
    expect(left()).toBe(0);
    expect(swept()).toBe(0);
  });

  test('goes no further once the time of day is mended', () => {
    const { clock, swept, left } = kept(1000);
    clock.leap(90 * day);
    clock.pass(hour);
    swept();
    clock.pass(hour);
    expect(swept()).toBe(16);
    clock.leap(-90 * day);
    for (let at = 0; at < 100; at++) swept();
    expect(left()).toBe(1000 - 16);
  });
});
