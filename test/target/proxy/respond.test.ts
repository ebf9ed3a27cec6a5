import { describe, expect, test } from 'vitest';

import type { FailureReason } from '../../../src/protocol/generation.ts';
import { end, failure, numbered, pause, ProxyWorld, text, usage } from '../../kit/proxy-world.ts';

const png = 'data:image/png;base64,iVBORw0KGgo=';

const toolOf = (name: string): object => ({
  type: 'function',
  name,
  parameters: { type: 'object', properties: { place: { type: 'string' } }, required: ['place'] },
  strict: true,
});

describe('an answer without trouble', () => {
  test('the stream obeys the grammar and names its backend in the head', async () => {
    const world = new ProxyWorld();
    const reply = await world.ask();
    const { resource, text: shown } = reply.stream;
    expect(shown).toMatch(/^p1 .* p20 $/);
    expect(resource.status).toBe('completed');
    expect(resource.usage).toMatchObject({ input_tokens: 10, output_tokens: 20 });
    expect(reply.headers).toMatchObject({
      'x-request-id': 'req_1',
      'x-spillway-backend': 'spark',
      'x-spillway-attempts': '1',
    });
    expect(resource.metadata).toEqual({});
    expect(world.attempts).toMatchObject([
      {
        cause: 'first',
        backend: 'spark',
        outcome: 'served',
        tokensReceived: 20,
        tokensForwarded: 20,
      },
    ]);
  });

  test('thinking, text and two calls side by side make items of their own', async () => {
    const world = new ProxyWorld({
      spark: [
        () => [
          { kind: 'reasoning', text: 'Let me ' },
          { kind: 'reasoning', text: 'see.' },
          text('Looking.'),
          { kind: 'tool-call', index: 0, name: 'f' },
          { kind: 'tool-call', index: 1, name: 'g' },
          { kind: 'tool-arguments', index: 1, text: '{"x":' },
          { kind: 'tool-arguments', index: 0, text: '{}' },
          { kind: 'tool-arguments', index: 1, text: '1}' },
          { kind: 'end', reason: 'tool-calls' },
        ],
      ],
    });
    const { resource } = (await world.ask()).stream;
    expect(resource.output).toMatchObject([
      { type: 'reasoning', content: [{ text: 'Let me see.' }], summary: [{ text: 'Let me see.' }] },
      { type: 'message', content: [{ text: 'Looking.' }] },
      { type: 'function_call', name: 'f', arguments: '{}', status: 'completed' },
      { type: 'function_call', name: 'g', arguments: '{"x":1}', status: 'completed' },
    ]);
  });

  test('a call without arguments still has JSON', async () => {
    const world = new ProxyWorld({
      spark: [
        () => [
          { kind: 'tool-call', index: 0, name: 'f' },
          { kind: 'end', reason: 'stop' },
        ],
      ],
    });
    expect((await world.ask()).stream.resource.output).toMatchObject([{ arguments: '{}' }]);
  });

  test('JSON is the same resource as the stream ends with', async () => {
    const streamed = (await new ProxyWorld().ask({ stream: true })).stream.resource;
    const reply = await new ProxyWorld().ask({ stream: false });
    expect(reply.status).toBe(200);
    expect(reply.json).toEqual(streamed);
  });

  test('a limit makes the answer incomplete, not failed', async () => {
    const world = new ProxyWorld({
      spark: [() => [text('p1 '), { kind: 'end', reason: 'length' }]],
    });
    const { resource, types } = (await world.ask()).stream;
    expect(types.at(-1)).toBe('response.incomplete');
    expect(resource.incomplete_details).toEqual({ reason: 'max_output_tokens' });
    expect(resource.output).toMatchObject([{ status: 'incomplete' }]);
  });

  test('a refusal is shown as one', async () => {
    const world = new ProxyWorld({ spark: [() => [{ kind: 'refusal', text: 'No.' }, end]] });
    const { resource, types } = (await world.ask()).stream;
    expect(types).toContain('response.refusal.done');
    expect(resource.output).toMatchObject([{ content: [{ type: 'refusal', refusal: 'No.' }] }]);
  });
});

