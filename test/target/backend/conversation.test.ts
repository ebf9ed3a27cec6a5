/** What is said of a conversation: its length, its prefixes, its history, what may be dropped. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { blockTokens } from '../../../src/engine/engine.ts';
import {
  type Conversation,
  countPromptTokens,
  historyOf,
  type Message,
  prefixOf,
  promptOf,
  withoutFront,
} from '../../../src/target/backend/conversation.ts';

const message: fc.Arbitrary<Message> = fc.record({
  role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
  text: fc.string({ maxLength: 1500, unit: 'grapheme' }),
});
const messages = fc.array(message, { maxLength: 12, minLength: 1 });
const of = (messages: readonly Message[]): Conversation => ({ tools: '', messages });

test('a conversation that goes on shares every block of what it began with', () => {
  fc.assert(
    fc.property(messages, messages, (earlier, later) => {
      const before = promptOf(of(earlier));
      const after = promptOf(of([...earlier, ...later]));
      expect(after.prefixes.slice(0, before.prefixes.length)).toEqual(before.prefixes);
      expect(after.prefixes).toHaveLength(Math.floor(after.promptTokens / blockTokens));
    }),
  );
});

test('a conversation that began otherwise shares none', () => {
  const long = 'It goes on at some length. '.repeat(80);
  const one = promptOf(of([{ role: 'user', text: `A ${long}` }]));
  const other = promptOf(of([{ role: 'user', text: `B ${long}` }]));
  expect(one.prefixes.length).toBeGreaterThan(3);
  expect(one.prefixes.filter((prefix) => other.prefixes.includes(prefix))).toEqual([]);
});

test('without its front it fits if it can, and system and last message stay', () => {
  fc.assert(
    fc.property(messages, fc.nat(2000), (messages, tokensMax) => {
      const shorter = withoutFront(of(messages), tokensMax);
      const least = messages.filter(
        ({ role }, at) => role === 'system' || at === messages.length - 1,
      );
      expect(countPromptTokens(shorter)).toBeLessThanOrEqual(
        Math.max(tokensMax, countPromptTokens(of(least))),
      );
      for (const message of least) expect(shorter.messages).toContain(message);
    }),
  );
});

const said = (...texts: string[]) => historyOf(texts.map((text) => ({ role: 'user', text })));

test('history is read from user messages alone, in short', () => {
  expect(said('[s3 t1] hello', '[s3 t2] and', '[s3 t3] so', '[s3 t4] on')).toBe('s3 t1-4');
  expect(said('[s3 t1] hello', '[s3 t3] again')).toBe('s3 t1,3');
  expect(said('[s3 t2] [s4 t1] mixed', '[s3 t1] up')).toBe('s3 t1-2 s4 t1');
  expect(said('no mark')).toBeUndefined();
  expect(historyOf([{ role: 'assistant', text: '[s3 t1]' }])).toBeUndefined();
});

test('only an answer at the end is one to go on with', () => {
  const user: Message = { role: 'user', text: 'q' };
  const begun: Message = { role: 'assistant', text: 'p1 p2' };
  const system: Message = { role: 'system', text: 'Continue.' };
  expect(prefixOf([user, begun])).toBe('p1 p2');
  expect(prefixOf([user, begun, system])).toBe('p1 p2');
  expect(prefixOf([user, begun, user])).toBeUndefined();
  expect(prefixOf([user, { ...begun, calls: 'f()' }])).toBeUndefined();
  expect(prefixOf([user])).toBeUndefined();
});
