/** Every way a wire can break, as the heart is told of it. */

import { once } from 'node:events';
import net, { type LookupFunction, type Socket } from 'node:net';

import { describe, expect, test } from 'vitest';

import type { GenerationEvent } from '../../../src/protocol/generation.ts';
import { ollamaUpstream } from '../../../src/target/proxy/ollama-upstream.ts';
import { VirtualClock } from '../../../src/time/virtual-clock.ts';
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
  type Script,
  scriptedServer,
  status,
} from './scripted-server.ts';

const clock = systemClock();
const ndjson = head('application/x-ndjson');
const piece = chunk('{"message":{"content":"p1 "},"done":false}\n');
const done = chunk('{"message":{"content":""},"done":true,"done_reason":"stop"}\n');

const notFound: LookupFunction = (_host, _options, callback) =>
  callback(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }), '', 4);

const noAnswer: LookupFunction = () => undefined;

const failureOf = (events: readonly GenerationEvent[]) => {
  const last = events.at(-1);
  return last?.kind === 'failure' ? last.failure : last;
};

const openAt = async (url: string) => {
  const upstream = ollamaUpstream(backend('ollama', [url]), { clock });
  try {
    return failureOf(await collect(upstream.open(call(), never())));
  } finally {
    await upstream.close();
  }
};

const broken = async (script: Script, onConnection?: (socket: Socket) => void) => {
  await using server = await scriptedServer(script, onConnection);
  return await openAt(server.url);
};

const closedPort = async (): Promise<number> => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
};

describe('loud faults', () => {
  test('a closed port is refused', async () => {
    expect(await openAt(`http://127.0.0.1:${await closedPort()}`)).toMatchObject({
      reason: 'refused',
      evidence: 'hard',
    });
  });

  test('a name that does not resolve is unreachable', async () => {
    const upstream = ollamaUpstream(backend('ollama', ['http://spark.invalid']), {
      clock,
      lookup: notFound,
    });
    expect(failureOf(await collect(upstream.open(call(), never())))).toMatchObject({
      reason: 'unreachable',
      evidence: 'hard',
    });
    await upstream.close();
  });

  test('plain HTTP where TLS was expected is a TLS failure', async () => {
    await using server = await scriptedServer(
      () => undefined,
      (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    expect(await openAt(`https://127.0.0.1:${server.port}`)).toMatchObject({
      reason: 'tls',
      evidence: 'hard',
    });
  });

  test('a reset on accept is a reset', async () => {
    expect(
      await broken(
        () => undefined,
        (socket) => socket.resetAndDestroy(),
      ),
    ).toMatchObject({
      reason: 'reset',
    });
  });

  test('a reset after the request is a soft reset', async () => {
    expect(await broken((socket) => socket.resetAndDestroy())).toMatchObject({
      reason: 'reset',
      evidence: 'soft',
    });
  });

  test('an end before any byte is closed', async () => {
    expect(await broken((socket) => socket.end())).toMatchObject({
      reason: 'closed',
      evidence: 'soft',
    });
  });

  test('a reset in the middle is a reset, after the text that came', async () => {
    await using server = await scriptedServer((socket) => {
      socket.write(ndjson + piece);
      clock.at(clock.now() + 30, () => socket.resetAndDestroy());
    });
    const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock });
    const events = await collect(upstream.open(call(), never()));
    expect(events[0]).toEqual({ kind: 'text', text: 'p1 ' });
    expect(failureOf(events)).toMatchObject({ reason: 'reset', evidence: 'soft' });
    await upstream.close();
  });

  test('an end in the middle of chunks is closed', async () => {
    expect(await broken((socket) => socket.end(ndjson + piece))).toMatchObject({
      reason: 'closed',
    });
  });

  test('a bad chunk size is garbled', async () => {
    expect(await broken((socket) => socket.write(`${ndjson}zz\r\n`))).toMatchObject({
      reason: 'garbled',
    });
  });

  test('a bad status line is garbled', async () => {
    expect(await broken((socket) => socket.write('SMTP ready\r\n\r\n'))).toMatchObject({
      reason: 'garbled',
    });
  });
});

