/**
 * Backends that mean harm, or have lost their way: what they send is bounded and believed little.
 */

import { request } from 'undici';
import { describe, expect, test } from 'vitest';

import type { GenerationEvent } from '../../../src/protocol/generation.ts';
import { chatUpstream } from '../../../src/target/proxy/chat-upstream.ts';
import { parseJson } from '../../../src/target/proxy/json.ts';
import { ollamaUpstream } from '../../../src/target/proxy/ollama-upstream.ts';
import { openProxyServer } from '../../../src/target/proxy/server.ts';
import { systemClock } from '../../../src/time/system-clock.ts';
import { ProxyWorld, answer, end, text } from '../../kit/proxy-world.ts';
import { optionsOf, servedSystem } from '../../kit/served-proxy.ts';
import {
  backend,
  call,
  chunk,
  collect,
  head,
  lastChunk,
  never,
  type Script,
  scriptedServer,
  status,
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
    const counts = `"prompt_eval_count":${prompt},"eval_count":${generated}`;
    const last = `{"message":{"content":""},"done":true,${counts}}`;
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

test('a part of a count that is more than its whole is not believed, nor kept', async () => {
  const counted: GenerationEvent = {
    kind: 'usage',
    usage: { inputTokens: 9, outputTokens: 4, cachedInputTokens: 9e15, reasoningTokens: 9e15 },
  };
  const world = new ProxyWorld({ spark: [() => [text('Yes.'), counted, end]] });
  const { stream } = await world.ask();
  expect(stream.resource.usage).toMatchObject({
    input_tokens: 9,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 4,
    output_tokens_details: { reasoning_tokens: 0 },
  });
  expect(world.attempts[0]?.usage).toEqual({ inputTokens: 9, outputTokens: 4 });
});

describe('arguments nested deeper than they could be written', () => {
  const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
  const called = (args: string): string => `{"function":{"name":"f","arguments":${args}}}`;

  test.each([
    [
      'Ollama',
      ollamaUpstream,
      'application/x-ndjson',
      `{"message":{"content":"","tool_calls":[${called(deep)}]},"done":true}\n`,
    ],
    [
      'chat',
      chatUpstream,
      'text/event-stream',
      `data: {"choices":[{"delta":{"tool_calls":[${called(deep)}]}}]}\n\n`,
    ],
  ] as const)('are not what the wire of %s promises', async (_, open, type, body) => {
    await using server = await scriptedServer((socket) => {
      socket.write(head(type) + chunk(body) + lastChunk);
    });
    const upstream = open(backend('ollama', [server.url]), { clock: systemClock() });
    const events = await collect(upstream.open(call(), never()));
    await upstream.close();
    expect(events.at(-1)).toMatchObject({ kind: 'failure', failure: { reason: 'garbled' } });
  });

  test('are not sent on, and the server is not asked', async () => {
    await using server = await scriptedServer(() => undefined);
    const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock: systemClock() });
    const item = { type: 'function_call', call_id: 'c', name: 'f', arguments: deep } as const;
    const events = await collect(upstream.open(call({ input: [item] }), never()));
    await upstream.close();
    expect(events).toMatchObject([{ kind: 'failure', failure: { reason: 'status' } }]);
  });
});

describe('between client and backend', () => {
  const listening = async (script: Script) => {
    const server = await scriptedServer((socket, request, count) => {
      if (!request.startsWith('GET')) return script(socket, request, count);
      socket.write(status(200, '{"models":[{"name":"gpt-oss:120b"}]}'));
    });
    const keys = [{ name: 'one', key: 'sk-client', residency: 'local-first' }] as const;
    const proxy = await openProxyServer(optionsOf(servedSystem(server.url, { keys })));
    const ask = async (input: unknown) => {
      const answer = await request(`${proxy.url}/responses?api_key=sk-client`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: 'Bearer sk-client',
          cookie: 'of-client',
          'x-forwarded-for': 'of-client',
          'user-agent': 'of-client',
        },
        body: JSON.stringify({ model: 'm', input }),
      });
      const { statusCode, headers } = answer;
      return { status: statusCode, headers, text: await answer.body.text() };
    };
    return {
      ask,
      server,
      async [Symbol.asyncDispose]() {
        await proxy.close();
        await server[Symbol.asyncDispose]();
      },
    };
  };

  test('no header passes, nor a key', async () => {
    const own = ['set-cookie', 'server', 'x-request-id', 'x-spillway-attempts', 'openai-version'];
    const type = 'application/x-ndjson';
    const framing = [...own.map((name) => `${name}: of-backend`), 'transfer-encoding: chunked'];
    const last = { message: { content: 'p1' }, done: true, done_reason: 'stop' };
    await using at = await listening((socket) => {
      const line = chunk(`${JSON.stringify(last)}\n`);
      socket.write(head(type, framing.join('\r\n')) + line + lastChunk);
    });
    const answer = await at.ask('Hello.');
    expect(answer.status).toBe(200);
    expect(JSON.stringify(answer)).not.toContain('of-backend');
    expect(at.server.requests.join('')).toContain('Hello.');
    expect(at.server.requests.join('')).not.toMatch(/of-client|sk-client/);
  });

  test('no redirect is followed, and no address in a prompt is fetched', async () => {
    await using elsewhere = await scriptedServer((socket) => socket.write(status(200, '{}')));
    await using at = await listening((socket) => {
      socket.write(status(307, '', [`location: ${elsewhere.url}/api/chat`]));
    });
    expect((await at.ask('Hello.')).status).toBe(503);
    const image_url = `${elsewhere.url}/image.png`;
    const file_url = `${elsewhere.url}/file.pdf`;
    const content = [
      { type: 'input_image', image_url },
      { type: 'input_file', file_url },
    ];
    expect((await at.ask([{ role: 'user', content }])).status).toBe(400);
    expect(elsewhere.requests).toEqual([]);
    expect(elsewhere.sockets).toEqual([]);
  });
});

test('an error whose body never ends is judged by its status, and by what it has said', async () => {
  const error = JSON.stringify({ error: 'server busy' });
  await using server = await scriptedServer((socket) => {
    const framing = 'transfer-encoding: chunked';
    socket.write(`HTTP/1.1 503 Busy\r\nretry-after: 7\r\n${framing}\r\n\r\n${chunk(error)}`);
  });
  const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock: systemClock() });
  // Nothing here ends the wait but the upstream itself.
  expect(await collect(upstream.open(call(), never()))).toMatchObject([
    {
      kind: 'failure',
      failure: {
        reason: 'overloaded',
        status: 503,
        retryAfterMs: 7000,
        message: expect.stringContaining('server busy'),
      },
    },
  ]);
  await upstream.close();
});