describe('before anything is shown', () => {
  const reasons: readonly FailureReason[] = [
    'refused',
    'unreachable',
    'tls',
    'reset',
    'closed',
    'truncated',
    'status',
    'rate-limited',
    'overloaded',
    'garbled',
    'in-band',
    'prompt-cut',
  ];

  test.each(reasons)('%s is not seen by the client', async (reason) => {
    const thinking = { kind: 'reasoning', text: 'hm' } as const;
    const world = new ProxyWorld({ spark: [() => [thinking, failure(reason)]] });
    const reply = await world.ask();
    const { resource, text: shown } = reply.stream;
    expect(shown).toMatch(/^a1 .* a20 $/);
    expect(resource.output).toHaveLength(1);
    expect(resource.metadata).toEqual({});
    expect(reply.headers).toMatchObject({
      'x-spillway-backend': 'azure',
      'x-spillway-attempts': '2',
    });
    expect(world.attempts).toMatchObject([
      { cause: 'first', outcome: 'failed', reason, tokensForwarded: 0 },
      { cause: 'failover', backend: 'azure', outcome: 'served', tokensForwarded: 20 },
    ]);
    expect(world.clock.now()).toBe(0);
  });

  test('the first-token deadline is kept to the millisecond, whatever the upstream does', async () => {
    const world = new ProxyWorld({ spark: [() => ['hang']] });
    await world.ask();
    expect(world.attempts).toMatchObject([
      { startedAt: 0, endedAt: 2000, reason: 'first-token-deadline' },
      { startedAt: 2000, outcome: 'served' },
    ]);
    expect(world.spark.aborted).toEqual([2000]);
  });

  test('a stall while thinking falls back as well', async () => {
    const world = new ProxyWorld({
      spark: [() => [pause(500), { kind: 'reasoning', text: 'hm' }, 'hang']],
    });
    expect((await world.ask()).stream.resource.status).toBe('completed');
    expect(world.attempts[0]).toMatchObject({ reason: 'stall-deadline', endedAt: 1500 });
  });

  test('usage alone is no progress', async () => {
    const busy = Array.from({ length: 10 }, () => [pause(300), usage(10, 0)]).flat();
    const world = new ProxyWorld({ spark: [() => [...busy, 'hang']] });
    await world.ask();
    expect(world.attempts[0]).toMatchObject({ reason: 'first-token-deadline', endedAt: 2000 });
  });

  test('an empty answer is a failure', async () => {
    const world = new ProxyWorld({
      spark: [() => [{ kind: 'reasoning', text: 'hm' }, usage(10, 1), end]],
    });
    expect((await world.ask()).stream.text).toMatch(/^a1/);
    expect(world.attempts[0]).toMatchObject({ outcome: 'failed', reason: 'garbled' });
  });

  test('a request fault is passed on: no second backend, no mark against the first', async () => {
    const fault = { isRequestFault: true, status: 400, code: 'invalid_prompt' };
    const world = new ProxyWorld({
      spark: [() => [failure('status', { ...fault, param: 'input' })]],
    });
    for (let time = 0; time < 5; time++) {
      const reply = await world.ask();
      expect(reply.status).toBe(400);
      expect(reply.error).toMatchObject({ code: 'invalid_prompt', param: 'input' });
    }
    expect(world.azure.calls).toHaveLength(0);
    expect(world.proxy.health().backends[0]).toMatchObject({ breaker: 'closed' });
  });

  test('two failures are a fast 503 that names both', async () => {
    const world = new ProxyWorld({
      spark: [() => [failure('refused', { evidence: 'hard' })]],
      azure: [() => [failure('rate-limited', { retryAfterMs: 7000 })]],
    });
    const reply = await world.ask();
    expect(reply.status).toBe(503);
    expect(reply.error['message']).toMatch(/spark: refused .*; azure: rate-limited/);
    expect(reply.headers['retry-after']).toMatch(/^[56]$/);
    // The one that was asked to come back later may do so by itself.
    expect(reply.headers['x-should-retry']).toBeUndefined();
    const again = await world.ask();
    expect(again.status).toBe(503);
    expect(world.clock.now()).toBe(0);
    expect(world.attempts).toHaveLength(2);
  });

  test('a request that may not leave, of a model that only the cloud has, need not come back', async () => {
    const candidates = [{ backend: 'azure', model: 'x' }];
    const world = new ProxyWorld({ system: { models: [{ name: 'm', candidates }] } });
    const reply = await world.ask({ metadata: { residency: 'local-only' } });
    expect([reply.status, reply.error['code']]).toEqual([503, 'local_only_unavailable']);
    expect(reply.headers['x-should-retry']).toBe('false');
    expect(world.azure.calls).toHaveLength(0);
  });

  test('a third backend is not asked: failing over must not become the load', async () => {
    const candidates = ['spark', 'azure', 'spare'].map((name) => ({ backend: name, model: 'x' }));
    const world = new ProxyWorld({
      system: { models: [{ name: 'm', candidates }] },
      spark: [() => [failure('reset')]],
      azure: [() => [failure('reset')]],
    });
    const reply = await world.ask();
    expect(reply.status).toBe(503);
    expect(reply.headers['x-should-retry']).toBe('false');
    expect(world.spare.calls).toHaveLength(0);
  });

  test('in JSON nothing is ever committed, so a late failure is made good', async () => {
    const world = new ProxyWorld({ spark: [() => [...numbered('p', 1, 5), failure('reset')]] });
    const reply = await world.ask({ stream: false });
    expect(reply.status).toBe(200);
    expect(reply.json['output']).toMatchObject([
      { content: [{ text: expect.stringMatching(/^a1 /) }] },
    ]);
    expect(reply.headers).toMatchObject({ 'x-spillway-backend': 'azure' });
  });

  test('a prompt that the server has cut is not answered by it', async () => {
    const long = { input: 'word '.repeat(2000), stream: false };
    const world = new ProxyWorld({ spark: [() => [text('p1 '), usage(600, 1), end]] });
    const reply = await world.ask(long);
    expect(reply.headers).toMatchObject({ 'x-spillway-backend': 'azure' });
    expect(world.attempts[0]).toMatchObject({ reason: 'prompt-cut', usage: { inputTokens: 600 } });
  });

  test.each([
    // Models have their own eyes, and put functions into terms of their own.
    ['an image', { input: [{ role: 'user', content: [{ type: 'input_image', image_url: png }] }] }],
    ['tools', { input: 'Hello.', tools: Array.from({ length: 40 }, (_, at) => toolOf(`f${at}`)) }],
  ])('a low count of %s is no sign of a cut', async (_, asked) => {
    const world = new ProxyWorld({ spark: [() => [text('p1 '), usage(70, 1), end]] });
    const reply = await world.ask({ ...asked, stream: false });
    expect(reply.headers).toMatchObject({ 'x-spillway-backend': 'spark' });
    expect(world.attempts).toMatchObject([{ outcome: 'served', usage: { inputTokens: 70 } }]);
  });
});

