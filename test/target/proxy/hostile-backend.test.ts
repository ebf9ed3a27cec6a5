/** Backends that mean harm, or have lost their way: what they send is bounded and believed little. */

import { describe, expect, test } from 'vitest';

import type { GenerationEvent } from '../../../src/protocol/generation.ts';
import { parseJson } from '../../../src/target/proxy/json.ts';
import { ollamaUpstream } from '../../../src/target/proxy/ollama-upstream.ts';
import { systemClock } from '../../../src/time/system-clock.ts';
import { ProxyWorld, answer, end, text } from '../../kit/proxy-world.ts';
import {
  backend,
  call,
  chunk,
  collect,
  head,
  lastChunk,
  never,
  scriptedServer,
} from './scripted-server.ts';

const megabyte = 'x'.repeat(2 ** 20);

const calls = (count: number): readonly GenerationEvent[] =>
  Array.from({ length: count }, (_, index): readonly GenerationEvent[] => [
    { kind: 'tool-call', index, name: 'f' },
    { kind: 'tool-arguments', index, text: '{}' },
  ]).flat();

const tools = [{ type: 'function', name: 'f', parameters: { type: 'object' } }];

describe('an answer without end', () => {
  test.each([
    ['text', Array.from({ length: 40 }, () => text(megabyte))],
    [
      'thoughts',
      Array.from({ length: 40 }, () => ({ kind: 'reasoning', text: megabyte }) as const),
    ],
  ])('of %s fails at a bound', async (_, events) => {
    const world = new ProxyWorld({
      spark: [() => [...events, end]],
      azure: [() => [...events, end]],
    });
    const { status } = await world.ask({ stream: false });
    expect(status).toBe(503);
    expect(world.attempts.map(({ reason }) => reason)).toEqual(['garbled', 'garbled']);
  });

  test('of tool calls fails at a bound, before which none is lost', async () => {
    const world = new ProxyWorld({
      spark: [() => [...calls(1024), end]],
      azure: [() => answer('a', 1)],
    });
    const whole = await world.ask({ tools });
    expect(whole.stream.resource.output).toHaveLength(1024);
    world.spark.plays(() => [...calls(1025), end]);
    const endless = await world.ask({ tools });
    expect(endless.stream.resource.status).toBe('failed');
  });
});

describe('counts that are none', () => {
  test.each([
    ['1e999', '2'],
    ['5', '1e999'],
    ['5', '1.5'],
    ['-5', '2'],
    ['5', '1e308'],
    ['"5"', 'null'],
  ])('a prompt of %s and an answer of %s tokens are not believed', async (prompt, generated) => {
    const last = `{"message":{"content":""},"done":true,"prompt_eval_count":${prompt},"eval_count":${generated}}`;
    expect(parseJson(last)).toBeDefined();
    await using server = await scriptedServer((socket) => {
      const piece = JSON.stringify({ message: { content: 'p1' }, done: false });
      socket.write(head('application/x-ndjson') + chunk(`${piece}\n${last}\n`) + lastChunk);
    });
    const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock: systemClock() });
    const events = await collect(upstream.open(call(), never()));
    await upstream.close();
    expect(events.map(({ kind }) => kind)).toEqual(['text', 'end']);
  });
});
