/** Names that a file may give and a header cannot hold. */

import { request } from 'undici';
import { expect, test } from 'vitest';

import { openProxyServer } from '../../../src/target/proxy/server.ts';
import { fakeOllama, optionsOf, servedSystem } from '../../kit/served-proxy.ts';

test('a backend may have a Japanese name, be told and be pinned by it', async () => {
  const name = 'スパーク';
  await using ollama = await fakeOllama(() => ({ text: 'p1 p2' }));
  const { backends } = servedSystem(ollama.url);
  const models = [{ name: 'm', candidates: [{ backend: name, model: 'gpt-oss:120b' }] }];
  const system = servedSystem(ollama.url, {
    backends: backends.map((it) => ({ ...it, name })),
    models,
  });
  const proxy = await openProxyServer(optionsOf(system));
  await using closing = new AsyncDisposableStack();
  closing.defer(() => proxy.close());
  const { statusCode, headers, body } = await request(`${proxy.url}/responses`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-spillway-backend': encodeURIComponent(name),
    },
    body: JSON.stringify({ model: 'm', input: 'Hello' }),
  });
  await body.dump();
  expect(statusCode).toBe(200);
  expect(decodeURIComponent(String(headers['x-spillway-backend']))).toBe(name);
});
