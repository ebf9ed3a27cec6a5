/** The simulated model does what it was asked, and misbehaves only as told. */

import fc from 'fast-check';
import Schema from 'typebox/schema';
import { expect, test } from 'vitest';

import type { FunctionTool } from '../../../src/protocol/responses.ts';
import type { Message } from '../../../src/target/backend/conversation.ts';
import {
  answerTo,
  type Ask,
  type Piece,
  wantedTokens,
} from '../../../src/target/backend/cooperative-model.ts';

const user = (text: string): Message => ({ role: 'user', text });
const assistant = (text: string): Message => ({ role: 'assistant', text });
const system = (text: string): Message => ({ role: 'system', text });
const toolResult: Message = { role: 'tool', text: '{"temperature":21}' };

const weather: FunctionTool = {
  type: 'function',
  name: 'weather',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string', minLength: 1 }, days: { type: 'integer', minimum: 1 } },
    required: ['city', 'days'],
  },
};
const clock: FunctionTool = { type: 'function', name: 'clock' };

const ask = (messages: readonly Message[], more: Partial<Ask> = {}): Ask => ({
  messages,
  tools: [],
  toolChoice: 'auto',
  isParallelToolCalls: true,
  format: { type: 'text' },
  thinks: false,
  outputTokensMax: Infinity,
  letter: 'p',
  continues: 'well',
  ...more,
});

const textOf = (pieces: readonly Piece[]): string =>
  pieces.map((piece) => (piece.kind === 'text' ? piece.text : '')).join('');

const argumentsOf = (pieces: readonly Piece[], index: number): string =>
  pieces
    .map((piece) => (piece.kind === 'arguments' && piece.index === index ? piece.text : ''))
    .join('');

const callsOf = (pieces: readonly Piece[]): string[] =>
  pieces.flatMap((piece) => (piece.kind === 'call' ? [piece.name] : []));

const numbers = (letter: string, from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, at) => `${letter}${from + at}`).join(' ');

test.each(['Limit: 900 tokens. Answer in 5 tokens.', '5トークンで答えて', 'about 5 Token, please'])(
  'asked for five tokens (%s), it counts to five',
  (question) => {
    const answer = answerTo(ask([system('Be brief, in 9 tokens.'), user(question)]));
    expect(textOf(answer.pieces)).toBe('p1 p2 p3 p4 p5');
    expect(answer.pieces).toHaveLength(5);
    expect(answer.reason).toBe('stop');
  },
);

test('where nothing is said about length, it is drawn from what users said, and bounded', () => {
  const lengths = Array.from({ length: 500 }, (_, at) => wantedTokens([user(`question ${at}`)]));
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(20);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(600);
  // The standard error of the median of 500 draws with σ = 0.7 is 130 · 0.7 · 1.25 / √500 = 5.
  expect(Math.abs((lengths.toSorted((a, b) => a - b)[250] ?? 0) - 130)).toBeLessThan(4 * 5);
  expect(wantedTokens([system('other'), user('question 1')])).toBe(lengths[1]);
});

test('a model that thinks does so first, for about a quarter of the answer', () => {
  const { pieces } = answerTo(ask([user('in 40 tokens')], { thinks: true }));
  expect(pieces.slice(0, 10).map((piece) => piece.kind)).toEqual(Array(10).fill('thinking'));
  expect(textOf(pieces)).toBe(numbers('p', 1, 40));
  const long = answerTo(ask([user('in 4000 tokens')], { thinks: true }));
  expect(long.pieces.filter(({ kind }) => kind === 'thinking')).toHaveLength(100);
});

test('the output limit counts thinking too, and is never exceeded', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.boolean(), fc.boolean(), (limit, thinks, hasTools) => {
      const given = ask([user('in 30 tokens')], { thinks, tools: hasTools ? [weather] : [] });
      const whole = answerTo(given);
      const limited = answerTo({ ...given, outputTokensMax: limit });
      expect(limited.pieces).toEqual(whole.pieces.slice(0, limit));
      expect(limited.reason).toBe(whole.pieces.length > limit ? 'length' : whole.reason);
    }),
  );
});

