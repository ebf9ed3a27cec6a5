/** Inputs of ten thousand items: answered, in bounded time and without deep recursion. */

import { describe, expect, test } from 'vitest';

import { chatCompletionRequest } from '../../../src/target/proxy/chat-upstream.ts';
import { chatRequest } from '../../../src/target/proxy/ollama-upstream.ts';
import { responsesRequest } from '../../../src/target/proxy/responses-upstream.ts';
import { ProxyWorld, end, text, usage } from '../../kit/proxy-world.ts';

const many = (count: number, itemsAt: (at: number) => readonly object[]): readonly object[] =>
  Array.from({ length: count }, (_, at) => itemsAt(at)).flat();

const question = { role: 'user', content: 'And?' };
const call = (at: number) => ({
  type: 'function_call',
  call_id: `c${at}`,
  name: 'f',
  arguments: '{}',
});
const output = (at: number) => ({ type: 'function_call_output', call_id: `c${at}`, output: 'x' });

const inputs: readonly (readonly [string, readonly object[]])[] = [
  ['messages', many(10_000, () => [question])],
  ['calls and their outputs', many(5000, (at) => [call(at), output(at)])],
  [
    'parallel calls',
    [...many(5000, (at) => [call(at)]), ...many(5000, (at) => [output(at)]), question],
  ],
  ['thoughts', [...many(10_000, () => [{ type: 'reasoning', summary: [] }]), question]],
];

/** Far more than it takes on a slow machine, far less than anything quadratic would take. */
const secondsMax = 5;

describe('ten thousand', () => {
  test.each(inputs)('%s', async (_, input) => {
    const world = new ProxyWorld({ spark: [() => [text('Yes.'), usage(50_000, 1), end]] });
    const startedAt = process.cpuUsage().user;
    const { stream } = await world.ask({ input });
    expect(stream.resource.status).toBe('completed');
    const sent = world.spark.calls.slice(0, 1);
    for (const translate of [chatRequest, chatCompletionRequest, responsesRequest])
      expect(sent.map((it) => JSON.stringify(translate(it)).length > 50)).toEqual([true]);
    expect((process.cpuUsage().user - startedAt) / 1e6).toBeLessThan(secondsMax);
  });

  test('references to one item', async () => {
    const world = new ProxyWorld({ spark: [() => [text('Yes.'), usage(50_000, 1), end]] });
    const first = await world.ask();
    const id = first.stream.resource.output[0]?.id;
    const input = [...many(10_000, () => [{ type: 'item_reference', id }]), question];
    const startedAt = process.cpuUsage().user;
    const { stream } = await world.ask({ input });
    expect(stream.resource.status).toBe('completed');
    expect((process.cpuUsage().user - startedAt) / 1e6).toBeLessThan(secondsMax);
  });
});
