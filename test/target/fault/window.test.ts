/** Steps and square waves, without a clock. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { endsAt, isWithin, opensAfter, spansUntil } from '../../../src/target/fault/window.ts';

const wave = { from: 10, until: 100, wave: { periodMs: 20, lastsMs: 5 } };

test('a wave comes and goes', () => {
  const there = Array.from({ length: 110 }, (_, now) => now).filter((now) => isWithin(wave, now));
  expect(there).toEqual([10, 30, 50, 70, 90].flatMap((at) => [at, at + 1, at + 2, at + 3, at + 4]));
  expect(spansUntil(wave, 60)).toEqual([
    { from: 10, until: 15 },
    { from: 30, until: 35 },
    { from: 50, until: 55 },
  ]);
});

test('its edges can be waited for', () => {
  expect(opensAfter(wave, 0)).toBe(10);
  expect(opensAfter(wave, 10)).toBe(30);
  expect(endsAt(wave, 32)).toBe(35);
  expect(opensAfter(wave, 90)).toBeUndefined();
  const step = { from: 10, until: 20 };
  expect([opensAfter(step, 9), opensAfter(step, 10), endsAt(step, 12)]).toEqual([
    10,
    undefined,
    20,
  ]);
});

test('it is there from each opening to the end told then, whatever the numbers', () => {
  const number = fc.double({ min: 1, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(
      number,
      number,
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      fc.nat(1000),
      (from, periodMs, ratio, cycle) => {
        const window = {
          from,
          until: Number.POSITIVE_INFINITY,
          wave: { periodMs, lastsMs: periodMs * ratio },
        };
        const opened = opensAfter(window, from + (cycle + ratio) * periodMs);
        expect(opened).toBeDefined();
        if (opened === undefined) return;
        expect(isWithin(window, opened)).toBe(true);
        expect(isWithin(window, endsAt(window, opened))).toBe(false);
      },
    ),
  );
});
