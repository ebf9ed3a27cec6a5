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

test('commands are left to scenarios, and so is what does not happen on the way', () => {
  expect(readSpoken({ backend: 'spark', kind: 'exec' })).toMatchObject({
    problem: expect.stringContaining('only a scenario'),
    hint: expect.stringContaining('--allow-exec'),
  });
  expect(readSpoken({ backend: 'spark', kind: 'leave' })).toMatchObject({
    problem: '`leave` does not happen on the way to a backend',
  });
});

test.each([
  [{ kind: 'reset', when: 'connect' }, 'acts at connect'],
  [{ kind: 'silent' }, 'acts at headers'],
  [{ kind: 'reject', status: 503 }, 'acts at headers'],
])('%o has no tokens to wait for', (words, problem) => {
  expect(readSpoken({ backend: 'spark', ...words, afterTokens: 8 })).toMatchObject({
    problem: expect.stringContaining(problem),
    hint: expect.stringContaining('o without the tokens'),
  });
  expect(readSpoken({ backend: 'spark', ...words })).toHaveProperty('spec');
});

test('a duration without a unit is told with its word', () => {
  expect(readSpoken({ backend: 'spark', kind: 'reset', for: '15' })).toMatchObject({
    problem: 'for: this cannot be read: "15"',
    hint: expect.stringContaining('15s'),
  });
});
