/** The way out through an HTTP proxy, over real sockets on the loopback. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net, { type Socket } from 'node:net';
import tls from 'node:tls';

import { describe, expect, test } from 'vitest';

import type { GenerationEvent } from '../../../src/protocol/generation.ts';
import type { BackendSystem } from '../../../src/system/system.ts';
import { ollamaUpstream } from '../../../src/target/proxy/ollama-upstream.ts';
import { systemClock } from '../../../src/time/system-clock.ts';
import {
  backend,
  call,
  chunk,
  collect,
  head,
  lastChunk,
  never,
  portOf,
} from './scripted-server.ts';

const clock = systemClock();
const certificate = (name: string): string =>
  new URL(`../../kit/certificate/${name}`, import.meta.url).pathname;
const answer =
  head('application/x-ndjson') +
  chunk('{"message":{"content":"p1 "},"done":false}\n') +
  chunk('{"message":{"content":""},"done":true,"done_reason":"stop"}\n') +
  lastChunk;

interface Listening extends AsyncDisposable {
  readonly port: number;
}

const listening = async (server: net.Server): Promise<Listening> => {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  };
  server.on('connection', keep).on('secureConnection', keep);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};

const answering = (socket: Socket): void => {
  socket.on('data', (bytes) => {
    if (bytes.toString().includes('\r\n\r\n')) socket.write(answer);
  });
};

/** The far end, as `cloud.test`, which no resolver knows: only the proxy finds it. */
const cloud = (isTls: boolean): Promise<Listening> =>
  listening(
    isTls
      ? tls.createServer(
          {
            cert: readFileSync(certificate('cloud.pem')),
            key: readFileSync(certificate('cloud.key')),
          },
          answering,
        )
      : net.createServer(answering),
  );

interface HttpProxy extends Listening {
  readonly heads: readonly string[];
}

/** A proxy that connects everything to one port, or answers as it is told. */
const httpProxy = async (port: number, refuse?: (socket: Socket) => void): Promise<HttpProxy> => {
  const heads: string[] = [];
  const server = net.createServer((socket) => {
    socket.once('data', (bytes) => {
      heads.push(bytes.toString());
      if (refuse) return refuse(socket);
      const far = net.connect(port, '127.0.0.1');
      far.on('error', () => socket.destroy());
      socket.on('close', () => far.destroy());
      far.on('close', () => socket.destroy());
      far.once('connect', () => {
        // In two pieces, as a slow proxy would.
        socket.write('HTTP/1.1 200 Connection est');
        socket.write('ablished\r\nvia: test\r\n\r\n');
        socket.pipe(far).pipe(socket);
      });
    });
  });
  const open = await listening(server);
  return { ...open, heads };
};

const ask = async (url: string, more: Partial<BackendSystem>): Promise<GenerationEvent[]> => {
  const upstream = ollamaUpstream({ ...backend('ollama', [url]), ...more }, { clock });
  try {
    return [...(await collect(upstream.open(call(), never())))];
  } finally {
    await upstream.close();
  }
};

const failureOf = (events: readonly GenerationEvent[]) => {
  const last = events.at(-1);
  return last?.kind === 'failure' ? last.failure : last;
};

const caFile = certificate('authority.pem');
const through = (url: string, port: number) => ({ [url]: `http://127.0.0.1:${port}` });

