/**
 * Clients that mean harm: whatever they send, they are answered in OpenAI's shape or cut off, at
 * a bounded cost, and learn nothing of others.
 */

import { once } from 'node:events';
import net from 'node:net';

import fc from 'fast-check';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { asRecord, parseJson } from '../../../src/target/proxy/json.ts';
import { openProxyServer } from '../../../src/target/proxy/server.ts';
import { VirtualClock } from '../../../src/time/virtual-clock.ts';
import { failure, ProxyWorld } from '../../kit/proxy-world.ts';
import {
  clock,
  optionsOf,
  servedProxy,
  servedSystem,
  type ServedProxy,
  SocketClient,
  socketUrl,
} from '../../kit/served-proxy.ts';

const key = (name: string) => ({ name, key: `sk-${name}`, residency: 'local-first' }) as const;

let at: ServedProxy;

beforeAll(async () => {
  at = await servedProxy(() => ({ text: 'p1 p2' }), { keys: [key('one'), key('other')] });
});

afterAll(() => at[Symbol.asyncDispose]());

type Method = 'GET' | 'POST' | 'DELETE';

const ask = async (path: string, body?: string, method: Method = 'POST', who = 'one') => {
  const answer = await request(`${at.origin}${path}`, {
    method,
    headers: {
      authorization: `Bearer sk-${who}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    body: body ?? null,
  });
  const text = await answer.body.text();
  const json = asRecord(parseJson(text)) ?? {};
  return { status: answer.statusCode, headers: answer.headers, text, json };
};

const errorShape = {
  message: expect.stringMatching(/./),
  type: expect.stringMatching(/./),
  param: expect.toBeOneOf([null, expect.any(String)]),
  code: expect.toBeOneOf([null, expect.any(String)]),
};

const tool = { type: 'function', name: 'f', parameters: { type: 'object', properties: {} } };

/** Requests with a value in every place there is. */
const valid: readonly (readonly [string, object])[] = [
  [
    '/v1/responses',
    {
      model: 'm',
      input: [
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'x' }] },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}', status: 'completed' },
        { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: 'y' }] },
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'z' }] },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }], phase: 'commentary' },
        { role: 'user', content: [{ type: 'input_file', filename: 'f', file_data: 'AA==' }] },
      ],
      instructions: 'i',
      tools: [tool, { type: 'custom', name: 'g', format: { type: 'text' } }],
      tool_choice: {
        type: 'allowed_tools',
        mode: 'auto',
        tools: [{ type: 'function', name: 'f' }],
      },
      text: { format: { type: 'json_schema', name: 's', schema: { type: 'object' } } },
      reasoning: { effort: 'low', summary: 'auto' },
      include: ['reasoning.encrypted_content'],
      metadata: { a: 'b', residency: 'local-only' },
      stream: true,
      store: false,
      stream_options: { include_obfuscation: false },
      truncation: 'auto',
      max_output_tokens: 9,
      max_tool_calls: 2,
      temperature: 1,
      top_p: 1,
      parallel_tool_calls: true,
      service_tier: 'auto',
      previous_response_id: null,
      background: false,
      user: 'u',
    },
  ],
  [
    '/v1/chat/completions',
    {
      model: 'm',
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'x' }] },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: 'y' },
      ],
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      response_format: { type: 'json_schema', json_schema: { name: 's', schema: {} } },
      stream: true,
      stream_options: { include_usage: true },
      stop: ['x'],
      metadata: { a: 'b' },
    },
  ],
  ['/v1/responses/input_tokens', { model: 'm', input: [{ role: 'user', content: 'x' }] }],
  ['/v1/responses/compact', { model: 'm', input: [{ role: 'user', content: 'x' }] }],
];

const anything = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    null,
    true,
    -1,
    1e308,
    '',
    '\u0000',
    '\ud800',
    '\r\nx-evil: 1',
    '__proto__',
    'constructor',
    'resp_unknown',
    [[]],
    [null],
    {},
    { type: 'item_reference', id: 'msg_unknown' },
    { type: 'message', role: 'user', content: [] },
  ),
);

type Path = readonly (string | number)[];

/** The way to every value in a value, its own first. */
const paths = (value: unknown, path: Path = []): readonly Path[] => [
  path,
  ...(Array.isArray(value)
    ? value.flatMap((it: unknown, index) => paths(it, [...path, index]))
    : Object.entries(asRecord(value) ?? {}).flatMap(([name, it]) => paths(it, [...path, name]))),
];

/** The same with another value at the end of a path. */
const replaced = (value: unknown, [step, ...rest]: Path, by: unknown): unknown => {
  if (step === undefined) return by;
  if (Array.isArray(value))
    return value.map((it: unknown, index) => (index === step ? replaced(it, rest, by) : it));
  const fields = asRecord(value) ?? {};
  return { ...fields, [step]: replaced(fields[step], rest, by) };
};

const mutated = fc.constantFrom(...valid).chain(([path, body]) =>
  fc.record({
    path: fc.constant(path),
    body: fc
      .array(fc.tuple(fc.constantFrom(...paths(body)), anything), { minLength: 1, maxLength: 2 })
      .map((changes) =>
        changes.reduce<unknown>((changed, [where, by]) => replaced(changed, where, by), body),
      ),
  }),
);

describe('whatever is sent', () => {
  test('is answered, or refused in the shape of OpenAI', async () => {
    await fc.assert(
      fc.asyncProperty(mutated, async ({ path, body }) => {
        const { status, json } = await ask(path, JSON.stringify(body));
        if (status === 200) return;
        expect([400, 404, 409, 429]).toContain(status);
        expect(json['error']).toEqual(errorShape);
      }),
      { numRuns: 400 },
    );
    const { status } = await ask('/v1/responses', '{"model":"m","input":"x"}');
    expect(status).toBe(200);
  }, 30_000);

  test.each([
    ['input', { input: Array.from({ length: 50_001 }, () => ({ role: 'user', content: '' })) }],
    ['tools', { input: 'x', tools: Array.from({ length: 50_001 }, () => tool) }],
    [
      'input[0].content',
      {
        input: [
          {
            role: 'user',
            content: Array.from({ length: 50_001 }, () => ({ type: 'input_text', text: 'x' })),
          },
        ],
      },
    ],
  ])('of %s is not more than can be read in a moment', async (param, body) => {
    const { status, json } = await ask('/v1/responses', JSON.stringify({ model: 'm', ...body }));
    expect(status).toBe(400);
    expect(json['error']).toMatchObject({ param, code: 'array_above_max_length' });
  });

  test.each([
    ['a name', { model: 'm'.repeat(2 ** 20), input: 'x' }],
    ['an id', { model: 'm', input: 'x', previous_response_id: 'r'.repeat(2 ** 20) }],
    ['a key', { model: 'm', input: 'x', metadata: { ['k'.repeat(2 ** 20)]: 1 } }],
    ['a value', { model: 'm', input: 'x', truncation: 't'.repeat(2 ** 20) }],
  ])('%s of a megabyte is not sent back', async (_, body) => {
    const { status, text, json } = await ask('/v1/responses', JSON.stringify(body));
    expect(status).toBe(400);
    expect(text.length).toBeLessThan(5000);
    expect(json['error']).toEqual(errorShape);
  });

  test.each([
    ['a version of HTTP without a host', 'GET /v1/models HTTP/1.1\r\n\r\n', 400],
    ['an expectation', 'GET /v1/models HTTP/1.1\r\nhost: x\r\nexpect: more\r\n\r\n', 417],
    ['two lengths', 'POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx', 400],
    ['no HTTP', '\x16\x03\x01\r\n\r\n', 400],
    ['ten thousand headers', `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(10_000)}\r\n`, 431],
  ])('in %s is refused so that a client can read it', async (_, bytes, status) => {
    const socket = net.connect(at.proxy.port, '127.0.0.1');
    socket.end(bytes);
    const chunks: string[] = [];
    socket.on('data', (chunk) => chunks.push(chunk.toString()));
    await once(socket, 'close');
    const [head = '', body = ''] = chunks.join('').split('\r\n\r\n');
    expect(head).toContain(`HTTP/1.1 ${status} `);
    expect(asRecord(parseJson(body))?.['error']).toEqual(errorShape);
  });
});

describe('what is of another', () => {
  test.each([
    ['GET', 'ID'],
    ['GET', 'ID/input_items'],
    ['GET', 'ID?stream=true'],
    ['POST', 'ID/cancel'],
    ['DELETE', 'ID'],
  ] as const)('cannot be told from what there is not: %s %s', async (method, path) => {
    const mine = await ask('/v1/responses', '{"model":"m","input":"x"}');
    const look = async (id: string) => {
      const url = `/v1/responses/${path.replace('ID', id)}`;
      const { status, headers, text } = await ask(url, undefined, method, 'other');
      const same = { ...headers, date: '', 'x-request-id': '' };
      return { status, headers: same, text: text.replaceAll(id, 'ID') };
    };
    const foreign = await look(String(mine.json['id']));
    expect(foreign.status).toBe(404);
    expect(foreign).toEqual(await look(`resp_${'0'.repeat(44)}`));
  });
});

describe('a socket', () => {
  test('that asks and never reads is soon not read either', async () => {
    const options = { headers: { authorization: 'Bearer sk-one' }, perMessageDeflate: false };
    await using client = await new SocketClient(socketUrl(at), options).opened();
    client.socket.pause();
    // Quoted in the answer: 75 MB of answers, of which the two kernels take a part.
    const bad = JSON.stringify({ type: 't'.repeat(3500) });
    const sentMax = 20_000;
    let sent = 0;
    for (let isTaken = true; isTaken && sent < sentMax;) {
      const before = client.socket.bufferedAmount;
      if (before < 2 ** 20) for (let more = 0; more < 500; more++, sent++) client.socket.send(bad);
      else {
        await clock.sleep(500);
        isTaken = client.socket.bufferedAmount < before;
      }
      await clock.sleep(1);
    }
    expect(sent).toBeLessThan(sentMax);
  }, 30_000);
});

describe('an answer', () => {
  test('that nobody reads is cut in the end', async () => {
    const virtual = new VirtualClock();
    const unread = await openProxyServer({
      ...optionsOf(
        servedSystem('http://127.0.0.1:1', {
          models: Array.from({ length: 20_000 }, (_, number) => ({
            name: `${'m'.repeat(1000)}${number}`,
            candidates: [{ backend: 'spark', model: 'm' }],
          })),
        }),
      ),
      clock: virtual,
    });
    const client = net.connect(unread.port, '127.0.0.1');
    client.write('GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(client, 'readable');
    await virtual.advanceTo(virtual.now() + 30_000);
    let bytes = 0;
    client.on('data', (chunk) => {
      bytes += chunk.length;
    });
    client.on('error', () => undefined);
    await once(client, 'close');
    expect(bytes).toBeLessThan(20 * 2 ** 20);
    await unread.close();
  });
});

test("a client that leaves during a failover is nobody's fault", async () => {
  const world = new ProxyWorld({ spark: [() => [failure('reset')]], azure: [() => ['hang']] });
  const { reply, done } = world.begin();
  await world.clock.advanceTo(world.clock.now() + 100);
  expect(world.azure.calls).toHaveLength(1);
  reply.leave();
  await world.clock.runUntil(done, world.clock.now() + 1000);
  expect(world.azure.aborted).toHaveLength(1);
  expect(world.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'cancelled']);
  const { inFlight, backends } = world.proxy.health();
  expect(inFlight).toBe(0);
  expect(backends.find(({ name }) => name === 'azure')).toMatchObject({ breaker: 'closed' });
});
