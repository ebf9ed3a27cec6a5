/** `spillway serve` told to end: what it is saying is said to the end. */

import { once } from 'node:events';
import net from 'node:net';

import { request } from 'undici';
import { expect, test } from 'vitest';

import { readStream } from '../kit/response-grammar.ts';
import { folderWith, secrets, start, systemText } from './spillway.ts';

const freePort = async (): Promise<number> => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};

/** A stream of some tokens that has begun. */
const reading = async (port: number, tokens: number) => {
  const { body } = await request(`http://127.0.0.1:${port}/v1/responses`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${secrets.TEST_READER_KEY}`,
    },
    body: JSON.stringify({
      model: 'gpt-oss-120b',
      input: `Hello. Answer in ${tokens} tokens.`,
      stream: true,
    }),
  });
  const begun = Promise.withResolvers<void>();
  const read = async (): Promise<string> => {
    let text = '';
    for await (const chunk of body) {
      text += String(chunk);
      if (text.includes('output_text.delta')) begun.resolve();
    }
    return text;
  };
  const whole = read();
  await begun.promise;
  return { whole };
};

const slowly = systemText.replace('timeScale: 0.01, keepAliveMs', 'timeScale: 0.3, keepAliveMs');

test.each([
  ['SIGTERM', 0],
  ['SIGINT', 130],
] as const)(
  '%s lets a running answer end, and exits with %i',
  { timeout: 60_000 },
  async (signal, code) => {
    const folder = folderWith({ 'system.yaml': slowly });
    const port = await freePort();
    const serve = start(folder, ['serve', 'system.yaml', '--port', String(port)], secrets);
    await serve.said('listening on');
    const { whole } = await reading(port, 100);
    serve.signal(signal);
    await serve.said('stopping');
    expect(readStream(await whole).resource.status).toBe('completed');
    expect((await serve.ended).code).toBe(code);
  },
);
