/** The routes around a response, and what surrounds a request: bodies, methods, readiness. */

import net from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';

import { request } from 'undici';
import { describe, expect, test } from 'vitest';

import { asRecord, type JsonObject, parseJson } from '../../../src/target/proxy/json.ts';
import { clock, type Model, servedProxy, type ServedProxy } from '../../kit/served-proxy.ts';
import { readStream } from '../../kit/response-grammar.ts';

const brief: Model = () => ({ text: 'p1 p2' });
const slow: Model = () => ({ text: 'p1 p2 p3 p4 p5 p6 p7 p8', gapMs: 100 });

type Method = 'GET' | 'POST' | 'DELETE' | 'HEAD' | 'OPTIONS' | 'PUT';

const call = async (
  at: ServedProxy,
  method: Method,
  path: string,
  body?: object | Buffer,
  headers: Readonly<Record<string, string>> = {},
) => {
  const bytes = body instanceof Buffer ? body : body && JSON.stringify(body);
  const answer = await request(`${at.origin}${path}`, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    body: bytes ?? null,
  });
  const text = await answer.body.text();
  const json: JsonObject = asRecord(parseJson(text)) ?? {};
  return { status: answer.statusCode, headers: answer.headers, text, json };
};

const post = (at: ServedProxy, body: object) =>
  call(at, 'POST', '/v1/responses', { model: 'm', input: 'Hello.', ...body });

describe('a body', () => {
  const body = Buffer.from(JSON.stringify({ model: 'm', input: '日本語' }));

  test.each([
    ['gzip', gzipSync(body)],
    ['deflate', deflateSync(body)],
    ['br', brotliCompressSync(body)],
    ['zstd', zstdCompressSync(body)],
    ['identity', body],
    ['GZIP', gzipSync(body)],
  ])('packed by %s is unpacked', async (encoding, packed) => {
    await using at = await servedProxy((talk) => ({ text: talk.at(-1)?.content ?? '' }));
    const answer = await call(at, 'POST', '/v1/responses', packed, {
      'content-encoding': encoding,
    });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('日本語');
  });

  test.each([
    ['compress', body, 415, 'Unsupported content encoding'],
    ['constructor', body, 415, 'Unsupported content encoding'],
    ['gzip', body, 400, 'could not be unpacked'],
    ['zstd', zstdCompressSync(body).subarray(0, 20), 400, 'could not be unpacked'],
    ['gzip', gzipSync(Buffer.alloc(33 * 2 ** 20, ' ')), 413, 'too large'],
    ['zstd', zstdCompressSync(Buffer.alloc(33 * 2 ** 20, ' ')), 413, 'too large'],
    ['gzip', gzipSync(Buffer.from('{')), 400, 'could not parse the JSON'],
    ['identity', Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d]), 400, 'could not parse'],
  ])('as %s that cannot be read is refused', async (encoding, packed, status, message) => {
    await using at = await servedProxy(brief);
    const answer = await call(at, 'POST', '/v1/responses', packed, {
      'content-encoding': encoding,
    });
    expect(answer.status).toBe(status);
    expect(asRecord(answer.json['error'])?.['message']).toContain(message);
    expect((await post(at, {})).status).toBe(200);
  });
});

describe('a method', () => {
  test.each([
    ['PUT', '/v1/responses', 405, 'POST'],
    ['GET', '/v1/responses', 405, 'POST'],
    ['POST', '/v1/responses/resp_x', 405, 'DELETE, GET, HEAD'],
    ['GET', '/v1/responses/resp_x/cancel', 405, 'POST'],
    ['DELETE', '/v1/models', 405, 'GET, HEAD'],
    ['OPTIONS', '/v1/responses', 204, 'POST'],
    ['OPTIONS', '/v1/responses/resp_x', 204, 'DELETE, GET, HEAD'],
  ] as const)('%s %s gives %i and says what is allowed', async (method, path, status, allow) => {
    await using at = await servedProxy(brief);
    const answer = await call(at, method, path);
    expect([answer.status, answer.headers['allow']]).toEqual([status, allow]);
  });

  test('that is wrong is told in the words of OpenAI', async () => {
    await using at = await servedProxy(brief);
    expect((await call(at, 'PUT', '/v1/responses')).json).toEqual({
      error: {
        message: expect.stringContaining('Not allowed to PUT on /v1/responses.'),
        type: 'invalid_request_error',
        param: null,
        code: null,
      },
    });
  });

  test('HEAD is GET without its body', async () => {
    await using at = await servedProxy(brief);
    const head = await call(at, 'HEAD', '/v1/models');
    expect([head.status, head.text]).toEqual([200, '']);
    expect((await call(at, 'HEAD', '/v1/responses/resp_x?stream=true')).status).toBe(404);
    expect((await call(at, 'OPTIONS', '/nowhere')).status).toBe(404);
  });
});

