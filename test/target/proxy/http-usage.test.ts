/** Usage, pins and rate headers over HTTP, with the state in a file that outlives the proxy. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { seededIds } from '../../../src/random/id.ts';
import { seeded } from '../../../src/random/random.ts';
import type { System } from '../../../src/system/system.ts';
import { type ProxyServer, openProxyServer } from '../../../src/target/proxy/server.ts';
import { systemClock } from '../../../src/time/system-clock.ts';
import { backend, chunk, head, lastChunk, type Script, scriptedServer } from './scripted-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'spillway-http-usage-'));
afterAll(() => rmSync(folder, { recursive: true }));

const answers: Script = (socket, request) => {
  if (request.startsWith('GET')) {
    const body = '{"models":[{"name":"m:latest"}]}';
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    return;
  }
  const line = { message: { content: 'p1' }, done: true, done_reason: 'stop' };
  const counts = { prompt_eval_count: 9, eval_count: 2 };
  const body = chunk(`${JSON.stringify({ ...line, ...counts })}\n`);
  socket.write(head('application/x-ndjson') + body + lastChunk);
};

const systemAt = (url: string): System => ({
  listen: { host: '127.0.0.1', port: 0 },
  state: { kind: 'sqlite', path: join(folder, 'state.db'), retainDays: 30 },
  keys: [
    { name: 'miner', key: 'sk-miner', residency: 'local-first', requestsPerMinute: 100 },
    { name: 'boss', key: 'sk-boss', residency: 'local-first', role: 'admin' },
  ],
  backends: [backend('ollama', [url])],
  models: [{ name: 'm', candidates: [{ backend: 'spark', model: 'm' }] }],
  midStream: 'fail',
  commitOn: 'text',
  cold: 'spill',
  spill: { queueMax: 2, waitMsMax: 1500 },
  breaker: { hardFailures: 1, softFailures: 3, openForMs: 5000 },
  economics: { counterfactuals: [] },
});

const opened = (url: string): Promise<ProxyServer> =>
  openProxyServer({
    system: systemAt(url),
    clock: systemClock(),
    random: seeded(1),
    ids: seededIds(seeded(2)),
    record: () => undefined,
    priceOf: () => undefined,
    worthOf: ({ outputTokens }) => ({ '=twin': outputTokens }),
    maySpend: () => true,
    countTokens: (text) => Math.ceil(text.length / 4),
  });

const ask = async (
  proxy: ProxyServer,
  path: string,
  key: string | undefined,
  more: RequestInit = {},
) => {
  const { headers, ...others } = more;
  const answer = await fetch(new URL(path, proxy.url), {
    ...others,
    headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), ...Object(headers) },
  });
  const { headers: told, status } = answer;
  return { status, headers: told, text: await answer.text() };
};

const post = (body: object, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method: 'POST',
  body: JSON.stringify({ model: 'm', input: 'Hi', ...body }),
  headers: { 'content-type': 'application/json', ...headers },
});

test('each key sees its own usage, an administrator everybody, and nobody else anything', async () => {
  await using upstream = await scriptedServer(answers);
  const first = await opened(upstream.url);
  const answered = await ask(first, '/v1/responses', 'sk-miner', post({}));
  expect(answered.status).toBe(200);
  expect(answered.headers.get('x-ratelimit-remaining-requests')).toBe('99');
  const streamed = await ask(first, '/v1/responses', 'sk-boss', post({ stream: true }));
  expect(streamed.text).toContain('response.completed');
  const pinned = post({}, { 'x-spillway-backend': 'azure' });
  expect((await ask(first, '/v1/responses', 'sk-miner', pinned)).status).toBe(400);
  const forbidden = post({}, { 'x-spillway-not': 'spark' });
  expect((await ask(first, '/v1/responses', 'sk-miner', forbidden)).status).toBe(503);
  await first.close();

  const second = await opened(upstream.url);
  const own = await ask(second, '/usage?by=key,backend', 'sk-miner');
  expect(JSON.parse(own.text)).toMatchObject({
    object: 'usage',
    data: [
      { key: 'miner', backend: '', requests: 1, failed_requests: 1 },
      { key: 'miner', backend: 'spark', requests: 1, input_tokens: 9, output_tokens: 2 },
    ],
  });
  const all = await ask(second, '/usage?by=key', 'sk-boss', { headers: { accept: 'text/csv' } });
  expect(all.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(all.text.split('\n').map((line) => line.split(',').slice(0, 2).join(' '))).toEqual([
    'key requests',
    'boss 1',
    'miner 2',
    '',
  ]);
  const asked = await ask(second, '/usage?format=csv&by=model', 'sk-miner');
  expect(asked.text).toMatch(/^model,requests,.*,counterfactual_usd_=twin\nm,2,1,/);
  expect((await ask(second, '/usage', undefined)).status).toBe(401);
  expect((await ask(second, '/usage', 'sk-other')).status).toBe(401);
  const wrong = await ask(second, '/usage?from=soon', 'sk-miner');
  expect(wrong.status).toBe(400);
  expect(JSON.parse(wrong.text)).toMatchObject({ error: { param: 'from' } });
  await second.close();
});
