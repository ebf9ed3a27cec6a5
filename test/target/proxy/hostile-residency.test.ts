/** Ways by which what was listed or prepared under `local-only` could leave the house later. */

import { describe, expect, test } from 'vitest';

import { ProxyWorld } from '../../kit/proxy-world.ts';
import { SocketWorld } from '../../kit/socket-world.ts';

const me = { name: 'anonymous', residency: 'local-first' } as const;
const caller = { ...me, trace: '0'.repeat(32), requestId: 'req_1' };
const demand = { metadata: { residency: 'local-only' } };
const secret = { role: 'user', content: 'A secret.' };
const candidates = [
  { backend: 'spark', model: 'local-m' },
  { backend: 'azure', model: 'cloud-m' },
];
const models = [
  { name: 'm', candidates },
  { name: 'cloud', candidates: candidates.slice(1) },
  { name: 'home', candidates, residency: 'local-only' as const },
];

/** What comes of asking the cloud for it. */
const askCloud = async (world: ProxyWorld, body: Readonly<Record<string, unknown>>) => {
  const { status, error } = await world.ask({ model: 'cloud', ...body });
  return { status, code: error['code'], calls: world.azure.calls.length };
};
const kept = { status: 503, code: 'local_only_unavailable', calls: 0 };

describe('an item that is listed and sent again whole stays at home', () => {
  test.each([
    ['by the request', demand, me],
    ['by its key', {}, { ...me, residency: 'local-only' as const }],
    ['by its model', { model: 'home' }, me],
  ])('when it was demanded %s', async (_, body, who) => {
    const world = new ProxyWorld({ system: { models } });
    const first = await world.ask({ input: [secret], ...body }, who);
    const { id } = first.stream.resource;
    const { data } = await world.proxy.inputItems(id, caller, {});
    const input = [...data, { role: 'user', content: 'Go on.' }];
    expect(await askCloud(world, { input })).toEqual(kept);
  });

  test('when it stands in a conversation that is to stay', async () => {
    const world = new ProxyWorld({ system: { models } });
    const { conversations } = world.proxy;
    const { id } = await conversations.create({ items: [secret], ...demand }, me);
    const { data } = await conversations.items(id, me, {});
    await conversations.update(id, { metadata: {} }, me);
    expect(await askCloud(world, { input: data })).toEqual(kept);
  });

  test('when it is copied into another conversation', async () => {
    const world = new ProxyWorld({ system: { models } });
    const first = await world.ask({ input: [secret], ...demand });
    const { data } = await world.proxy.inputItems(first.stream.resource.id, caller, {});
    const { id } = await world.proxy.conversations.create({ items: data }, me);
    expect(await askCloud(world, { input: 'Go on.', conversation: id })).toEqual(kept);
  });
});

test('a model that the box passes on to a cloud is none of the house', async () => {
  const relayed = { name: 'o/*', candidates: [{ backend: 'spark', model: '*' }] };
  const world = new ProxyWorld({ system: { models: [relayed] } });
  const ask = { model: 'o/gpt-oss:120b-cloud', input: [secret] };
  expect(await world.ask({ ...ask, ...demand })).toMatchObject({
    status: 503,
    error: { code: 'local_only_unavailable' },
  });
  expect(world.spark.calls).toHaveLength(0);
  expect((await world.ask(ask)).status).toBe(200);
  expect(world.attempts[0]).toMatchObject({ backend: 'spark', residency: 'cloud' });
  expect((await world.ask({ ...ask, model: 'o/gpt-oss:120b', ...demand })).status).toBe(200);
});

test('what is prepared for a model of the house stays with it', async () => {
  const world = new ProxyWorld({ system: { models } });
  const socket = new SocketWorld(world);
  const prepared = { model: 'home', input: [secret], generate: false, store: false };
  const { id } = (await socket.ask(prepared)).stream.resource;
  const next = { model: 'cloud', input: 'Go on.', previous_response_id: id, store: false };
  const { error } = await socket.ask(next);
  expect(error).toMatchObject({ error: { code: 'local_only_unavailable' } });
  expect(world.azure.calls).toHaveLength(0);
});

test('what is free to leave is given ids that say nothing', async () => {
  const world = new ProxyWorld({ system: { models } });
  const first = await world.ask({ input: [secret] });
  const { data } = await world.proxy.inputItems(first.stream.resource.id, caller, {});
  expect(data[0]?.id).not.toContain('_local');
  const reply = await world.ask({ model: 'cloud', input: data });
  expect(reply.headers['x-spillway-backend']).toBe('azure');
});
