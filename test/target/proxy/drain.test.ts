/** The end of a proxy: what is running ends, or says that it failed; only the deaf are cut. */

import net from 'node:net';

import { request } from 'undici';
import { expect, test } from 'vitest';

import { parseJson } from '../../../src/target/proxy/json.ts';
import { clock, type Model, servedProxy, type ServedProxy } from '../../kit/served-proxy.ts';
import { readStream } from '../../kit/response-grammar.ts';

const endless: Model = () => ({ text: 'p '.repeat(1000), gapMs: 50 });
const mute: Model = () => ({ text: 'p1', gapMs: 5000 });

const respond = (at: ServedProxy, isStream: boolean) =>
  request(`${at.origin}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', input: 'x', stream: isStream }),
  });

test('an answer that does not end in time fails, and says so', async () => {
  await using at = await servedProxy(endless, { drainMs: 500 });
  const { body } = await respond(at, true);
  const closingAt = clock.now();
  const closed = at.proxy.close();
  expect(readStream(await body.text()).resource).toMatchObject({
    status: 'failed',
    error: { message: expect.stringContaining('shutting down') },
  });
  await closed;
  expect(clock.now() - closingAt).toBeGreaterThanOrEqual(500);
  expect(clock.now() - closingAt).toBeLessThan(1500);
});

test('who was shown nothing is told to ask again', async () => {
  await using at = await servedProxy(mute, { drainMs: 100 });
  const asked = respond(at, false);
  await clock.sleep(200);
  await at.proxy.close();
  const { statusCode, headers, body } = await asked;
  expect(statusCode).toBe(503);
  expect(headers['retry-after']).toBe('1');
  expect(parseJson(await body.text())).toMatchObject({ error: { type: 'server_error' } });
});

test('a client that does not read its end is cut', async () => {
  const long = `${'x'.repeat(64 * 1024)} `.repeat(300);
  await using at = await servedProxy(() => ({ text: long }), { drainMs: 100 });
  const client = net.connect(at.proxy.port, '127.0.0.1');
  client.on('error', () => undefined);
  const body = JSON.stringify({ model: 'm', input: 'Hello.', stream: true });
  client.write(
    'POST /v1/responses HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n' +
      `content-length: ${body.length}\r\n\r\n${body}`,
  );
  client.pause();
  await clock.sleep(500);
  expect(at.proxy.load().inFlight).toBe(1);
  const closingAt = clock.now();
  await at.proxy.close();
  expect(clock.now() - closingAt).toBeLessThan(3000);
  client.destroy();
});

test('connections that are idle, or half a request, do not hold it up', async () => {
  await using at = await servedProxy(mute, { drainMs: 300 });
  const clients = ['', 'GET /v1/models HTTP/1.1\r\nhost:'].map((bytes) => {
    const client = net.connect(at.proxy.port, '127.0.0.1');
    client.on('error', () => undefined);
    client.write(bytes);
    return client;
  });
  await clock.sleep(100);
  const closingAt = clock.now();
  await at.proxy.close();
  expect(clock.now() - closingAt).toBeLessThan(2000);
  for (const client of clients) client.destroy();
});
