/** What is held against the numbers of a stream, and what is not. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { EventOrder } from '../../../src/target/proxy/event-order.ts';

/** The words that are read after each event, in order; `late` where the stream has to be given up. */
const places = (events: readonly (readonly [number | undefined, string])[], lastAt = -1) => {
  const order = new EventOrder();
  return events.map(([number, data], at) => {
    const readable = order.take({ number, data, isLast: at === lastAt });
    return readable ? readable.map((it) => it.data).join(' ') : 'late';
  });
};

const alternating = (numbers: readonly (number | undefined)[], lastAt = -1) =>
  places(
    numbers.map((number, at) => [number, String.fromCodePoint(97 + at)]),
    lastAt,
  );

test('a copy has the number and the words of the event before', () => {
  const events = [
    [4, 'a'],
    [5, 'b'],
    [5, 'b'],
    [6, 'c'],
  ] as const;
  expect(places(events)).toEqual(['a', 'b', '', 'c']);
});

test('an event that came early waits for the one before it', () => {
  expect(alternating([3, 4, 6, 5, 7])).toEqual(['a', 'b', '', 'd c', 'e']);
  const copied = [3, 4, 7, 6, 6, 5, 8].map((number) => [number, `${number}`] as const);
  expect(places(copied)).toEqual(['3', '4', '', '', '', '5 6 7', '8']);
});

test('an event is late when too many have come without it', () => {
  expect(alternating([3, 4, 6, 7, 8, 9, 10, 5])).toEqual('a,b,,,,,c d e f g,late'.split(','));
});

test('a number left out keeps a stream waiting once, and never beyond its last event', () => {
  expect(alternating([3, 4, 6, 7, 8, 9, 10, 12, 13])).toEqual('a,b,,,,,c d e f g,h,i'.split(','));
  expect(alternating([3, 4, 6, 7], 3)).toEqual(['a', 'b', '', 'c d']);
});

test('whatever the order of few events, none is lost or told twice', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([2, 3, 4, 5, 6], { minLength: 5 }), (numbers) => {
      const events = [0, 1, ...numbers].map((number) => [number, `${number}`] as const);
      expect(places(events).join(' ').split(' ').filter(Boolean).join('')).toBe('0123456');
    }),
  );
});

test('two events of one number are two', () => {
  expect(alternating([3, 4, 4, 5])).toEqual(['a', 'b', 'c', 'd']);
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
      expect(places(events).join(' ').trim()).toBe(
        events
          .map(([, data]) => data)
          .join(' ')
          .trim(),
      );
    }),
  );
});
