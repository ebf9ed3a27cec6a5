import fc from 'fast-check';
import { expect, test } from 'vitest';

import { integrityOf } from '../../src/analysis/integrity.ts';

test('an answer that was continued where it stopped is whole', () => {
  expect(integrityOf('p1-140 a141-283')).toEqual({
    lost: 0,
    repeated: 0,
    isMixed: false,
    sources: ['p', 'a'],
  });
});

test('a gap is lost, a second time is repeated, and what comes late or comes back is mixed', () => {
  expect(integrityOf('p1-10 a13-20')).toMatchObject({ lost: 2, repeated: 0, isMixed: false });
  expect(integrityOf('p1-10 a8-20')).toMatchObject({ lost: 0, repeated: 3, isMixed: false });
  expect(integrityOf('p1-10 a1-20')).toMatchObject({ lost: 0, repeated: 10, isMixed: false });
  expect(integrityOf('p1-10 a13-20 a11-12')).toMatchObject({ lost: 0, isMixed: true });
  expect(integrityOf('p1-10 a11-20 p21-30')).toMatchObject({ lost: 0, isMixed: true });
  expect(integrityOf('p3')).toMatchObject({ lost: 2 });
});

test('what is not runs is not judged', () => {
  expect(integrityOf('')).toBeUndefined();
  expect(integrityOf('hello world')).toBeUndefined();
});

test('lost and repeated agree with counting every number', () => {
  const run = fc
    .tuple(fc.constantFrom('p', 'a'), fc.integer({ min: 1, max: 40 }), fc.nat(20))
    .map(([source, from, length]) => ({ source, from, to: from + length }));
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 8 }), (runs) => {
      const text = runs.map(({ source, from, to }) => `${source}${from}-${to}`).join(' ');
      const received = runs.flatMap(({ from, to }) =>
        Array.from({ length: to - from + 1 }, (_, at) => from + at),
      );
      const distinct = new Set(received);
      expect(integrityOf(text)).toMatchObject({
        lost: Math.max(...received) - distinct.size,
        repeated: received.length - distinct.size,
      });
    }),
  );
});
