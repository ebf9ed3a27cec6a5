/** Questions across a channel of messages. */

import { expect, test } from 'vitest';

import { type Answer, Correspondence } from '../../src/run/correspondence.ts';
import { RunError } from '../../src/run/run-error.ts';

const pair = (answer: Answer) => {
  const one: Correspondence = new Correspondence((letter) => other.take(letter), answer);
  const other: Correspondence = new Correspondence((letter) => one.take(letter), answer);
  return [one, other] as const;
};

test('each question gets its own answer, from either side', async () => {
  const [one, other] = pair(async (message, value) => `${message} ${String(value)}`);
  const all = [one.ask('a', 1), other.ask('b', 2), one.ask('c', 3)];
  expect(await Promise.all(all)).toEqual(['a 1', 'b 2', 'c 3']);
});

test('a refusal keeps its hint, and a lost channel refuses all that is open', async () => {
  const [one] = pair(async () => {
    throw new RunError('no', 'Do this.');
  });
  await expect(one.ask('a', 1)).rejects.toMatchObject({ name: 'RunError', hint: 'Do this.' });
  const [lost] = pair(() => new Promise(() => undefined));
  const open = lost.ask('a', 1);
  lost.close(new Error('the thread ended'));
  await expect(open).rejects.toThrow('the thread ended');
  await expect(lost.ask('b', 2)).rejects.toThrow('the thread ended');
});
