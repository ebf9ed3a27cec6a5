/** What became of numbered tokens. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { decodeRuns, encodeRuns, integrityOf, runsIn } from '../../src/measurement/integrity.ts';

const words = (source: string, from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `${source}${from + index} `).join('');

test.each([
  [words('p', 1, 20), 'p1-20', 0, 0],
  [words('p', 1, 20) + words('a', 21, 50), 'p1-20 a21-50', 0, 0],
  [words('p', 1, 20) + words('a', 1, 30), 'p1-20 a1-30', 0, 20],
  [words('p', 1, 20) + words('a', 23, 30), 'p1-20 a23-30', 2, 0],
  [words('p', 1, 20) + words('a', 19, 30), 'p1-20 a19-30', 0, 2],
  [words('p', 2, 3) + words('p', 3, 4), 'p2-3 p3-4', 1, 1],
  [`${words('p', 1, 3)}Sure, here it is: ${words('a', 4, 6)}`, 'p1-3 a4-6', 0, 0],
])('%s is kept as %s', (text, written, lost, repeated) => {
  const runs = runsIn(text) ?? [];
  expect(encodeRuns(runs)).toBe(written);
  expect(integrityOf(runs)).toEqual({ lost, repeated });
});

test('an answer cut short has lost the rest, if one knows how long it was to be', () => {
  expect(integrityOf(decodeRuns('p1-20'), 50)).toEqual({ lost: 30, repeated: 0 });
});

test.each(['', 'Hello p1 p2', 'per1 p2', '{"a":1}', '東京の天気は晴れです'])(
  '%s is not numbered',
  (text) => {
    expect(runsIn(text)).toBeUndefined();
  },
);

const run = fc
  .record({
    source: fc.constantFrom('p' as const, 'a' as const),
    from: fc.integer({ min: 1, max: 300 }),
    length: fc.integer({ min: 1, max: 40 }),
  })
  .map(({ source, from, length }) => ({ source, from, to: from + length - 1 }));

test('runs survive being written and read', () => {
  fc.assert(
    fc.property(fc.array(run), (runs) => {
      expect(decodeRuns(encodeRuns(runs))).toEqual(runs);
    }),
  );
});

test('runs hold every token in its order, and no other', () => {
  fc.assert(
    fc.property(fc.array(run, { minLength: 1 }), (given) => {
      const tokens = (runs: typeof given): string =>
        runs.map(({ source, from, to }) => words(source, from, to)).join('');
      const text = tokens(given);
      expect(tokens(runsIn(text) ?? [])).toBe(text);
    }),
  );
});

test('lost and repeated are what counting one by one finds', () => {
  fc.assert(
    fc.property(fc.array(run), fc.integer({ min: 1, max: 400 }), (runs, expected) => {
      const received = runs.flatMap(({ from, to }) =>
        Array.from({ length: to - from + 1 }, (_, index) => from + index),
      );
      const lost = Array.from({ length: expected }, (_, index) => index + 1).filter(
        (number) => !received.includes(number),
      ).length;
      const repeated = received.filter((number, at) => received.indexOf(number) < at).length;
      expect(integrityOf(runs, expected)).toEqual({ lost, repeated });
    }),
  );
});
