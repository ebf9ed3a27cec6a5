/** The way to a backend, step by step, over real sockets and over some that never answer. */

import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo, Socket } from 'node:net';
import tls from 'node:tls';

import { describe, expect, test } from 'vitest';

import { candidatesOn, diagnoseBackend } from '../../src/diagnosis/diagnose.ts';
import type { Fact, Finding } from '../../src/diagnosis/finding.ts';
import { type PathParts, walk } from '../../src/diagnosis/path.ts';
import type { BackendSystem, Candidate } from '../../src/system/system.ts';
import { systemClock } from '../../src/time/system-clock.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';
import { authority, elsewhere, expired, good } from './certificate.ts';

const clock = systemClock();

const backend = (url: string, more: Partial<BackendSystem> = {}): BackendSystem => ({
  name: 'spark',
  wire: 'ollama',
  urls: [url],
  residency: 'local',
  slots: 1,
  connectMs: 1000,
  firstTokenMs: 1000,
  stallMs: 1000,
  ...more,
});

const listening = async (server: net.Server) => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Every server here listens on a port.
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: async () => void server.close() };
};

/** An HTTP server that answers each path with a status and JSON, and notes what it was sent. */
const serving = async (answers: Readonly<Record<string, unknown>>) => {
  const seen: { path: string; headers: http.IncomingHttpHeaders }[] = [];
  const server = http.createServer(({ url = '', headers }, response) => {
    seen.push({ path: url, headers });
    const answer = answers[url];
    if (typeof answer === 'number') response.writeHead(answer).end();
    else if (answer === undefined) response.writeHead(404).end('{}');
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  const { port } = await listening(server);
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

const factsOf = (findings: readonly Finding[]): readonly Fact[] => findings.map(({ fact }) => fact);

const diagnose = async (system: BackendSystem, candidates: readonly Candidate[] = []) => {
  const { addresses, ...rest } = await diagnoseBackend(system, candidates, { clock });
  return { ...rest, findings: addresses.flatMap(({ findings }) => findings) };
};

describe('the way', () => {
  const to = (url: string, parts: Partial<PathParts>) =>
    walk({ url: new URL(url), connectMs: 1000 }, { clock, ...parts });

  test('ends at a name that nobody knows', async () => {
    const lookup = async () => {
      throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    };
    const { findings, socket } = await to('http://spark:11434', { lookup });
    expect(findings).toMatchObject([
      { step: 'dns', level: 'bad', fact: { kind: 'unknown-host', host: 'spark' } },
    ]);
    expect(socket).toBeUndefined();
  });

  test('ends at a name server that does not answer', async () => {
    const virtual = new VirtualClock();
    const lookup = () => new Promise<never>(() => undefined);
    const walking = to('http://spark', { clock: virtual, lookup });
    const { findings } = await virtual.runUntil(walking, 60_000);
    expect(findings).toMatchObject([
      { fact: { kind: 'dns-silent', waitedMs: 3000 }, tookMs: 3000 },
    ]);
  });

  test('ends at a port on which nothing listens', async () => {
    const server = net.createServer();
    const { port } = await listening(server);
    server.close();
    await once(server, 'close');
    const { findings } = await to(`http://127.0.0.1:${port}`, {});
    expect(factsOf(findings)).toEqual([{ kind: 'refused', host: '127.0.0.1', port }]);
  });

  test('ends where a SYN stays without an answer, after the deadline and no later', async () => {
    const virtual = new VirtualClock();
    // A socket that was never told to connect says as little as one whose packets are dropped.
    const connect = (() => new Socket()) as typeof net.connect;
    const lookup = async () => ['100.64.0.5', 'fd7a::5'];
    const walking = to('http://spark:11434', { clock: virtual, connect, lookup });
    const { findings } = await virtual.runUntil(walking, 60_000);
    expect(findings.at(-1)).toMatchObject({
      step: 'tcp',
      level: 'bad',
      fact: { kind: 'silent', address: '100.64.0.5', port: 11_434, waitedMs: 1000 },
    });
  });

  test('ends at once when nobody waits any more', async () => {
    const closing = new AbortController();
    const connect = (() => new Socket()) as typeof net.connect;
    const walking = to('http://127.0.0.1:1', { connect, closing: closing.signal });
    closing.abort();
    expect((await walking).socket).toBeUndefined();
  });
});

describe('a certificate', () => {
  const secured = async (identity: tls.TlsOptions) => {
    const server = tls.createServer(identity, (socket) => void socket.on('error', () => undefined));
    server.on('tlsClientError', () => undefined);
    return listening(server);
  };
  const toTls = async (
    port: number,
    more: { readonly ca?: string; readonly wall?: number } = { ca: authority },
  ) => {
    const at = more.wall === undefined ? clock : { ...clock, wall: () => more.wall ?? 0 };
    const { findings, socket } = await walk(
      {
        url: new URL(`https://localhost:${port}`),
        via: { host: '127.0.0.1', port },
        connectMs: 1000,
        ...(more.ca !== undefined && { ca: more.ca }),
      },
      { clock: at },
    );
    const isOpen = socket !== undefined && !socket.destroyed;
    socket?.destroy();
    return { last: findings.at(-1), isOpen };
  };

  test('that is good is told with its issuer and its days', async () => {
    await using server = await secured(good);
    const { last, isOpen } = await toTls(server.port);
    expect(last).toMatchObject({
      level: 'ok',
      fact: { kind: 'certified', name: 'localhost', issuer: 'Test Authority' },
    });
    expect(isOpen).toBe(true);
  });

  test('that ends within two weeks is a warning', async () => {
    await using server = await secured(good);
    const wall = Date.parse('2126-10-25T00:00:00Z');
    const { last } = await toTls(server.port, { ca: authority, wall });
    expect(last?.level).toBe('warn');
  });

  test.each([
    ['that expired', expired, authority, 'expired'],
    ['of another name', elsewhere, authority, 'wrong-name'],
    ['of an unknown authority', good, undefined, 'untrusted'],
  ])('%s ends the way, and nothing is sent to it', async (_name, identity, ca, kind) => {
    let received = 0;
    const server = tls.createServer(identity, (socket) => {
      socket.on('error', () => undefined).on('data', () => received++);
    });
    server.on('tlsClientError', () => undefined);
    await using at = await listening(server);
    const { last, isOpen } = await toTls(at.port, { ...(ca !== undefined && { ca }) });
    expect(last).toMatchObject({ step: 'tls', level: 'bad', fact: { kind } });
    expect(isOpen).toBe(false);
    expect(received).toBe(0);
  });

  test('is missing where a port does not speak TLS', async () => {
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined).end('hello\r\n');
    });
    await using at = await listening(server);
    expect((await toTls(at.port)).last).toMatchObject({ fact: { kind: 'tls-broken' } });
  });

  test('never comes from a relay that stands before a dead machine', async () => {
    // A hundred times as fast, so that the wait is real but short.
    const fast = {
      ...clock,
      now: () => clock.now() * 100,
      at: (instant: number, run: () => void) => clock.at(instant / 100, run),
    };
    const server = net.createServer((socket) => void socket.on('error', () => undefined));
    await using at = await listening(server);
    const destination = {
      url: new URL('https://localhost'),
      via: { host: '127.0.0.1', port: at.port },
      connectMs: 100_000,
    };
    const { findings } = await walk(destination, { clock: fast });
    expect(findings.at(-1)?.fact).toEqual({
      kind: 'tls-silent',
      host: 'localhost',
      waitedMs: 5000,
    });
  });
});

