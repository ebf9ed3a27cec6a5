/** A map that keeps what was set last. */

import { expect, test } from 'vitest';

import { BoundedMap } from '../../../src/target/proxy/bounded-map.ts';

test('it forgets what was set longest ago, and says so', () => {
  const dropped: number[] = [];
  const map = new BoundedMap<string, number>(2, (value) => void dropped.push(value));
  map.set('a', 1).set('b', 2).set('a', 3).set('c', 4);
  expect([...map]).toEqual([
    ['b', 2],
    ['c', 4],
  ]);
  expect(dropped).toEqual([3]);
});
