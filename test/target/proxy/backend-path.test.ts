/**
 * Several ways to one backend, on real sockets and a clock of ours.
 */

import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

import { expect, test } from 'vitest';

import { ollamaUpstream } from '../../../src/target/proxy/ollama-upstream.ts';
import { good } from '../../diagnosis/certificate.ts';
import { VirtualClock } from '../../../src/time/virtual-clock.ts';
import {
  backend,
  call,
  chunk,
  collect,
  head,
  lastChunk,
  never,
  portOf,
  type ScriptedServer,
  scriptedServer,
  status,
} from './scripted-server.ts';

const line = JSON.stringify({
  message: { role: 'assistant', content: 'hello' },
  done: true,
  done_reason: 'stop',
  prompt_eval_count: 9,
  eval_count: 1,
});

/** An Ollama that answers everything. */
const box = (): Promise<ScriptedServer> =>
  scriptedServer((socket, request) => {
    if (request.startsWith('GET')) socket.write(status(200, '{"version":"1","models":[]}'));
    else socket.write(`${head('application/x-ndjson')}${chunk(`${line}\n`)}${lastChunk}`);
  });

/** A port that nobody listens on, until a server is told to. */
const freePort = async (): Promise<number> => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
};

test('a path that cannot be connected is left alone, and comes back by a probe of ours', async () => {
  await using funnel = await box();
  const port = await freePort();
  const clock = new VirtualClock();
  const upstream = ollamaUpstream(backend('ollama', [`http://127.0.0.1:${port}`, funnel.url]), {
    clock,
  });
  const ask = () => collect(upstream.open(call(), never()));
  expect((await ask()).at(-1)).toEqual({ kind: 'end', reason: 'stop' });
  await ask();
  expect(funnel.requests).toHaveLength(2);

  // It is back, and nobody has noticed: its probe is not due.
  const asked: string[] = [];
  const tailnet = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      asked.push(bytes.toString().split('\r\n')[0] ?? '');
      if (asked.length === 1) socket.end(status(404, '{}'));
      else socket.end(`${head('application/x-ndjson')}${chunk(`${line}\n`)}${lastChunk}`);
    });
  });
  tailnet.listen(port, '127.0.0.1');
  await once(tailnet, 'listening');
  await clock.advanceTo(4999);
  await ask();
  expect([funnel.requests.length, asked.length]).toEqual([3, 0]);

  await clock.advanceTo(5000);
  await expect.poll(() => asked.length).toBe(1);
  await expect
    .poll(async () => {
      await ask();
      return asked.at(-1);
    })
    .toBe('POST /api/chat HTTP/1.1');
  expect(asked[0]).toBe('GET / HTTP/1.1');
  await upstream.close();
  tailnet.close();
  await once(tailnet, 'close');
});

test('a second opinion is asked over a connection of its own', async () => {
  await using server = await box();
  const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock: new VirtualClock() });
  await collect(upstream.open(call(), never()));
  await upstream.check?.(never());
  await upstream.check?.(never());
  expect(server.requests.map((it) => it.split(' ')[1])).toEqual([
    '/api/chat',
    '/api/version',
    '/api/version',
  ]);
  expect(server.sockets).toHaveLength(3);
  await upstream.close();
});

test('a connection dialled ahead serves the first request, and is closed when none comes', async () => {
  await using server = await box();
  const clock = new VirtualClock();
  const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock });
  for (let time = 0; time < 3; time++) upstream.prepare?.();
  await expect.poll(() => server.sockets.length).toBe(1);
  // The other side has it; now this side.
  await clock.advanceTo(clock.now());
  upstream.prepare?.();
  await collect(upstream.open(call(), never()));
  expect([server.sockets.length, server.requests.length]).toEqual([1, 1]);

  const [first] = server.sockets;
  first?.destroy();
  await expect.poll(() => first?.destroyed).toBe(true);
  await expect
    .poll(() => {
      upstream.prepare?.();
      return server.sockets.length;
    })
    .toBe(2);
  await clock.advanceTo(clock.now());
  await clock.advanceTo(30_001);
  await expect.poll(() => server.sockets[1]?.closed).toBe(true);
  await upstream.close();
});

test('one that gets no answer sets its path aside, though that connects', async () => {
  await using silent = await scriptedServer(() => undefined);
  await using funnel = await box();
  const upstream = ollamaUpstream(backend('ollama', [silent.url, funnel.url]), {
    clock: new VirtualClock(),
  });
  const leave = new AbortController();
  const opinion = upstream.check?.(leave.signal);
  await expect.poll(() => silent.requests.length).toBe(1);
  leave.abort(new Error('too late'));
  await expect(opinion).rejects.toThrow('too late');
  const events = await collect(upstream.open(call(), never()));
  expect(events.at(-1)).toEqual({ kind: 'end', reason: 'stop' });
  expect(silent.requests).toHaveLength(1);
  await upstream.close();
});

test('a path whose certificate is not to be trusted is an alarm, and the other serves', async () => {
  const server = tls.createServer(good, (socket) => {
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await using funnel = await box();
  const address = `localhost:${portOf(server)}`;
  const upstream = ollamaUpstream(backend('ollama', [`https://${address}`, funnel.url]), {
    clock: new VirtualClock(),
    lookup: (_, __, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
  });
  const events = await collect(upstream.open(call(), never()));
  expect(events.at(-1)).toEqual({ kind: 'end', reason: 'stop' });
  expect(upstream.alarms?.()).toMatchObject([{ address, reason: 'tls' }]);
  await upstream.close();
  server.close();
  await once(server, 'close');
});
