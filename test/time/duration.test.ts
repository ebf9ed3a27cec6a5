/** Durations as people write them. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { durationPattern, parseDuration } from '../../src/time/duration.ts';

test.each([
  ['300 ms', 300],
  ['60 s', 60_000],
  ['5 min', 300_000],
  ['2h', 7_200_000],
  ['1.5 s', 1500],
  [250, 250],
])('%s is %d ms', (written, ms) => {
  expect(parseDuration(written)).toBe(ms);
});

test.each(['60', 's', '-1 s', '1 day', '1,5 s', '', -1, Number.NaN, Number.POSITIVE_INFINITY])(
  '%s is no duration',
  (written) => {
    expect(parseDuration(written)).toBeUndefined();
  },
);

test('what the pattern admits is a duration, and nothing else is', () => {
  const pattern = new RegExp(durationPattern);
  const near = fc.stringMatching(/^ ?\d{0,3}\.?\d{0,2} ?(ms|s|min|h|m|)$/);
  fc.assert(
    fc.property(near, (written) => {
      expect(parseDuration(written) !== undefined).toBe(pattern.test(written));
    }),
  );
});