test('offered tools, it calls the first with arguments that obey, and then answers in text', () => {
  const first = answerTo(ask([user('in 10 tokens')], { tools: [weather, clock] }));
  expect(callsOf(first.pieces)).toEqual(['weather']);
  expect(first.reason).toBe('tool-calls');
  const called: unknown = JSON.parse(argumentsOf(first.pieces, 0));
  expect(Schema.Check(weather.parameters ?? {}, called)).toBe(true);

  const messages = [user('in 10 tokens'), { ...assistant(''), calls: 'weather' }, toolResult];
  const second = answerTo(ask(messages, { tools: [weather, clock] }));
  expect(textOf(second.pieces)).toBe(numbers('p', 1, 10));
  expect(callsOf(second.pieces)).toEqual([]);

  const third = answerTo(ask([...messages, assistant('done'), user('x')], { tools: [weather] }));
  expect(callsOf(third.pieces)).toEqual(['weather']);
});

test('the choice of tools is honoured', () => {
  const tools = [weather, clock];
  const choose = (toolChoice: Ask['toolChoice'], question = 'hello', more: Message[] = []) =>
    callsOf(answerTo(ask([user(question), ...more], { tools, toolChoice })).pieces);
  expect(choose('none')).toEqual([]);
  expect(choose('auto', 'do both in parallel')).toEqual(['weather', 'clock']);
  expect(choose({ type: 'function', name: 'clock' })).toEqual(['clock']);
  expect(choose('required', 'hello', [toolResult])).toEqual(['weather']);
  const clockOnly = {
    type: 'allowed_tools',
    tools: [{ type: 'function', name: 'clock' }],
  } as const;
  expect(choose(clockOnly)).toEqual(['clock']);
  const alone = ask([user('in parallel')], { tools, isParallelToolCalls: false });
  expect(callsOf(answerTo(alone).pieces)).toEqual(['weather']);
});

test('asked for JSON, it gives JSON that obeys', () => {
  const schema = {
    type: 'object',
    properties: { 項目: { type: 'array', items: { enum: ['日本', '😀😀'] }, minItems: 2 } },
    required: ['項目'],
  };
  const format = { type: 'json_schema', name: 'x', schema } as const;
  const { pieces } = answerTo(ask([user('hello')], { format }));
  expect(Schema.Check(schema, JSON.parse(textOf(pieces)))).toBe(true);
  expect(pieces.length).toBeGreaterThan(3);
  // No token ends in half a character.
  expect(pieces.every((piece) => piece.kind === 'text' && piece.text.isWellFormed())).toBe(true);

  const free = answerTo(ask([user('hello')], { format: { type: 'json_object' } }));
  expect(JSON.parse(textOf(free.pieces))).toBeTypeOf('object');
});

test('asked to go on, prefix and rest are the whole, wherever it broke off', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.boolean(), (reached, isSpaced) => {
      const prefix = numbers('p', 1, reached) + (isSpaced ? ' ' : '');
      const messages = [user('in 30 tokens'), assistant(prefix), system('Go on.')];
      const { pieces, reason } = answerTo(ask(messages, { letter: 'a', thinks: true }));
      const rest = reached < 30 ? ` ${numbers('a', reached + 1, 30)}` : '';
      expect((prefix + textOf(pieces)).trimEnd()).toBe(numbers('p', 1, reached) + rest);
      expect(pieces).toHaveLength(30 - reached);
      expect(reason).toBe('stop');
    }),
  );
});

test('a model that goes on badly does so in the way it was told', () => {
  const go = (continues: Ask['continues'], question = 'in 25 tokens') => {
    const messages = [user(question), assistant(`${numbers('p', 1, 20)} `)];
    return textOf(answerTo(ask(messages, { letter: 'a', continues })).pieces);
  };
  expect(go('well')).toBe(numbers('a', 21, 25));
  expect(go('start-over')).toBe(numbers('a', 1, 25));
  expect(go('repeat')).toBe(`${numbers('p', 13, 20)} ${numbers('a', 21, 25)}`);
  expect(go('preamble')).toBe(`Sure, here is the continuation: ${numbers('a', 21, 25)}`);
  expect(go('language')).toMatch(/[\u3041-\u30ff]/);
  expect(go('language', '25トークンで答えてください')).toMatch(/^[ -~]+$/);
  expect(go('refuse')).toBe("I'm sorry, but I can't continue that.");
});

test('it misbehaves only when it goes on', () => {
  const first = answerTo(ask([user('in 3 tokens')], { letter: 'a', continues: 'refuse' }));
  expect(textOf(first.pieces)).toBe('a1 a2 a3');
});
