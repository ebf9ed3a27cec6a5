/** Clients that were set up for another proxy: their paths, and the headers of their keys. */

import { request } from 'undici';
import { describe, expect, test } from 'vitest';

import { pathAsOurs } from '../../../src/target/proxy/path-alias.ts';
import { SocketClient, servedProxy, socketUrl } from '../../kit/served-proxy.ts';

test.each([
  ['/responses', '/v1/responses'],
  ['/responses/resp_1?stream=true', '/v1/responses/resp_1?stream=true'],
  ['/chat/completions', '/v1/chat/completions'],
  ['/models', '/v1/models'],
  ['/openai/v1/models/m', '/v1/models/m'],
  ['/openai/responses?api-version=preview', '/v1/responses?api-version=preview'],
  ['/openai/v1/chat/completions', '/v1/chat/completions'],
  ['/health/liveliness', '/health'],
  ['/health/readiness', '/ready'],
])('%s is %s', (given, ours) => {
  expect(pathAsOurs(given)).toBe(ours);
});

test.each([
  '/v1/responses',
  '/v1/v1/responses',
  '/',
  '',
  '/modelsmith',
  '/responses-old',
  '/chat',
  '/v2/responses',
  '/constructor',
  '/x/responses',
  '/openai/v1/usage',
])('%s is left as it is', (given) => {
  expect(pathAsOurs(given)).toBe(given);
});

describe('behind a proxy with keys', () => {
  const served = () =>
    servedProxy(() => ({ text: 'one two' }), {
      keys: [{ name: 'me', key: 'secret', residency: 'local-first' }],
    });
  const ask = async (origin: string, path: string, headers: Readonly<Record<string, string>>) => {
    const messages = [{ role: 'user', content: 'Count.' }];
    const { statusCode, body } = await request(`${origin}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'm', messages, input: 'Count.' }),
    });
    return { status: statusCode, text: await body.text() };
  };

  test.each([
    ['/chat/completions', { authorization: 'Bearer secret' }],
    ['/responses', { authorization: 'Bearer secret' }],
    ['/v1/responses', { 'api-key': 'secret' }],
    ['/v1/chat/completions', { 'x-api-key': 'secret' }],
    ['/openai/v1/responses', { 'api-key': 'secret' }],
    ['/openai/deployments/m/chat/completions?api-version=2024-10-21', { 'api-key': 'secret' }],
  ])('POST %s with %o is answered', async (path, headers) => {
    await using at = await served();
    const { status, text } = await ask(at.origin, path, headers);
    expect([status, text]).toEqual([200, expect.stringContaining('one two')]);
  });

  test.each([
    ['/chat/completions', {}],
    ['/responses', { 'api-key': 'wrong' }],
    ['/openai/deployments/m/chat/completions', {}],
    // Whoever names himself twice is taken at the header that counts.
    ['/v1/responses', { authorization: 'Bearer wrong', 'api-key': 'secret' }],
  ])('POST %s with %o is refused', async (path, headers) => {
    await using at = await served();
    expect((await ask(at.origin, path, headers)).status).toBe(401);
  });

  test('the deployment in the path is the model', async () => {
    await using at = await served();
    const path = '/openai/deployments/other/chat/completions';
    const { status, text } = await ask(at.origin, path, { 'api-key': 'secret' });
    expect([status, text]).toEqual([404, expect.stringContaining("The model 'other'")]);
  });
});

test('a WebSocket is opened without a version as well', async () => {
  await using at = await servedProxy(() => ({ text: 'one two' }));
  await using client = new SocketClient(socketUrl(at).replace('/v1/', '/'));
  await client.opened();
  const answer = await client.ask();
  expect(JSON.stringify(answer)).toContain('one two');
});