describe('silent faults that only meaning shows', () => {
  test('an end of `connection: close` framing without a terminal line is truncated', async () => {
    const plain = `${head('application/x-ndjson', 'connection: close')}{"message":{"content":"p1"}}\n`;
    expect(await broken((socket) => socket.end(plain))).toMatchObject({ reason: 'truncated' });
  });

  test('a line cut by that end is truncated too', async () => {
    const plain = `${head('application/x-ndjson', 'connection: close')}{"message":{"con`;
    expect(await broken((socket) => socket.end(plain))).toMatchObject({ reason: 'truncated' });
  });

  test('a valid end of chunks without a terminal line is truncated', async () => {
    expect(await broken((socket) => socket.write(ndjson + piece + lastChunk))).toMatchObject({
      reason: 'truncated',
    });
  });

  test('a web page with a 200 is garbled', async () => {
    const page = head('text/html') + chunk('<html>') + lastChunk;
    expect(await broken((socket) => socket.write(page))).toMatchObject({
      reason: 'garbled',
      message: expect.stringContaining('text/html'),
    });
  });

  test('compression that was not asked for is garbled', async () => {
    const framing = 'content-encoding: gzip\r\ntransfer-encoding: chunked';
    const answer = head('application/x-ndjson', framing);
    expect(await broken((socket) => socket.write(answer))).toMatchObject({ reason: 'garbled' });
  });
});

describe('leaving', () => {
  test('a backend that never answers is left at once, and its socket destroyed', async () => {
    await using server = await scriptedServer(() => undefined);
    const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock });
    const leaving = new AbortController();
    const sent = Promise.withResolvers<number | undefined>();
    const onSent = (_at: number, port?: number): void => sent.resolve(port);
    const events = collect(upstream.open(call({ onSent }), leaving.signal));
    const port = await sent.promise;
    const [socket] = server.sockets;
    expect(socket?.remotePort).toBe(port);
    const gone = socket && once(socket, 'close');
    leaving.abort(new Error('first-token deadline'));
    expect(failureOf(await events)).toMatchObject({ message: 'first-token deadline' });
    await gone;
    await upstream.close();
  });

  test('an answer in the middle is left at once', async () => {
    await using server = await scriptedServer((socket) => socket.write(ndjson + piece));
    const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock });
    const leaving = new AbortController();
    const seen: GenerationEvent[] = [];
    for await (const events of upstream.open(call(), leaving.signal)) {
      seen.push(...events);
      leaving.abort(new Error('stall deadline'));
    }
    expect(seen).toMatchObject([{ kind: 'text' }, { kind: 'failure' }]);
    const [socket] = server.sockets;
    if (socket && !socket.closed) await once(socket, 'close');
    await upstream.close();
  });

  test('a connection that is still being made is left at once', async () => {
    let isAsked = false;
    const lookup: LookupFunction = () => {
      isAsked = true;
    };
    const upstream = ollamaUpstream(backend('ollama', ['http://spark.invalid']), { clock, lookup });
    const leaving = new AbortController();
    const events = collect(upstream.open(call(), leaving.signal));
    expect(isAsked).toBe(true);
    leaving.abort(new Error('the client left'));
    expect(failureOf(await events)).toMatchObject({ message: 'the client left' });
    await upstream.close();
  });
});

test('the connect deadline counts on our clock, over DNS as well', async () => {
  const virtual = new VirtualClock();
  const upstream = ollamaUpstream(backend('ollama', ['http://spark.invalid']), {
    clock: virtual,
    lookup: noAnswer,
  });
  const events = collect(upstream.open(call(), never()));
  let isSettled = false;
  void events.finally(() => {
    isSettled = true;
  });
  await virtual.advanceTo(1999);
  expect(isSettled).toBe(false);
  await virtual.advanceTo(2000);
  expect(failureOf(await events)).toMatchObject({ reason: 'unreachable', evidence: 'hard' });
  await upstream.close();
});

test('the connect deadline covers a TLS handshake that is not answered', async () => {
  const virtual = new VirtualClock();
  const accepted = Promise.withResolvers<void>();
  await using server = await scriptedServer(
    () => undefined,
    () => accepted.resolve(),
  );
  const upstream = ollamaUpstream(backend('ollama', [`https://127.0.0.1:${server.port}`]), {
    clock: virtual,
  });
  const events = collect(upstream.open(call(), never()));
  await accepted.promise;
  await virtual.advanceTo(2000);
  expect(failureOf(await events)).toMatchObject({ reason: 'unreachable', evidence: 'hard' });
  await upstream.close();
});