describe('Ollama', () => {
  const tags = { models: [{ name: 'gpt-oss:120b' }, { name: 'qwen3:latest' }] };
  const loaded = (size_vram: number, context_length = 32_768) => ({
    models: [{ name: 'gpt-oss:120b', size: 100, size_vram, context_length }],
  });
  const candidate = { backend: 'spark', model: 'gpt-oss:120b', numCtx: 32_768 };

  test('is well when its model is there, in memory and on the GPU', async () => {
    await using server = await serving({
      '/api/version': { version: '0.33.0' },
      '/api/tags': tags,
      '/api/ps': loaded(100),
    });
    const { findings, level, isReachable } = await diagnose(backend(server.url), [candidate]);
    expect(factsOf(findings).slice(1)).toEqual([
      { kind: 'answered', status: 200 },
      { kind: 'ollama', version: '0.33.0' },
      { kind: 'has-models', models: ['gpt-oss:120b'] },
      { kind: 'loaded', models: ['gpt-oss:120b'] },
      { kind: 'on-gpu', model: 'gpt-oss:120b', ratio: 1 },
      { kind: 'window', model: 'gpt-oss:120b', tokens: 32_768 },
    ]);
    expect({ level, isReachable }).toEqual({ level: 'ok', isReachable: true });
  });

  test.each([
    ['partly on the CPU', loaded(60), { level: 'warn', fact: { kind: 'on-gpu', ratio: 0.6 } }],
    ['on the CPU alone', loaded(0), { level: 'bad', fact: { kind: 'on-gpu', ratio: 0 } }],
    ['loaded with another window', loaded(100, 4096), { fact: { kind: 'other-window' } }],
    ['not in memory', { models: [] }, { level: 'warn', fact: { kind: 'not-loaded' } }],
  ])('is reachable but not well when its model is %s', async (_how, ps, expected) => {
    await using server = await serving({
      '/api/version': { version: '0.33.0' },
      '/api/tags': tags,
      '/api/ps': ps,
    });
    const { findings, level, isReachable } = await diagnose(backend(server.url), [candidate]);
    expect(findings.find(({ fact }) => fact.kind === expected.fact.kind)).toMatchObject(expected);
    expect(level).not.toBe('ok');
    expect(isReachable).toBe(true);
  });

  test('is told which model to pull; a name without a tag is its latest', async () => {
    await using server = await serving({
      '/api/version': { version: '0.33.0' },
      '/api/tags': tags,
      '/api/ps': { models: [] },
    });
    const wanted = ['qwen3', 'gemma3:27b'].map((model) => ({ backend: 'spark', model }));
    const { findings } = await diagnose(backend(server.url), wanted);
    expect(factsOf(findings)).toContainEqual({ kind: 'has-models', models: ['qwen3'] });
    expect(factsOf(findings)).toContainEqual({
      kind: 'lacks-model',
      model: 'gemma3:27b',
      isOllama: true,
    });
  });

  test('is not taken for what is something else', async () => {
    await using server = await serving({ '/api/version': { name: 'a web server' } });
    const { findings } = await diagnose(backend(server.url));
    expect(factsOf(findings)).toContainEqual({ kind: 'not-ollama' });
  });
});