describe('in the middle of an answer', () => {
  const broken = [...numbered('p', 1, 7), failure('closed')];

  test('`fail` says so cleanly, and keeps what was shown', async () => {
    const world = new ProxyWorld({ spark: [() => broken] });
    const { resource, error, types, text: shown } = (await world.ask()).stream;
    expect(types.slice(-2)).toEqual(['error', 'response.failed']);
    expect(error).toMatchObject({ code: 'server_error' });
    expect(shown).toBe('p1 p2 p3 p4 p5 p6 p7 ');
    expect(resource.output).toMatchObject([{ status: 'incomplete', content: [{ text: shown }] }]);
    expect((await world.store.get(resource.id))?.resource.status).toBe('failed');
    expect(world.azure.calls).toHaveLength(0);
  });

  test('`continue` goes on in the same item, and the resource says so', async () => {
    const world = new ProxyWorld({
      system: { midStream: 'continue' },
      spark: [() => broken],
      azure: [
        () => [{ kind: 'reasoning', text: 'hm' }, ...numbered('a', 8, 12), usage(40, 5), end],
      ],
    });
    const reply = await world.ask({ instructions: 'Count.' });
    const { resource, text: shown } = reply.stream;
    expect(shown).toBe('p1 p2 p3 p4 p5 p6 p7 a8 a9 a10 a11 a12 ');
    expect(resource.output).toHaveLength(1);
    expect(resource.metadata['spillway_backend']).toBe('azure');
    expect(JSON.parse(resource.metadata['spillway_failover'] ?? '')).toEqual({
      from: 'spark',
      to: 'azure',
      after_tokens: 7,
    });
    expect(reply.headers['x-spillway-backend']).toBe('spark');
    expect(world.attempts).toMatchObject([
      { cause: 'first', outcome: 'failed', reason: 'closed', tokensForwarded: 7 },
      { cause: 'continue', outcome: 'served', tokensForwarded: 5 },
    ]);
    const [call] = world.azure.calls;
    expect(call?.instructions).toBe('Count.');
    expect(call?.continues).toBe('p1 p2 p3 p4 p5 p6 p7 ');
    expect(call?.input.slice(-2)).toMatchObject([{ role: 'assistant' }, { role: 'developer' }]);
  });

  test.each([
    ['starts over', numbered('a', 1, 12)],
    ['skips ahead', numbered('a', 10, 12)],
    ['refuses in words', [text("I'm sorry, but "), text("I can't continue that."), end]],
    ['refuses as an item', [{ kind: 'refusal', text: 'No.' } as const]],
    ['adds a preamble', [text('Sure, here is the rest: '), ...numbered('a', 8, 12)]],
    ['changes language', [text('ここから先は、'), text('日本語で答えを続けます。'), end]],
    ['fails in turn', [failure('rate-limited')]],
  ])('a fallback that %s ends in a clean error', async (_, acts) => {
    const world = new ProxyWorld({
      system: { midStream: 'continue' },
      spark: [() => broken],
      azure: [() => [...acts, end]],
    });
    const { resource, text: shown, types } = (await world.ask()).stream;
    expect(types.slice(-2)).toEqual(['error', 'response.failed']);
    expect(shown).toBe('p1 p2 p3 p4 p5 p6 p7 ');
    expect(resource.error?.message).toMatch(/spark: closed .*; azure: /);
    expect(world.attempts[1]).toMatchObject({ cause: 'continue', tokensForwarded: 0 });
    expect(world.proxy.health().backends[1]).toMatchObject({ breaker: 'closed' });
  });

  test('a tail said again to the letter is removed', async () => {
    const world = new ProxyWorld({
      system: { midStream: 'continue' },
      spark: [() => [...numbered('p', 1, 20), failure('closed')]],
      azure: [() => [...numbered('p', 13, 20), ...numbered('a', 21, 25), end]],
    });
    const { text: shown, resource } = (await world.ask()).stream;
    expect(resource.status).toBe('completed');
    expect(shown.trim().split(' ')).toEqual([
      ...Array.from({ length: 20 }, (_, at) => `p${at + 1}`),
      ...Array.from({ length: 5 }, (_, at) => `a${at + 21}`),
    ]);
  });

  test('calls and structured output are never continued', async () => {
    const call = [
      { kind: 'tool-call', index: 0, name: 'f' },
      { kind: 'tool-arguments', index: 0, text: '{"x"' },
      failure('reset'),
    ] as const;
    const system = { midStream: 'continue' } as const;
    const calling = new ProxyWorld({ system, spark: [() => call] });
    expect((await calling.ask()).stream.resource.status).toBe('failed');
    const writing = new ProxyWorld({ system, spark: [() => [text('{"x":'), failure('reset')]] });
    const format = { text: { format: { type: 'json_object' } } };
    expect((await writing.ask(format)).stream.resource.status).toBe('failed');
    expect([...calling.azure.calls, ...writing.azure.calls]).toEqual([]);
  });

  test('thoughts already shown cannot be replayed', async () => {
    const world = new ProxyWorld({
      system: { midStream: 'continue', commitOn: 'reasoning' },
      spark: [() => [{ kind: 'reasoning', text: 'hm' }, failure('reset')]],
    });
    expect((await world.ask()).stream.resource.status).toBe('failed');
    expect(world.azure.calls).toHaveLength(0);
  });

  test('a stall is found after its deadline, not after that of the first token', async () => {
    const world = new ProxyWorld({ spark: [() => [pause(100), text('p1 '), 'hang']] });
    expect((await world.ask()).stream.resource.status).toBe('failed');
    expect(world.attempts[0]).toMatchObject({ reason: 'stall-deadline', endedAt: 1100 });
  });

  test('a pause shorter than the deadline is no failure', async () => {
    const slow = numbered('p', 1, 20).flatMap((token) => [pause(900), token]);
    const world = new ProxyWorld({ spark: [() => [...slow, end]] });
    expect((await world.ask()).stream.resource.status).toBe('completed');
    expect(world.attempts).toHaveLength(1);
  });
});
