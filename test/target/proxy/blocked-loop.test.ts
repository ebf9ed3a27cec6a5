/**
 * A process that stands still while its backends work: what they said meanwhile lies in the
 * sockets, and every timer is late.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { request } from 'undici';
import { expect, test } from 'vitest';

import { openProxyServer } from '../../../src/target/proxy/server.ts';
import { optionsOf, servedSystem } from '../../kit/served-proxy.ts';
import { readStream } from '../../kit/response-grammar.ts';

/** An Ollama in a process of its own, which takes a second to its first token. */
const slowOllama = `
  const http = require('node:http');
  const line = (content, done) => JSON.stringify({
    message: { role: 'assistant', content }, done,
    ...(done && { done_reason: 'stop', prompt_eval_count: 9, eval_count: 1 }),
  }) + '\\n';
  const server = http.createServer((request, response) => {
    if (request.method === 'GET') return response.end('{"models":[{"name":"gpt-oss:120b"}]}');
    console.log('asked');
    request.resume();
    request.on('end', () => setTimeout(() => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.end(line('here', false) + line('', true));
    }, 1000));
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

/** Stands still, as a long computation or a stopped process would. */
const block = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

test('a loop that was blocked past every deadline condemns nobody', async () => {
  const child = spawn(process.execPath, ['-e', slowOllama], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = await once(child.stdout, 'data');
  const url = `http://127.0.0.1:${String(port).trim()}`;
  const base = servedSystem(url);
  const backends = base.backends.map((spark) => ({
    ...spark,
    firstTokenMs: 2000,
    stallMs: 2000,
    suspectMs: 1500,
  }));
  const attempts: unknown[] = [];
  const options = optionsOf({ ...base, backends });
  const proxy = await openProxyServer({ ...options, record: (it) => attempts.push(it) });
  try {
    const isAsked = once(child.stdout, 'data');
    const asked = request(`${proxy.url}/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', input: 'Hello', stream: true }),
    });
    await isAsked;
    block(6000);
    const { body } = await asked;
    const { text, resource } = readStream(await body.text());
    expect([text, resource.status]).toEqual(['here', 'completed']);
    expect(attempts).toMatchObject([{ outcome: 'served' }]);
  } finally {
    await proxy.close();
    child.kill();
    await once(child, 'exit');
  }
}, 60_000);
