import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { httpReply } from '../../../src/target/proxy/http-reply.ts';
import { systemClock } from '../../../src/time/system-clock.ts';

const frames = ['data: p1 \n\n', 'data: 日本語 😀\n\n', `data: ${'x'.repeat(100_000)}\n\n`, ''];

/** Streams the frames, some of them together. */
const server = createServer((_, response) => {
  const clock = systemClock();
  const reply = httpReply(response, {}, clock);
  reply.head(200, { 'content-type': 'text/event-stream' });
  reply.write(frames[0] ?? '');
  clock.at(clock.now() + 1, () => {
    for (const frame of frames.slice(1)) reply.write(frame);
    reply.end();
  });
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server.close());

/** All that comes over a connection on which these requests are sent at once. */
const exchanged = async (requests: string): Promise<string> => {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(requests);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
};

test('each frame of a stream is a chunk of its own, and the connection serves again', async () => {
  const again = 'GET / HTTP/1.1\r\nhost: h\r\n\r\n';
  const last = 'GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n';
  const answers = await exchanged(again + last);
  const heads = answers.match(/HTTP\/1\.1 200 OK\r\n(?:[^\r]+\r\n)+\r\n/g) ?? [];
  expect(heads).toHaveLength(2);
  for (const head of heads) expect(head).toMatch(/transfer-encoding: chunked/i);
  const chunked = frames
    .filter((frame) => frame !== '')
    .map((frame) => `${Buffer.byteLength(frame).toString(16)}\r\n${frame}\r\n`);
  const body = `${chunked.join('')}0\r\n\r\n`;
  expect(answers).toBe(heads[0] + body + heads[1] + body);
});

test('a client of HTTP/1.0 is sent no chunks', async () => {
  const answer = await exchanged('GET / HTTP/1.0\r\n\r\n');
  expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toBe(frames.join(''));
});
