/** Ways by which what was listed or prepared under `local-only` could leave the house later. */

import { describe, expect, test } from 'vitest';

import { end, failure, pause, ProxyWorld, text } from '../../kit/proxy-world.ts';
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

describe('a copy of a model that runs elsewhere', () => {
  const copies = (told: () => Promise<ReadonlyMap<string, object>>, names = ['mine']) => {
    const world = new ProxyWorld({
      system: {
        models: names.map((model) => ({ name: model, candidates: [{ backend: 'spark', model }] })),
      },
    });
    Object.assign(world.spark, { abilities: told });
    return world;
  };
  const remote = async () => new Map([['mine:latest', { isRemote: true }]]);

  test('is none of the house, by any of its names', async () => {
    const names = [
      'mine',
      'Mine',
      'mine:latest',
      'library/mine',
      'registry.ollama.ai/library/mine',
    ];
    const world = copies(remote, names);
    for (const model of names) {
      const { status, error } = await world.ask({ model, input: [secret], ...demand });
      expect({ status, code: error['code'] }).toEqual({
        status: 503,
        code: 'local_only_unavailable',
      });
    }
    expect(world.spark.calls).toHaveLength(0);
  });

  test('serves what may leave, and is told as a cloud', async () => {
    const world = copies(remote);
    expect((await world.ask({ model: 'mine' })).status).toBe(200);
    expect(world.attempts).toMatchObject([{ backend: 'spark', residency: 'cloud' }]);
  });

  test('is not taken to cost nothing', async () => {
    const [, azure] = candidates;
    const mine = { backend: 'spark', model: 'mine' };
    const model = { name: 'm', strategy: 'cheapest' as const, candidates: [mine, azure ?? mine] };
    const priceOf = (name: string) => (name === 'azure' ? 1 : undefined);
    const world = new ProxyWorld({ system: { models: [model] }, priceOf });
    Object.assign(world.spark, { abilities: remote });
    for (let request = 0; request < 2; request++) await world.ask();
    expect(world.attempts.at(-1)?.backend).toBe('azure');
  });

  test('is found out within a minute, also by a request that waits', async () => {
    let isRemote = false;
    const world = copies(async () => new Map([['mine', { isRemote }]]));
    expect((await world.ask({ model: 'mine', ...demand })).status).toBe(200);
    isRemote = true;
    await world.clock.advanceTo(world.clock.now() + 50_000);
    world.spark.plays(() => [
      ...Array.from({ length: 22 }, () => [pause(900), text('p')]).flat(),
      end,
    ]);
    const reading = world.begin({ model: 'mine', ...demand });
    const waiting = world.begin({ model: 'mine', input: [secret], ...demand });
    await world.clock.advanceTo(world.clock.now() + 12_000);
    const late = world.begin({ model: 'mine', ...demand });
    await world.clock.runUntil(
      Promise.all([reading, waiting, late].map(({ done }) => done)),
      3_600_000,
    );
    const ends = [reading, waiting].map(({ reply }) => reply.stream.resource);
    expect(ends.map(({ status }) => status)).toEqual(['completed', 'failed']);
    expect(late.reply.error['code']).toBe('local_only_unavailable');
    expect(world.spark.calls).toHaveLength(2);
  });

  test('is found out when the box is back, before anything else is asked there', async () => {
    let isBack = false;
    const world = copies(() => (isBack ? remote() : Promise.reject(new Error('refused'))));
    world.spark.probeAnswer = () => (isBack ? Promise.resolve({}) : Promise.reject(new Error()));
    world.spark.plays(() => [failure('refused', { evidence: 'hard' })]);
    await world.ask({ model: 'mine', ...demand });
    const { length } = world.spark.calls;
    isBack = true;
    await world.clock.advanceTo(world.clock.now() + 1000);
    const { error } = await world.ask({ model: 'mine', input: [secret], ...demand });
    expect(error['code']).toBe('local_only_unavailable');
    expect(world.spark.calls).toHaveLength(length);
  });

  test('is asked as ever where nobody tells, after seconds at most', async () => {
    const silent = copies(() => new Promise(() => undefined));
    await silent.ask({ model: 'mine', ...demand });
    expect(silent.attempts).toMatchObject([{ startedAt: 3000, outcome: 'served' }]);
    await silent.ask({ model: 'mine', ...demand });
    expect(silent.attempts).toMatchObject([{}, { startedAt: 3000 }]);
    const broken = copies(() => Promise.reject(new Error('no such route')));
    await broken.ask({ model: 'mine', ...demand });
    expect(broken.attempts).toMatchObject([
      { startedAt: 0, outcome: 'served', residency: 'local' },
    ]);
  });
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
