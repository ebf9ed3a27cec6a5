import { describe, expect, test } from 'vitest';

import fc from 'fast-check';

import type { PromptItem } from '../../../src/protocol/responses.ts';
import { shortened } from '../../../src/target/proxy/truncation.ts';
import { ProxyWorld, answer, end, text, usage } from '../../kit/proxy-world.ts';

const said = (role: 'user' | 'assistant' | 'system', content: string): PromptItem => ({
  type: 'message',
  role,
  content,
});
const call = (call_id: string): PromptItem => ({
  type: 'function_call',
  call_id,
  name: 'f',
  arguments: '{}',
});
const output = (call_id: string): PromptItem => ({
  type: 'function_call_output',
  call_id,
  output: 'x'.repeat(10),
});
const count = (text: string): number => text.length;

describe('what is dropped', () => {
  test('whole turns, the oldest first, and no more than needed', () => {
    const turns = ['1', '2', '3'].flatMap((n) => [said('user', n), said('assistant', `a${n}`)]);
    const items = [said('system', 'Rules.'), ...turns, said('user', 'last')];
    expect(shortened(items, 1, count)).toEqual([items[0], ...items.slice(3)]);
    expect(shortened(items, 1000, count)).toEqual([items[0], items.at(-1)]);
  });

  test('in one long turn, its oldest steps, with calls and outputs together', () => {
    const steps = ['a', 'b', 'c'].flatMap((id) => [call(id), output(id)]);
    const items = [said('user', 'Do it.'), ...steps];
    expect(shortened(items, 1, count)).toEqual([items[0], ...items.slice(3)]);
    expect(shortened(items, 1000, count)).toEqual([items[0], call('c'), output('c')]);
  });

  test('never a rule, the last question, or one half of a call', () => {
    const step = fc.constantFrom('user', 'assistant', 'system', 'tool', 'tools');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(200), (kinds, excess) => {
        const items = kinds.flatMap((kind, at): PromptItem[] => {
          if (kind === 'tool') return [call(`${at}`), output(`${at}`)];
          if (kind === 'tools')
            return [call(`${at}`), call(`${at}b`), output(`${at}`), output(`${at}b`)];
          return [said(kind, `${at}`)];
        });
        const kept = shortened(items, excess, count);
        const rules = (all: readonly PromptItem[]) =>
          all.filter((item) => item.type === 'message' && item.role === 'system');
        expect(rules(kept)).toEqual(rules(items));
        const isQuestion = (item: PromptItem) => item.type === 'message' && item.role === 'user';
        expect(kept.findLast(isQuestion)).toBe(items.findLast(isQuestion));
        const ids = (type: string) =>
          kept.flatMap((item) => (item.type === type && 'call_id' in item ? item.call_id : []));
        expect(ids('function_call').toSorted()).toEqual(ids('function_call_output').toSorted());
        // What is kept keeps its order.
        expect(items.filter((item) => kept.includes(item))).toEqual(kept);
      }),
    );
  });

  test('ten thousand turns in a moment', () => {
    const items = Array.from({ length: 10_000 }, (_, at) => said('user', `${at}`));
    expect(shortened(items, 1e9, count)).toEqual([items.at(-1)]);
  });
});

describe('a proxy whose models have a window', () => {
  const candidates = [
    { backend: 'spark', model: 'local-m', numCtx: 1000 },
    { backend: 'azure', model: 'cloud-m', contextTokensMax: 2000 },
  ];
  const azure = [() => [text('Hello.'), usage(1500, 1), end]];
  const world = () => new ProxyWorld({ azure, system: { models: [{ name: 'm', candidates }] } });
  // Four characters are one token here.
  const long = (tokens: number) => 'long'.repeat(tokens);
  const input = (...turns: readonly string[]) =>
    turns.map((content) => ({ role: 'user', content }));

  test('a conversation too long for all is refused, unless it may be shortened', async () => {
    const refused = await world().ask({ input: input(long(1500), long(1000), 'Hi') });
    expect(refused.status).toBe(400);
    expect(refused.error['code']).toBe('context_length_exceeded');
    const it = world();
    const reply = await it.ask({
      input: input(long(1500), long(1000), 'Hi'),
      truncation: 'auto',
    });
    expect(reply.stream.resource).toMatchObject({ status: 'completed', truncation: 'auto' });
    expect(it.azure.calls[0]?.input).toHaveLength(2);
  });

  test('nothing is dropped while one of them has room', async () => {
    const it = world();
    await it.ask({ input: input(long(600), long(600), 'Hi'), truncation: 'auto' });
    expect(it.azure.calls[0]?.input).toHaveLength(3);
  });

  test('where a backend is named, its window counts', async () => {
    const it = world();
    it.spark.plays(() => answer('p', 3));
    const body = { input: input(long(600), long(600), 'Hi'), truncation: 'auto' };
    const reply = await it.ask({ ...body, metadata: { spillway_pin: 'spark' } });
    expect(reply.stream.text).toBe('p1 p2 p3 ');
    expect(it.spark.calls[0]?.input).toHaveLength(1);
  });

  test('at home, the window at home counts', async () => {
    const it = world();
    it.spark.plays(() => answer('p', 3));
    const body = { input: input(long(600), long(600), 'Hi'), truncation: 'auto' };
    const reply = await it.ask({ ...body, metadata: { residency: 'local-only' } });
    expect(reply.stream.text).toBe('p1 p2 p3 ');
    expect(it.spark.calls[0]?.input).toHaveLength(1);
    expect(it.azure.calls).toEqual([]);
  });
});
