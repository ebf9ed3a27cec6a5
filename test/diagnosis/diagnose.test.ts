/** What a backend is and has, once it can be reached. */

import http from 'node:http';
import net from 'node:net';

import { describe, expect, test } from 'vitest';

import { candidatesOn, diagnoseBackend } from '../../src/diagnosis/diagnose.ts';
import type { Fact, Finding } from '../../src/diagnosis/finding.ts';
import type { BackendSystem, Candidate } from '../../src/system/system.ts';
import { systemClock } from '../../src/time/system-clock.ts';
import { listening } from './loopback.ts';

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

describe('a company’s HTTP proxy', () => {
  /**
   * A proxy that answers CONNECT with a head, and then opens the way to whoever it was asked for.
   */
  const proxyServer = async (answer: string) => {
    const asked: string[] = [];
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (bytes) => {
        asked.push(bytes.toString());
        socket.write(answer);
        if (!answer.startsWith('HTTP/1.1 200')) return;
        const [, port] = /^CONNECT [^:]+:(\d+)/.exec(bytes.toString()) ?? [];
        const far = net.connect(Number(port), '127.0.0.1').on('error', () => undefined);
        far.pipe(socket);
        socket.pipe(far);
      });
    });
    return { ...(await listening(server)), asked, server };
  };

  test('is passed through, with the name and password in its URL', async () => {
    await using server = await serving({ '/v1/models': { data: [] } });
    const { port, asked, server: proxy } = await proxyServer('HTTP/1.1 200 OK\r\n\r\n');
    const url = `${server.url}/v1`;
    const egress = { [url]: `http://me:word@127.0.0.1:${port}` };
    const { findings, isReachable } = await diagnose(backend(url, { wire: 'openai', egress }));
    proxy.close();
    expect(isReachable).toBe(true);
    expect(factsOf(findings)).toContainEqual({ kind: 'tunnelled', proxy: `127.0.0.1:${port}` });
    expect(asked[0]).toContain('proxy-authorization: Basic bWU6d29yZA==');
    expect(JSON.stringify(findings)).not.toContain('word');
  });

  test.each([
    ['HTTP/1.1 407 Who\r\n\r\n', { kind: 'tunnel-refused', status: 407 }],
    ['HTTP/1.1 403 No\r\n\r\n', { kind: 'tunnel-refused', status: 403 }],
    ['SSH-2.0\r\n\r\n', { kind: 'tunnel-refused', status: 0 }],
  ])('that answers %j ends the way', async (answer, fact) => {
    const { port, server } = await proxyServer(answer);
    const url = 'https://example.openai.azure.com';
    const egress = { [url]: `http://127.0.0.1:${port}` };
    const { findings, isReachable } = await diagnose(backend(url, { egress }));
    server.close();
    expect(findings.at(-1)).toMatchObject({ step: 'proxy', level: 'bad', fact });
    expect(isReachable).toBe(false);
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

  test('is told of a model that it passes on, unless it is a cloud anyway', async () => {
    const host = 'https://ollama.com:443';
    await using server = await serving({
      '/api/version': { version: '0.33.0' },
      '/api/tags': {
        models: [
          { name: 'mine:latest', remote_model: 'gpt-oss:120b', remote_host: host },
          { name: 'other:latest', remote_model: 'gpt-oss:20b', remote_host: host },
          { name: 'here:latest' },
        ],
      },
      '/api/ps': { models: [{ name: 'here:latest' }] },
    });
    const wanted = ['mine', 'here'].map((model) => ({ backend: 'spark', model }));
    const remote = async (more: Partial<BackendSystem>) =>
      (await diagnose(backend(server.url, more), wanted)).findings.filter(
        ({ fact }) => fact.kind === 'remote-model' || fact.kind === 'not-loaded',
      );
    expect(await remote({})).toEqual([
      { step: 'models', level: 'warn', fact: { kind: 'remote-model', model: 'mine:latest', host } },
    ]);
    expect(await remote({ residency: 'cloud' })).toEqual([]);
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

  test('that wants a token of Entra is well: none is asked for here', async () => {
    await using server = await serving({ '/openai/v1/models': 401 });
    const entra = { kind: 'virtual-machine', endpoint: 'http://169.254.169.254' } as const;
    const diagnosis = await diagnose(backend(server.url, { wire: 'azure-openai', entra }));
    expect(diagnosis).toMatchObject({ isReachable: true, level: 'ok' });
    expect(factsOf(diagnosis.findings)).toContainEqual({ kind: 'token-not-tried' });
  });

  test('is asked with our key for what costs nothing, and known for a Spillway', async () => {
    await using server = await serving({
      '/v1/models': { data: [{ id: 'gpt-oss-120b', owned_by: 'spillway' }] },
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

  test('that is no Spillway is not asked for its health, which may cost money', async () => {
    await using server = await serving({
      '/v1/models': { data: [{ id: 'm', owned_by: 'openai' }] },
    });
    await diagnose(openai(server.url));
    expect(server.seen.map(({ path }) => path)).toEqual(['/v1/models']);
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
