/** Another file while the proxy serves: on real sockets, and in virtual time. */

import { once } from 'node:events';

import { request } from 'undici';
import { describe, expect, test } from 'vitest';

import { seededIds } from '../../../src/random/id.ts';
import { seeded } from '../../../src/random/random.ts';
import type { BackendSystem, System } from '../../../src/system/system.ts';
import { openProxyServer, type ProxyServer } from '../../../src/target/proxy/server.ts';
import { systemClock } from '../../../src/time/system-clock.ts';
import { answer, failure, pause, ProxyWorld, numbered } from '../../kit/proxy-world.ts';
import { readStream } from '../../kit/response-grammar.ts';
import { backend, chunk, head, lastChunk, type Script, scriptedServer } from './scripted-server.ts';

const clock = systemClock();
const piece = (content: string): string =>
  chunk(`${JSON.stringify({ message: { content }, done: false })}\n`);
const done = chunk('{"message":{"content":""},"done":true,"done_reason":"stop"}\n') + lastChunk;

/** Tells that its model is loaded, and answers the rest by the script. */
const loaded =
  (script: Script): Script =>
  (socket, asked, count) => {
    if (asked.startsWith('POST')) return script(socket, asked, count);
    const body = '{"models":[{"name":"gpt-oss:120b"}]}';
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  };

const says = (word: string): Script =>
  loaded((socket) => void socket.write(head('application/x-ndjson') + piece(word) + done));

const system = (url: string, more: Partial<System> = {}): System => ({
  listen: { host: '127.0.0.1', port: 0 },
  state: { kind: 'memory', retainDays: 30 },
  keys: [],
  backends: [{ ...backend('ollama', [url]), slots: 4 }],
  models: [{ name: 'm', candidates: [{ backend: 'spark', model: 'gpt-oss:120b' }] }],
  midStream: 'fail',
  commitOn: 'text',
  cold: 'spill',
  spill: { queueMax: 2, waitMsMax: 1500 },
  breaker: { hardFailures: 1, softFailures: 3, openForMs: 5000 },
  economics: { counterfactuals: [] },
  ...more,
});

const open = (from: System): Promise<ProxyServer> =>
  openProxyServer({
    system: from,
    clock,
    random: seeded(1),
    ids: seededIds(seeded(2)),
    record: () => undefined,
    priceOf: () => undefined,
    maySpend: () => true,
    countTokens: (text) => Math.ceil(text.length / 4),
  });

