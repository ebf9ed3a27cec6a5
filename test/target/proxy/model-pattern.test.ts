/** Models that the file names by a pattern, those it hides, and more than one fallback. */

import { expect, test } from 'vitest';

import type { ModelSystem } from '../../../src/system/system.ts';
import { parseCountRequest } from '../../../src/target/proxy/input-count.ts';
import { answer, failure, ProxyWorld } from '../../kit/proxy-world.ts';

const models: readonly ModelSystem[] = [
  {
    name: 'any/*',
    candidates: [
      { backend: 'spark', model: '*' },
      { backend: 'azure', model: 'cloud-m' },
    ],
  },
  { name: 'unlisted', hidden: true, candidates: [{ backend: 'azure', model: 'cloud-m' }] },
];

test('a name that a pattern covers is asked for by what its `*` stands for', async () => {
  const world = new ProxyWorld({ system: { models } });
  const { resource } = (await world.ask({ model: 'any/qwen3:8b' })).stream;
  expect(resource).toMatchObject({ model: 'any/qwen3:8b', status: 'completed' });
  expect(world.spark.calls.map(({ candidate }) => candidate.model)).toEqual(['qwen3:8b']);
});

test('each name has a circuit of its own, and falls back like any other', async () => {
  const world = new ProxyWorld({
    system: { models },
    spark: [() => [failure('status', { status: 404 })], () => answer('p', 5)],
  });
  const { text } = (await world.ask({ model: 'any/absent' })).stream;
  expect(text).toMatch(/^a1/);
  expect((await world.ask({ model: 'any/present' })).stream.text).toMatch(/^p1/);
});

test('a pattern is listed and is no name to ask for; a hidden model is served', async () => {
  const world = new ProxyWorld({ system: { models } });
  expect(world.proxy.models().data.map(({ id }) => id)).toEqual(['any/*']);
  expect((await world.ask({ model: 'any/*', stream: false })).error).toMatchObject({
    code: 'model_not_found',
  });
  expect((await world.ask({ model: 'unlisted' })).stream.resource.status).toBe('completed');
});

test('what is served under a name is told of by that name, though it is not listed', () => {
  const { proxy } = new ProxyWorld({ system: { models } });
  const idOf = (name: string) => proxy.model(name, { name: 'anonymous' })?.id;
  expect(['any/x', 'unlisted', 'any/*', 'other'].map(idOf)).toEqual([
    'any/x',
    'unlisted',
    undefined,
    undefined,
  ]);
});

test('a prompt is counted for every model that may be asked, and for no other', async () => {
  const key = { name: 'me', key: 'k', residency: 'local-first', models: ['any/*'] } as const;
  const { proxy } = new ProxyWorld({ system: { models, keys: [key] } });
  const count = (model: string, name: string) => {
    const caller = { name, residency: 'local-first' as const, trace: '', requestId: '' };
    return proxy.countInput(parseCountRequest({ model, input: 'Hello' }), caller);
  };
  const counted = { object: 'response.input_tokens', input_tokens: expect.any(Number) };
  expect(await count('any/x', 'me')).toEqual(counted);
  expect(await count('unlisted', 'other')).toEqual(counted);
  await expect(count('unlisted', 'me')).rejects.toMatchObject({ code: 'model_not_found' });
  await expect(count('absent', 'other')).rejects.toMatchObject({ code: 'model_not_found' });
});

test('a key may ask for what its pattern covers', async () => {
  const key = { name: 'me', key: 'k', residency: 'local-first', models: ['any/*'] } as const;
  const world = new ProxyWorld({ system: { models, keys: [key] } });
  expect((await world.ask({ model: 'any/x' }, { name: 'me' })).stream.text).toMatch(/^p1/);
  const refused = await world.ask({ model: 'unlisted', stream: false }, { name: 'me' });
  expect(refused.error).toMatchObject({ code: 'model_not_found' });
});

test.each([
  [undefined, 'failed', 2],
  [3, 'completed', 3],
])('with `attemptsMax: %s` the third candidate makes it %s', async (attemptsMax, status, count) => {
  const candidates = ['spark', 'azure', 'spare'].map((backend) => ({ backend, model: 'm' }));
  const world = new ProxyWorld({
    system: {
      models: [{ name: 'm', candidates }],
      ...(attemptsMax !== undefined && { attemptsMax }),
    },
    local: { firstTokenMs: 20_000 },
    spark: [() => ['hang']],
    azure: [() => [failure('overloaded')]],
  });
  const { resource } = (await world.ask()).stream;
  expect([resource.status, world.attempts.length]).toEqual([status, count]);
});
