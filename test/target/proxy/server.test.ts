import { once } from 'node:events';
import net from 'node:net';

import { request as undiciRequest } from 'undici';
import { describe, expect, test } from 'vitest';

import { SseParser } from '../../../src/protocol/sse.ts';
import { seededIds } from '../../../src/random/id.ts';
import { seeded } from '../../../src/random/random.ts';
import type { System } from '../../../src/system/system.ts';
import { asRecord, type JsonObject, parseJson } from '../../../src/target/proxy/json.ts';
import {
  openProxyServer,
  type ProxyServer,
  type ProxyServerOptions,
} from '../../../src/target/proxy/server.ts';
import { systemClock } from '../../../src/time/system-clock.ts';
import {
  backend,
  bodyOf,
  chunk,
  head,
  lastChunk,
  portOf,
  type Script,
  scriptedServer,
} from './scripted-server.ts';

const clock = systemClock();
const ndjson = head('application/x-ndjson');
const piece = (content: string): string =>
  chunk(`${JSON.stringify({ message: { content }, done: false })}\n`);
const done = chunk(
  `${JSON.stringify({ message: { content: '' }, done: true, done_reason: 'stop', prompt_eval_count: 9, eval_count: 2 })}\n`,
);

/** Tells `/api/ps` that the model is loaded, and answers everything else by the script. */
const loaded =
  (script: Script): Script =>
  (socket, request, count) => {
    if (!request.startsWith('GET')) return script(socket, request, count);
    const body = '{"models":[{"name":"gpt-oss:120b"}]}';
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  };

const system = (url: string, more: Partial<System> = {}): System => ({
  listen: { host: '127.0.0.1', port: 0 },
  state: { kind: 'memory', retainDays: 30 },
  keys: [],
  backends: [backend('ollama', [url])],
  models: [{ name: 'm', candidates: [{ backend: 'spark', model: 'gpt-oss:120b' }] }],
  midStream: 'fail',
  commitOn: 'text',
  cold: 'spill',
  spill: { queueMax: 2, waitMsMax: 1500 },
  breaker: { hardFailures: 1, softFailures: 3, openForMs: 5000 },
  economics: { counterfactuals: [] },
  ...more,
});

const options = (of: System, log: string[] = []): ProxyServerOptions => ({
  system: of,
  clock,
  random: seeded(1),
  ids: seededIds(seeded(2)),
  record: () => undefined,
  priceOf: () => undefined,
  maySpend: () => true,
  countTokens: (text) => Math.ceil(text.length / 4),
  log: (line) => log.push(line),
});

interface World extends AsyncDisposable {
  readonly proxy: ProxyServer;
  readonly requests: readonly string[];
}

const world = async (script: Script, more: Partial<System> = {}): Promise<World> => {
  const upstream = await scriptedServer(loaded(script));
  const proxy = await openProxyServer(options(system(upstream.url, more)));
  return {
    proxy,
    requests: upstream.requests,
    async [Symbol.asyncDispose]() {
      await proxy.close();
      await upstream[Symbol.asyncDispose]();
    },
  };
};

const says = (socket: net.Socket): void => {
  socket.write(ndjson + piece('p1 ') + piece('p2') + done + lastChunk);
};

const firstBytes = (socket: net.Socket): Promise<string> =>
  new Promise((resolve) => {
    socket.once('data', (bytes) => resolve(bytes.toString()));
  });

interface Asked {
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PUT';
  readonly body?: string | object;
  readonly headers?: Readonly<Record<string, string>>;
}

const ask = async (proxy: ProxyServer, path: string, asked: Asked = {}) => {
  const { method = 'GET', body, headers = {} } = asked;
  const answer = await undiciRequest(new URL(path, proxy.url), {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: typeof body === 'object' ? JSON.stringify(body) : (body ?? null),
  });
  const text = await answer.body.text();
  const json: JsonObject = asRecord(parseJson(text)) ?? {};
  return { status: answer.statusCode, headers: answer.headers, text, json };
};

const respond = (proxy: ProxyServer, body: object, headers?: Readonly<Record<string, string>>) =>
  ask(proxy, '/v1/responses', {
    method: 'POST',
    body: { model: 'm', input: 'Hello.', ...body },
    ...(headers ? { headers } : {}),
  });