describe('a server with an API', () => {
  const openai = (url: string, more: Partial<BackendSystem> = {}) =>
    backend(`${url}/v1`, { wire: 'openai', residency: 'cloud', apiKey: 'secret', ...more });

  test.each([
    [401, { kind: 'unauthorized', status: 401, hasKey: true }, false],
    [403, { kind: 'unauthorized', status: 403, hasKey: true }, false],
    [429, { kind: 'rate-limited' }, true],
    [404, { kind: 'no-api', status: 404, path: '/v1/models' }, true],
    [502, { kind: 'gateway', status: 502 }, false],
    [500, { kind: 'bad-status', status: 500 }, false],
  ])('that answers %i', async (status, fact, isReachable) => {
    await using server = await serving({ '/v1/models': status });
    const diagnosis = await diagnose(openai(server.url));
    expect(factsOf(diagnosis.findings)).toContainEqual(fact);
    expect(diagnosis.isReachable).toBe(isReachable);
  });

  test('is asked with our key for what costs nothing, and known for a Spillway', async () => {
    await using server = await serving({
      '/v1/models': { data: [{ id: 'gpt-oss-120b' }] },
      '/health': { status: 'ok', service: 'spillway', version: '1.2.3' },
    });
    const candidates = [{ backend: 'spark', model: 'gpt-oss-120b' }];
    const { findings } = await diagnose(openai(server.url), candidates);
    expect(factsOf(findings)).toContainEqual({ kind: 'spillway', version: '1.2.3' });
    expect(server.seen.map(({ path }) => path)).toEqual(['/v1/models', '/health']);
    expect(server.seen[0]?.headers.authorization).toBe('Bearer secret');
    // Whoever answers there, health is asked for without it.
    expect(server.seen[1]?.headers.authorization).toBeUndefined();
  });

  test.each([
    ['https://x/openai/v1', undefined, '/openai/v1/models'],
    ['https://x', '2025-04-01-preview', '/openai/models?api-version=2025-04-01-preview'],
  ])('of Azure at %s is asked where its version says', async (base, apiVersion, path) => {
    await using server = await serving({});
    const { pathname } = new URL(base);
    const system = backend(`${server.url}${pathname}`, {
      wire: 'azure-openai',
      apiKey: 'secret',
      ...(apiVersion !== undefined && { apiVersion }),
    });
    await diagnose(system);
    expect(server.seen).toMatchObject([{ path, headers: { 'api-key': 'secret' } }]);
  });
});

describe('a backend with two addresses', () => {
  test('is reachable over one of them, with a warning', async () => {
    await using server = await serving({
      '/api/version': { version: '0.33.0' },
      '/api/tags': { models: [] },
      '/api/ps': { models: [] },
    });
    const system = backend(server.url, { urls: ['http://127.0.0.1:1', server.url] });
    const diagnosis = await diagnoseBackend(system, [], { clock });
    expect(diagnosis.addresses.map(({ isReachable }) => isReachable)).toEqual([false, true]);
    expect(diagnosis).toMatchObject({ isReachable: true, level: 'warn' });
  });

  test('never shows what a URL holds of names and passwords', async () => {
    const { addresses } = await diagnoseBackend(backend('http://me:word@127.0.0.1:1/base'), [], {
      clock,
    });
    expect(addresses[0]?.url).toBe('http://127.0.0.1:1/base');
  });
});

test('the candidates of a backend are those of every model', () => {
  const models = [
    { name: 'a', candidates: [{ backend: 'spark', model: 'x' }] },
    {
      name: 'b',
      candidates: [
        { backend: 'azure', model: 'y' },
        { backend: 'spark', model: 'z' },
      ],
    },
  ];
  expect(candidatesOn({ models }, 'spark').map(({ model }) => model)).toEqual(['x', 'z']);
});