describe('connections', () => {
  test('an answer that ended leaves its connection to the next request', async () => {
    await using server = await scriptedServer((socket) => socket.write(ndjson + done + lastChunk));
    const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock });
    for (let turn = 0; turn < 3; turn++) await collect(upstream.open(call(), never()));
    expect(server.sockets).toHaveLength(1);
    await upstream.close();
  });

  test.each([
    ['ends', (socket: Socket) => socket.end()],
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
  ])('a used connection that %s under a request is replaced once', async (_how, breakOff) => {
    await using server = await scriptedServer((socket, _request, count) => {
      if (count === 2) breakOff(socket);
      else socket.write(ndjson + done + lastChunk);
    });
    const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock });
    await collect(upstream.open(call(), never()));
    const again = await collect(upstream.open(call(), never()));
    expect(again.at(-1)).toEqual({ kind: 'end', reason: 'stop' });
    expect(server.sockets).toHaveLength(2);
    await upstream.close();
  });

  test('a connection that the server closes after its answer is not used again', async () => {
    await using server = await scriptedServer((socket) => {
      const framing = 'connection: close\r\ntransfer-encoding: chunked';
      socket.end(head('application/x-ndjson', framing) + done + lastChunk);
    });
    const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock });
    for (let turn = 0; turn < 3; turn++) {
      const events = await collect(upstream.open(call(), never()));
      expect(events.at(-1)).toEqual({ kind: 'end', reason: 'stop' });
    }
    expect(server.sockets).toHaveLength(3);
    expect(server.requests).toHaveLength(3);
    await upstream.close();
  });

  test('a fresh connection that fails is not replaced', async () => {
    await using server = await scriptedServer((socket) => socket.end());
    const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock });
    await collect(upstream.open(call(), never()));
    expect(server.requests).toHaveLength(1);
    await upstream.close();
  });

  test('a used connection that failed after a byte is not replaced', async () => {
    await using server = await scriptedServer((socket, _request, count) => {
      if (count === 2) socket.end('HTTP/1.1 ');
      else socket.write(ndjson + done + lastChunk);
    });
    const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock });
    await collect(upstream.open(call(), never()));
    await collect(upstream.open(call(), never()));
    expect(server.requests).toHaveLength(2);
    await upstream.close();
  });

  test('the second address serves while the first is down, and the first is not asked each time', async () => {
    await using server = await scriptedServer((socket) => socket.write(ndjson + done + lastChunk));
    let firstAsked = 0;
    const lookup: LookupFunction = (...asked) => {
      firstAsked += 1;
      notFound(...asked);
    };
    const urls = ['http://spark.invalid', server.url];
    const upstream = ollamaUpstream(backend('ollama', urls), { clock, lookup });
    for (let turn = 0; turn < 3; turn++) {
      const events = await collect(upstream.open(call(), never()));
      expect(events.at(-1)).toEqual({ kind: 'end', reason: 'stop' });
    }
    expect(firstAsked).toBe(1);
    await upstream.close();
  });

  test('a shim is dialled in place of the host, which the request still names', async () => {
    await using server = await scriptedServer((socket) => socket.write(ndjson + done + lastChunk));
    const via = { host: '127.0.0.1', port: server.port };
    const shimmed = {
      ...backend('ollama', ['http://spark.invalid:11434']),
      via: { 'http://spark.invalid:11434': via },
    };
    const upstream = ollamaUpstream(shimmed, { clock });
    const events = await collect(upstream.open(call(), never()));
    expect(events.at(-1)).toEqual({ kind: 'end', reason: 'stop' });
    expect(server.requests[0]).toContain('host: spark.invalid:11434');
    await upstream.close();
  });
});

const answer = (code: number, body: object, headers?: readonly string[]) =>
  broken((socket) => socket.write(status(code, JSON.stringify(body), headers)));

describe('statuses', () => {
  test('a 503 of a full Ollama is overload', async () => {
    expect(await answer(503, { error: 'server busy' })).toEqual({
      reason: 'overloaded',
      evidence: 'soft',
      message: 'server busy',
      status: 503,
    });
  });

  test('a 400 is the fault of the request', async () => {
    expect(await answer(400, { error: 'the input length exceeds' })).toMatchObject({
      isRequestFault: true,
      message: 'the input length exceeds',
    });
  });

  test('a missing model is hard evidence', async () => {
    expect(await answer(404, { error: 'model not found' })).toMatchObject({
      reason: 'status',
      evidence: 'hard',
    });
  });

  test('a key that is quoted back is removed', async () => {
    const told = { error: 'bad key box-key-0123456789, use sk-abcdef123456' };
    expect(await answer(401, told)).toMatchObject({ message: 'bad key [removed], use [removed]' });
  });
});
