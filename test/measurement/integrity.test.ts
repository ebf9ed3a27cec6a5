/** What became of numbered tokens: what is written, and what the analysis makes of it. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { integrityOf } from '../../src/analysis/integrity.ts';
import { numberedRuns } from '../../src/measurement/integrity.ts';

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
  expect(numberedRuns(text)).toBe(written);
  expect(integrityOf(written)).toMatchObject({ lost, repeated });
});

test.each(['', 'Hello p1 p2', 'per1 p2', '{"a":1}', '東京の天気は晴れです'])(
  '%s is not numbered',
  (text) => {
    expect(numberedRuns(text)).toBeUndefined();
  },
);

const run = fc
  .record({
    source: fc.constantFrom('p', 'a'),
    from: fc.integer({ min: 1, max: 300 }),
    length: fc.integer({ min: 1, max: 40 }),
  })
  .map(({ source, from, length }) => ({ source, from, to: from + length - 1 }));

test('runs hold every token in its order, and no other', () => {
  fc.assert(
    fc.property(fc.array(run, { minLength: 1 }), (given) => {
      const text = given.map(({ source, from, to }) => words(source, from, to)).join('');
      const back = (numberedRuns(text) ?? '').split(' ').map((it) => {
        const [first = '', to = ''] = it.split('-');
        return words(first.slice(0, 1), Number(first.slice(1)), Number(to));
      });
      expect(back.join('')).toBe(text);
    }),
  );
});

test('lost and repeated are what counting one by one finds', () => {
  fc.assert(
    fc.property(fc.array(run, { minLength: 1 }), (given) => {
      const text = given.map(({ source, from, to }) => words(source, from, to)).join('');
      const numbers = given.flatMap(({ from, to }) =>
        Array.from({ length: to - from + 1 }, (_, index) => from + index),
      );
      const distinct = new Set(numbers).size;
      expect(integrityOf(numberedRuns(text) ?? '')).toMatchObject({
        lost: Math.max(...numbers) - distinct,
        repeated: numbers.length - distinct,
      });
    }),
  );
});