/** What comes back for bytes that are written as they are. */
const raw = async (at: ServedProxy, bytes: string): Promise<string> => {
  const client = net.connect(at.proxy.port, '127.0.0.1');
  client.on('error', () => undefined);
  client.end(bytes);
  let answer = '';
  for await (const chunk of client) answer += String(chunk);
  return answer;
};

describe('a request that is hardly one', () => {
  const line = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n`;

  test.each([
    ['bytes that are no HTTP', 'nonsense\r\n\r\n', 400],
    ['a method there is not', 'FOO /v1/models HTTP/1.1\r\nhost: x\r\n\r\n', 400],
    ['headers without end', `${line('/v1/models')}x: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['a path that cannot be decoded', `${line('/v1/responses/%')}\r\n`, 404],
    ['an id that is far too long', `${line(`/v1/responses/${'x'.repeat(300)}`)}\r\n`, 404],
    [
      'a body in broken pieces',
      'POST /v1/responses HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n' +
        'transfer-encoding: chunked\r\n\r\nZZ\r\n',
      400,
    ],
  ])('%s is refused in the shape of OpenAI', async (_what, bytes, status) => {
    await using at = await servedProxy(brief);
    const answer = await raw(at, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/x-request-id: req_[0-9a-f]{32}/);
    expect(parseJson(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
      error: { type: 'invalid_request_error', message: expect.any(String) },
    });
    expect((await post(at, {})).status).toBe(200);
  });

  test('asks for its key however its path is written', async () => {
    const keys = [{ name: 'a', key: 'key-of-a', residency: 'local-first' }] as const;
    await using at = await servedProxy(brief, { keys });
    for (const path of ['/v1/models', '/%761/models', 'http://x/v1/models', '/v1/models/'])
      expect(await raw(at, `${line(path)}\r\n`)).toMatch(/^HTTP\/1\.1 401 /);
  });

  test.each(['POST', 'DELETE'] as const)(
    '%s without the body it announces is served',
    async (method) => {
      await using at = await servedProxy(brief);
      const { json } = await post(at, { background: true });
      const path = `/v1/responses/${String(json['id'])}${method === 'POST' ? '/cancel' : ''}`;
      const answer = await call(at, method, path, undefined, {
        'content-type': 'application/json',
      });
      expect(answer.status).toBe(200);
    },
  );
});

describe('input items', () => {
  const input = Array.from({ length: 25 }, (_, at) => ({ role: 'user', content: `T${at}` }));

  test('are listed in pages, the last first, each with an id', async () => {
    await using at = await servedProxy(brief);
    const { json } = await post(at, { input });
    const path = `/v1/responses/${String(json['id'])}/input_items`;
    const seen: unknown[] = [];
    let after = '';
    for (;;) {
      const page = await call(at, 'GET', `${path}?limit=10${after && `&after=${after}`}`);
      expect(page.json).toMatchObject({ object: 'list' });
      const data = page.json['data'];
      if (Array.isArray(data)) seen.push(...data);
      after = String(page.json['last_id']);
      if (page.json['has_more'] !== true) break;
    }
    expect(seen).toHaveLength(25);
    expect(seen[0]).toMatchObject({
      type: 'message',
      id: expect.stringMatching(/^msg_/),
      status: 'completed',
      content: [{ type: 'input_text', text: 'T24' }],
    });
    expect(seen.at(-1)).toMatchObject({ content: [{ text: 'T0' }] });
    const first = await call(at, 'GET', `${path}?order=asc`);
    expect(first.json).toMatchObject({ has_more: true, data: { length: 20 } });
  });

  test.each(['limit=0', 'limit=101', 'limit=x', 'order=up', 'after=msg_x', 'before=msg_x'])(
    'with %s are refused',
    async (query) => {
      await using at = await servedProxy(brief);
      const { json } = await post(at, {});
      const page = await call(
        at,
        'GET',
        `/v1/responses/${String(json['id'])}/input_items?${query}`,
      );
      expect(page.status).toBe(400);
      expect(page.json).toMatchObject({ error: { param: query.split('=')[0] } });
    },
  );

  test('of nothing are not found', async () => {
    await using at = await servedProxy(brief);
    expect((await call(at, 'GET', '/v1/responses/resp_x/input_items')).status).toBe(404);
  });
});

