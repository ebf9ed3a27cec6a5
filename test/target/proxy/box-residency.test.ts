/** An edge proxy before a box proxy that has a cloud of its own: what is to stay at home, stays. */

import { request } from 'undici';
import { expect, test } from 'vitest';

import type { BackendSystem } from '../../../src/system/system.ts';
import { openProxyServer } from '../../../src/target/proxy/server.ts';
import { fakeOllama, optionsOf, servedSystem } from '../../kit/served-proxy.ts';

const candidates = [{ backend: 'box', model: 'm' }];
const models = [{ name: 'm', candidates }];

/** An edge whose only backend is a box, whose only backend is a cloud. */
const openHybrid = async (opened: AsyncDisposableStack, wire: Partial<BackendSystem>) => {
  const seen: string[] = [];
  const cloud = opened.use(
    await fakeOllama((talk) => {
      seen.push(...talk.map(({ content }) => content));
      return { text: 'From afar.' };
    }),
  );
  const open = async (url: string, more: Partial<BackendSystem>) => {
    const system = servedSystem(url);
    const [backend] = system.backends;
    if (!backend) throw new Error('no backend');
    const backends = [{ ...backend, name: 'box', ...more }];
    const proxy = await openProxyServer(optionsOf({ ...system, backends, models }));
    opened.defer(() => proxy.close());
    return proxy;
  };
  const box = await open(cloud.url, { residency: 'cloud' });
  const edge = await open(box.url, wire);
  const ask = async (body: object, headers: Readonly<Record<string, string>> = {}) => {
    const { statusCode } = await request(`${edge.url}/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'm', ...body }),
    });
    return statusCode;
  };
  return { ask, seen };
};

test.each([
  ['responses', { wire: 'openai' }],
  ['chat', { wire: 'openai', api: 'chat' }],
] as const)('a box asked by %s does not pass on what is to stay', async (_, wire) => {
  await using opened = new AsyncDisposableStack();
  const { ask, seen } = await openHybrid(opened, wire);
  expect(await ask({ input: 'Free.' })).toBe(200);
  expect(await ask({ input: 'Secret.', metadata: { residency: 'local-only' } })).toBe(503);
  expect(await ask({ input: 'Secret.' }, { 'x-spillway-residency': 'local-only' })).toBe(503);
  expect(seen).toEqual(['Free.']);
});

test('a demand that is misspelt is refused', async () => {
  await using opened = new AsyncDisposableStack();
  const { ask, seen } = await openHybrid(opened, { wire: 'openai' });
  expect(await ask({ input: 'Secret.' }, { 'x-spillway-residency': 'local only' })).toBe(400);
  expect(await ask({ input: 'Free.' }, { 'x-spillway-residency': 'local-first' })).toBe(200);
  expect(seen).toEqual(['Free.']);
});
