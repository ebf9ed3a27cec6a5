/** The way to a backend, step by step, over real sockets and over some that never answer. */

import { once } from 'node:events';
import net, { Socket } from 'node:net';
import tls from 'node:tls';

import { describe, expect, test } from 'vitest';

import { type PathParts, walk } from '../../src/diagnosis/path.ts';
import { systemClock } from '../../src/time/system-clock.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';
import { authority, elsewhere, expired, good } from './certificate.ts';
import { listening } from './loopback.ts';

const clock = systemClock();

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
    expect(findings.map(({ fact }) => fact)).toEqual([
      { kind: 'refused', host: '127.0.0.1', port },
    ]);
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
        ...(more.ca !== undefined && { ca: [more.ca] }),
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