describe('through an HTTP proxy', () => {
  test.each([
    ['https://cloud.test', true, 'CONNECT cloud.test:443 HTTP/1.1\r\nhost: cloud.test:443\r\n\r\n'],
    ['http://cloud.test:8080', false, 'CONNECT cloud.test:8080 HTTP/1.1\r\nhost: cloud.test:8080'],
  ])('%s is reached by its name', async (url, isTls, connect) => {
    await using far = await cloud(isTls);
    await using proxy = await httpProxy(far.port);
    const events = await ask(url, { egress: through(url, proxy.port), caFile });
    expect(events.at(-1)).toEqual({ kind: 'end', reason: 'stop' });
    expect(proxy.heads).toEqual([expect.stringContaining(connect)]);
  });

  test('a connection is used again', async () => {
    await using far = await cloud(true);
    await using proxy = await httpProxy(far.port);
    const url = 'https://cloud.test';
    const upstream = ollamaUpstream(
      { ...backend('ollama', [url]), egress: through(url, proxy.port), caFile },
      { clock },
    );
    await collect(upstream.open(call(), never()));
    await collect(upstream.open(call(), never()));
    await upstream.close();
    expect(proxy.heads).toHaveLength(1);
  });

  test('name and password go to the proxy, and to nobody else', async () => {
    await using far = await cloud(true);
    await using proxy = await httpProxy(far.port);
    const url = 'https://cloud.test';
    await ask(url, { egress: { [url]: `http://me:a%40b@127.0.0.1:${proxy.port}` }, caFile });
    const credentials = Buffer.from('me:a@b').toString('base64');
    expect(proxy.heads[0]).toContain(`proxy-authorization: Basic ${credentials}\r\n`);
  });

  test.each([
    [407, 'wants to know who asks (407)'],
    [403, 'answered 403 to CONNECT cloud.test:443'],
    [502, 'answered 502 to CONNECT cloud.test:443'],
  ])('its refusal with %i is told as such', async (status, words) => {
    await using proxy = await httpProxy(0, (socket) => {
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    });
    const url = 'https://cloud.test';
    const failure = failureOf(await ask(url, { egress: through(url, proxy.port) }));
    expect(failure).toMatchObject({ reason: 'unreachable', evidence: 'hard' });
    expect(failure).toMatchObject({ message: expect.stringContaining(words) });
  });

  test('one deadline covers its silence, and TLS behind it', async () => {
    await using silent = await httpProxy(0, () => undefined);
    await using mute = await listening(net.createServer());
    await using proxy = await httpProxy(mute.port);
    const url = 'https://cloud.test';
    for (const port of [silent.port, proxy.port]) {
      const began = clock.now();
      const failure = failureOf(
        await ask(url, { egress: through(url, port), connectMs: 150, caFile }),
      );
      expect(failure).toMatchObject({ reason: 'unreachable' });
      expect(failure).toMatchObject({ message: expect.stringContaining('longer than 150 ms') });
      expect(clock.now() - began).toBeLessThan(1000);
    }
  });

  test('one that is not there, or hangs up, or talks nonsense, is told by its name', async () => {
    const url = 'https://cloud.test';
    await using gone = await httpProxy(0, (socket) => void socket.destroy());
    await using odd = await httpProxy(0, (socket) => void socket.write('220 smtp\r\n\r\n'));
    const closed = await httpProxy(0);
    await closed[Symbol.asyncDispose]();
    for (const [port, reason] of [
      [gone.port, 'unreachable'],
      [odd.port, 'unreachable'],
      [closed.port, 'refused'],
    ] as const) {
      const failure = failureOf(await ask(url, { egress: through(url, port) }));
      expect(failure).toMatchObject({ reason });
      expect(failure).toMatchObject({
        message: expect.stringContaining(`the HTTP proxy 127.0.0.1:${port}`),
      });
    }
  });

  test('leaving while it is silent closes the socket', async () => {
    const arrived = Promise.withResolvers<Socket>();
    await using silent = await httpProxy(0, (socket) => arrived.resolve(socket));
    const url = 'https://cloud.test';
    const upstream = ollamaUpstream(
      { ...backend('ollama', [url]), egress: through(url, silent.port) },
      { clock },
    );
    const leaving = new AbortController();
    const events = collect(upstream.open(call(), leaving.signal));
    const socket = await arrived.promise;
    const closed = once(socket, 'close');
    leaving.abort();
    await closed;
    expect(failureOf(await events)).toMatchObject({ reason: 'closed' });
    await upstream.close();
  });
});

describe('certificates', () => {
  test('of an unknown authority are refused, and the remedy is named', async () => {
    await using far = await cloud(true);
    const failure = failureOf(await ask(`https://127.0.0.1:${far.port}`, {}));
    expect(failure).toMatchObject({ reason: 'tls', message: expect.stringContaining('caFile') });
  });

  test('for another name are refused, also with the authority known', async () => {
    await using far = await cloud(true);
    const failure = failureOf(await ask(`https://127.0.0.1:${far.port}`, { caFile }));
    expect(failure).toMatchObject({
      reason: 'tls',
      message: expect.stringContaining('for another name'),
    });
  });

  test('TLS to a server without it', async () => {
    await using far = await listening(
      net.createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    const failure = failureOf(await ask(`https://127.0.0.1:${far.port}`, {}));
    expect(failure).toMatchObject({
      reason: 'tls',
      message: expect.stringContaining('does not speak TLS'),
    });
  });
});