describe('answering', () => {
  test('a response in JSON is whole, named and kept', async () => {
    await using at = await world(says);
    const { status, headers, json } = await respond(at.proxy, {});
    expect(status).toBe(200);
    expect(headers['x-request-id']).toMatch(/^req_[0-9a-f]{32}$/);
    expect(headers['content-length']).toBeDefined();
    expect(json).toMatchObject({ object: 'response', status: 'completed', access_programs: null });
    const kept = await ask(at.proxy, `/v1/responses/${String(json['id'])}`);
    expect(kept.json).toEqual(json);
  });

  test('a response in events ends with its terminal event and [DONE]', async () => {
    await using at = await world(says);
    const { headers, text } = await respond(at.proxy, { stream: true });
    expect(headers['content-type']).toMatch(/^text\/event-stream/);
    const parser = new SseParser();
    const events = parser.push(Buffer.from(text));
    expect(events[0]?.event).toBe('response.created');
    expect(events.at(-2)?.event).toBe('response.completed');
    expect(events.at(-1)?.data).toBe('[DONE]');
  });

  test('the next turn carries the whole conversation', async () => {
    await using at = await world(says);
    const first = await respond(at.proxy, {});
    await respond(at.proxy, { previous_response_id: first.json['id'], input: 'Go on.' });
    const sent = at.requests.filter((it) => it.startsWith('POST'));
    expect(bodyOf(sent[1])['messages']).toEqual([
      { role: 'user', content: 'Hello.' },
      { role: 'assistant', content: 'p1 p2' },
      { role: 'user', content: 'Go on.' },
    ]);
  });

  test('the trace of the client goes on to the backend', async () => {
    await using at = await world(says);
    const trace = '5b110002000000080004aaaaaaaaaaaa';
    await respond(at.proxy, {}, { traceparent: `00-${trace}-00f067aa0ba902b7-01` });
    expect(at.requests.find((it) => it.startsWith('POST'))).toContain(`traceparent: 00-${trace}-`);
  });

  test('a response that was deleted is gone', async () => {
    await using at = await world(says);
    const { json } = await respond(at.proxy, {});
    const path = `/v1/responses/${String(json['id'])}`;
    const removed = await ask(at.proxy, path, { method: 'DELETE' });
    expect(removed.json).toEqual({ id: json['id'], object: 'response', deleted: true });
    expect((await ask(at.proxy, path)).status).toBe(404);
  });

  test('a client that leaves takes the attempt with it', async () => {
    const arrived = Promise.withResolvers<net.Socket>();
    await using at = await world((socket) => {
      socket.write(ndjson + piece('p1 '));
      arrived.resolve(socket);
    });
    const leaving = new AbortController();
    const asked = undiciRequest(`${at.proxy.url}/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', input: 'Hello.', stream: true }),
      signal: leaving.signal,
    });
    const { body } = await asked;
    body.on('error', () => undefined);
    const socket = await arrived.promise;
    const gone = once(socket, 'close');
    leaving.abort();
    await gone;
    expect(at.proxy.load().inFlight).toBeLessThanOrEqual(1);
  });

  test('a reader that does not read stops the backend from being read', async () => {
    let written = 0;
    const long = 'x'.repeat(64 * 1024);
    await using at = await world((socket) => {
      socket.write(ndjson);
      const more = (): void => {
        while (written < 64 * 2 ** 20) {
          written += long.length;
          if (!socket.write(piece(long))) {
            socket.once('drain', more);
            return;
          }
        }
        socket.write(done + lastChunk);
      };
      more();
    });
    const client = net.connect(at.proxy.port, '127.0.0.1');
    const body = JSON.stringify({ model: 'm', input: 'Hello.', stream: true });
    client.write(
      `POST /v1/responses HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n` +
        `content-length: ${body.length}\r\n\r\n${body}`,
    );
    client.pause();
    let before = -1;
    while (before !== written) {
      before = written;
      await clock.sleep(150);
    }
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(48 * 2 ** 20);
    client.destroy();
  });
});

const silent: Script = () => undefined;

describe('refusing', () => {
  test.each([
    ['an unknown path', '/v1/nothing', {}, 404, 'Invalid URL (GET /v1/nothing)'],
    ['a wrong method', '/v1/models', { method: 'PUT' }, 405, 'Not allowed to PUT on /v1/models.'],
    ['a response that is not there', '/v1/responses/resp_x', {}, 404, "Response with id 'resp_x'"],
    ['a model that is not there', '/v1/models/nope', {}, 404, "The model 'nope' does not exist."],
    [
      'JSON that is none',
      '/v1/responses',
      { method: 'POST', body: '{"a":' },
      400,
      'parse the JSON',
    ],
    [
      'a body that is not JSON',
      '/v1/responses',
      { method: 'POST', body: 'a=b', headers: { 'content-type': 'text/plain' } },
      415,
      'application/json',
    ],
    ['a missing model', '/v1/responses', { method: 'POST', body: { input: 'x' } }, 400, "'model'"],
  ] as const)('%s', async (_what, path, asked, status, message) => {
    await using at = await world(silent);
    const answer = await ask(at.proxy, path, asked);
    expect(answer.status).toBe(status);
    expect(answer.headers['x-request-id']).toMatch(/^req_/);
    expect(answer.json['error']).toEqual({
      message: expect.stringContaining(message),
      type: 'invalid_request_error',
      param: expect.toBeOneOf([null, expect.any(String)]),
      code: expect.toBeOneOf([null, expect.any(String)]),
    });
  });

  test('a body above the limit', async () => {
    await using at = await world(silent);
    const client = net.connect(at.proxy.port, '127.0.0.1');
    client.write(
      'POST /v1/responses HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n' +
        `content-length: ${33 * 2 ** 20}\r\n\r\n`,
    );
    const answer = await firstBytes(client);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('invalid_request_error');
    client.destroy();
  });
});

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

describe('keys', () => {
  const keys = [
    { name: 'miner', key: 'key-of-miner', residency: 'local-first' },
    { name: 'other', key: 'key-of-other', residency: 'local-only' },
  ] as const;

  test.each([[undefined], ['Bearer wrong'], ['Basic key-of-miner'], ['Bearer ']])(
    'with `authorization: %s` nobody enters',
    async (authorization) => {
      await using at = await world(says, { keys });
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await respond(at.proxy, {}, headers);
      expect(answer.status).toBe(401);
      expect(answer.json['error']).toMatchObject({ code: 'invalid_api_key' });
      expect(at.requests).toEqual([]);
    },
  );

  test('a key sees what it made, and nothing of another', async () => {
    await using at = await world(says, { keys });
    const { json } = await respond(at.proxy, {}, bearer('key-of-miner'));
    const path = `/v1/responses/${String(json['id'])}`;
    expect((await ask(at.proxy, path, { headers: bearer('key-of-miner') })).status).toBe(200);
    expect((await ask(at.proxy, path, { headers: bearer('key-of-other') })).status).toBe(404);
    const follow = { previous_response_id: json['id'] };
    expect((await respond(at.proxy, follow, bearer('key-of-other'))).status).toBe(400);
  });

  test('health needs none', async () => {
    await using at = await world(says, { keys });
    const { status, json } = await ask(at.proxy, '/health');
    expect(status).toBe(200);
    expect(json).toMatchObject({ status: 'ok', service: 'spillway' });
  });
});

describe('opening and closing', () => {
  test('an open proxy on a public address is refused', async () => {
    const open = system('http://127.0.0.1:1', { listen: { host: '0.0.0.0', port: 0 } });
    await expect(openProxyServer(options(open))).rejects.toMatchObject({
      name: 'OpenToEveryoneError',
      hint: expect.stringContaining('keys'),
    });
  });

  test('a port in use is told with what to do', async () => {
    const other = net.createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = system('http://127.0.0.1:1', {
      listen: { host: '127.0.0.1', port: portOf(other) },
    });
    await expect(openProxyServer(options(taken))).rejects.toMatchObject({
      message: expect.stringContaining(`127.0.0.1:${portOf(other)}: the port is in use`),
      hint: expect.stringContaining('--port'),
    });
    other.close();
  });

  test('closing lets a running answer end', async () => {
    const arrived = Promise.withResolvers<net.Socket>();
    await using at = await world((socket) => {
      socket.write(ndjson + piece('p1 '));
      arrived.resolve(socket);
    });
    const answer = respond(at.proxy, { stream: true });
    const socket = await arrived.promise;
    const closed = at.proxy.close();
    socket.write(piece('p2') + done + lastChunk);
    expect((await answer).text).toContain('event: response.completed');
    const answeredAt = clock.now();
    await closed;
    expect(clock.now() - answeredAt).toBeLessThan(1000);
  });
});
