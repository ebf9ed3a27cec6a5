/** What is held against the numbers of a stream, and what is not. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { EventOrder } from '../../../src/target/proxy/event-order.ts';

const places = (events: readonly (readonly [number | undefined, string])[]) => {
  const order = new EventOrder();
  return events.map(([number, data]) => order.judge(number, data));
};

const alternating = (numbers: readonly (number | undefined)[]) =>
  places(numbers.map((number, at) => [number, `event ${at}`]));

test('a copy has the number and the words of the event before', () => {
  const events = [
    [4, 'a'],
    [5, 'b'],
    [5, 'b'],
    [6, 'c'],
  ] as const;
  expect(places(events)).toEqual(['next', 'next', 'copy', 'next']);
});

test('an event is late whose number had been left out', () => {
  expect(alternating([3, 4, 6, 5, 7])).toEqual(['next', 'next', 'next', 'late', 'next']);
});

test('two events of one number are two', () => {
  expect(alternating([3, 4, 4, 5])).toEqual(Array.from({ length: 4 }, () => 'next'));
});

test.each([
  ['not at all', () => undefined],
  ['with one number for all', () => 7],
  ['with zero for all', () => 0],
  ['each of two items by itself', (at: number) => 1 + Math.floor(at / 2)],
  ['from anywhere', (at: number) => 40 + at],
  ['in steps', (at: number) => 3 * at],
])('a server that counts %s is read whole, also where it repeats its words', (_, numberOf) => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('ha ', 'so ')), (words) => {
      // Two items have words of their own.
      const events = words.map((word, at) => [numberOf(at), `${word} ${at % 2}`] as const);
      expect(places(events)).toEqual(words.map(() => 'next'));
    }),
  );
});