describe('a background response over HTTP', () => {
  test('is polled until it is done', async () => {
    await using at = await servedProxy(slow);
    const { status, json } = await post(at, { background: true });
    expect([status, json['status']]).toEqual([200, 'queued']);
    const path = `/v1/responses/${String(json['id'])}`;
    const seen = new Set<unknown>();
    let polled = json;
    while (polled['status'] !== 'completed') {
      polled = (await call(at, 'GET', path)).json;
      seen.add(polled['status']);
      await clock.sleep(20);
    }
    expect(seen).toContain('in_progress');
    expect(JSON.stringify(polled['output'])).toContain('p1 p2 p3 p4 p5 p6 p7 p8');
  });

  test('is streamed, left, and taken up again where it was left', async () => {
    await using at = await servedProxy(slow);
    const leaving = new AbortController();
    const { body } = await request(`${at.origin}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', input: 'x', background: true, stream: true }),
      signal: leaving.signal,
    });
    let before = '';
    try {
      for await (const chunk of body) {
        before += String(chunk);
        if (before.includes('output_text.delta')) leaving.abort();
      }
    } catch {
      // We left.
    }
    const whole = before.slice(0, before.lastIndexOf('\n\n') + 2);
    const id = /"id":"(resp_[0-9a-f]+)"/.exec(whole)?.[1] ?? '';
    const last = [...whole.matchAll(/"sequence_number":(\d+)/g)].at(-1)?.[1] ?? '';
    const rest = await call(at, 'GET', `/v1/responses/${id}?stream=true&starting_after=${last}`);
    expect(rest.headers['content-type']).toMatch(/^text\/event-stream/);
    expect(readStream(whole + rest.text).text).toBe('p1 p2 p3 p4 p5 p6 p7 p8');
    // As `openai-go` asks.
    const path = `/v1/responses/${id}?starting_after=${last}`;
    expect((await call(at, 'GET', path, { stream: true })).text).toBe(rest.text);
    expect((await call(at, 'GET', path, { stream: false })).json).toMatchObject({ id });
    const bad = await call(at, 'GET', `/v1/responses/${id}?stream=true&starting_after=x`);
    expect(bad.json).toMatchObject({ error: { param: 'starting_after' } });
  });

  test('is cancelled, and one that is waited for cannot be', async () => {
    await using at = await servedProxy(slow);
    const { json } = await post(at, { background: true });
    const cancelled = await call(at, 'POST', `/v1/responses/${String(json['id'])}/cancel`);
    expect(cancelled).toMatchObject({ status: 200, json: { status: 'cancelled' } });
    const waited = await post(at, {});
    const refused = await call(at, 'POST', `/v1/responses/${String(waited.json['id'])}/cancel`);
    expect(refused.status).toBe(400);
    expect(refused.json).toMatchObject({
      error: { message: 'Cannot cancel a synchronous response.' },
    });
  });

  test('is failed, not forgotten, when the proxy closes before it is done', async () => {
    await using at = await servedProxy(() => ({ text: 'p '.repeat(500), gapMs: 50 }), {
      drainMs: 200,
    });
    const streamed = post(at, { background: true, stream: true });
    await clock.sleep(100);
    await at.proxy.close();
    expect(readStream((await streamed).text).resource.status).toBe('failed');
  });
});

describe('readiness', () => {
  test('is told while the proxy serves, and denied once it drains', async () => {
    await using at = await servedProxy(slow);
    expect((await call(at, 'GET', '/ready')).status).toBe(200);
    const { body } = await request(`${at.origin}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', input: 'x', stream: true }),
    });
    const closed = at.proxy.close();
    await expect(request(`${at.origin}/ready`)).rejects.toBeInstanceOf(Error);
    expect(readStream(await body.text()).resource.status).toBe('completed');
    await closed;
  });
});