const ask = async (proxy: ProxyServer, isStream = false, key = 'none') => {
  const { statusCode, body } = await request(`${proxy.url}/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'm', input: 'Hello.', stream: isStream }),
  });
  return { status: statusCode, body };
};

describe('on sockets', () => {
  test('a running stream ends where it began, new requests go elsewhere, and then the old closes', async () => {
    const began = Promise.withResolvers<() => void>();
    await using before = await scriptedServer(
      loaded((socket) => {
        socket.write(head('application/x-ndjson') + piece('old '));
        began.resolve(() => void socket.write(piece('end') + done));
      }),
    );
    await using after = await scriptedServer(says('new'));
    const proxy = await open(system(before.url));
    const running = await ask(proxy, true);
    const goOn = await began.promise;

    proxy.reload(system(after.url));
    expect(await (await ask(proxy)).body.text()).toContain('"text":"new"');
    expect(before.sockets.every((socket) => !socket.destroyed)).toBe(true);
    goOn();
    const stream = readStream(await running.body.text());
    expect(stream.resource.status).toBe('completed');
    expect(stream.text).toBe('old end');
    await expect.poll(() => before.sockets.every((socket) => socket.destroyed)).toBe(true);
    expect(after.sockets.some((socket) => !socket.destroyed)).toBe(true);
    await proxy.close();
  });

  test('a backend that has not changed keeps its connection', async () => {
    await using server = await scriptedServer(says('same'));
    const proxy = await open(system(server.url));
    await (await ask(proxy)).body.text();
    const count = server.sockets.length;
    proxy.reload(system(server.url, { midStream: 'continue' }));
    await (await ask(proxy)).body.text();
    expect(server.sockets).toHaveLength(count);
    await proxy.close();
  });

  test('keys come and go', async () => {
    const key = (name: string) =>
      ({ name, key: `key-of-${name}`, residency: 'local-first' }) as const;
    await using server = await scriptedServer(says('hello'));
    const proxy = await open(system(server.url, { keys: [key('one')] }));
    expect((await ask(proxy, false, 'key-of-one')).status).toBe(200);
    proxy.reload(system(server.url, { keys: [key('two')] }));
    expect((await ask(proxy, false, 'key-of-one')).status).toBe(401);
    expect((await ask(proxy, false, 'key-of-two')).status).toBe(200);
    await proxy.close();
  });

  test('a key whose rules are the same keeps its counts', async () => {
    const keys = [
      { name: 'one', key: 'k', residency: 'local-first', requestsPerMinute: 1 },
    ] as const;
    await using server = await scriptedServer(says('hello'));
    const proxy = await open(system(server.url, { keys }));
    expect((await ask(proxy, false, 'k')).status).toBe(200);
    proxy.reload(system(server.url, { keys, midStream: 'continue' }));
    expect((await ask(proxy, false, 'k')).status).toBe(429);
    proxy.reload(system(server.url, { keys: [{ ...keys[0], requestsPerMinute: 2 }] }));
    expect((await ask(proxy, false, 'k')).status).toBe(200);
    await proxy.close();
  });

  test('a file that cannot be opened changes nothing', async () => {
    await using server = await scriptedServer(says('hello'));
    const proxy = await open(system(server.url));
    const broken: BackendSystem = { ...backend('ollama', ['http://127.0.0.1:1']), caFile: '/no' };
    expect(() => proxy.reload(system(server.url, { backends: [broken] }))).toThrow(/ENOENT/);
    expect((await ask(proxy)).status).toBe(200);
    await proxy.close();
  });

  test('closing cuts what is still open of every file', async () => {
    const began = Promise.withResolvers<void>();
    await using before = await scriptedServer(
      loaded((socket) => {
        socket.write(head('application/x-ndjson') + piece('old '));
        began.resolve();
      }),
    );
    await using after = await scriptedServer(says('new'));
    const proxy = await open(system(before.url, { drainMs: 50 }));
    const running = await ask(proxy, true);
    await began.promise;
    proxy.reload(system(after.url, { drainMs: 50 }));
    const closed = before.sockets.map((socket) => once(socket, 'close'));
    await proxy.close();
    await Promise.all(closed);
    expect(readStream(await running.body.text()).resource.status).toBe('failed');
  });
});

describe('in virtual time', () => {
  test('a request fails over as the file said when it began', async () => {
    const world = new ProxyWorld({
      spark: [() => [pause(1000), failure('reset')]],
      azure: [() => answer('a', 5)],
    });
    const running = world.begin();
    await world.clock.runUntil(world.clock.sleep(500), 10_000);
    const models = [{ name: 'm', candidates: [{ backend: 'spare', model: 'x' }] }];
    const retired = world.proxy.adopt({
      system: { ...world.parts.system, models },
      upstreams: world.parts.upstreams,
    });
    const next = await world.ask();
    expect(next.stream.resource.status).toBe('completed');
    await world.clock.runUntil(running.done, 10_000);
    await retired;
    expect(world.attempts.map(({ backend: name }) => name)).toEqual(['spare', 'spark', 'azure']);
  });

  test('a circuit that is open stays open, unless its rules have changed', async () => {
    const world = new ProxyWorld({ spark: [() => [failure('refused', { evidence: 'hard' })]] });
    await world.ask();
    world.spark.probeAnswer = () => Promise.reject(new Error('still down'));
    world.spark.plays(() => numbered('p', 1, 3));
    const { upstreams, system: from } = world.parts;
    void world.proxy.adopt({ system: { ...from, midStream: 'continue' }, upstreams });
    expect(world.proxy.health().backends[0]?.breaker).toBe('open');
    const breaker = { hardFailures: 2, softFailures: 3, openForMs: 5000 };
    void world.proxy.adopt({ system: { ...from, breaker }, upstreams });
    expect(world.proxy.health().backends[0]?.breaker).toBe('closed');
  });
});
