/** A fault said by hand: what is wrong with it is told by the word it stands in. */

import { expect, test } from 'vitest';

import { readSpoken } from '../../../src/target/fault/spoken.ts';

test('a fault that can be read begins now', () => {
  expect(readSpoken({ backend: 'spark', kind: 'reset', for: '15s' })).toMatchObject({
    spec: { at: '0 s', kind: 'reset' },
  });
});

test('a kind that nobody knows is told with those that are', () => {
  expect(readSpoken({ backend: 'spark', kind: 'rset' })).toMatchObject({
    problem: "no kind of fault is called 'rset'",
    hint: expect.stringContaining('reset'),
  });
});

test('a duration without a unit is told with its word', () => {
  expect(readSpoken({ backend: 'spark', kind: 'reset', for: '15' })).toMatchObject({
    problem: 'for: this cannot be read: "15"',
    hint: expect.stringContaining('15s'),
  });
});
