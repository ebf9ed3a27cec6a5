/** That a file of LiteLLM's does what its documentation says, through the proxy in virtual time. */

import { describe, expect, test } from 'vitest';

import { parseSource } from '../../src/system/document.ts';
import { systemDocument } from '../../src/system/litellm.ts';
import { resolveSystem } from '../../src/system/resolve.ts';
import type { System } from '../../src/system/system.ts';
import { answer, failure, ProxyWorld, type Script } from '../kit/proxy-world.ts';

const systemIn = (text: string): System => {
  const document = systemDocument(parseSource(text, 'config.yaml'), {});
  const { value, mistakes } = resolveSystem(document, {});
  expect(mistakes).toEqual([]);
  if (!value) throw new Error('no system');
  return value;
};

const broken: Script = () => [failure('status', { status: 500 })];

/** A world whose backends are those of a sample: `spark`, `azure` and `spare`. */
const worldOf = (text: string, scripts: Partial<Record<'spark' | 'azure', readonly Script[]>>) => {
  const { models, backends, breaker, attemptsMax } = systemIn(text);
  const system = { models, backends, breaker, ...(attemptsMax !== undefined && { attemptsMax }) };
  const world = new ProxyWorld({ ...scripts, system });
  return { world, asked: () => world.attempts.map(({ backend }) => backend) };
};

const three = (more: { spark?: string; azure?: string; spare?: string } = {}): string =>
  (['spark', 'azure', 'spare'] as const)
    .map(
      (id) => `- model_name: ${id === 'spark' ? 'm' : `${id}-model`}
  litellm_params: { model: hosted_vllm/x, api_base: 'http://10.0.0.1/v1'${more[id] ?? ''} }
  model_info: { id: ${id} }
`,
    )
    .join('')
    .replace(/^/, 'model_list:\n');

describe('as documented', () => {
  test('fallbacks are asked in order, once the group has failed, until one answers', async () => {
    const { world, asked } = worldOf(
      `${three()}router_settings: { fallbacks: [{ m: [azure-model, spare-model] }] }`,
      { spark: [broken], azure: [broken] },
    );
    expect((await world.ask()).stream.resource.status).toBe('completed');
    expect(asked()).toEqual(['spark', 'azure', 'spare']);
  });

  test.each([
    ['max_fallbacks: 1', ['spark', 'azure']],
    ['max_fallbacks: 0', ['spark']],
  ])('but no more of them than %s', async (limit, expected) => {
    const { world, asked } = worldOf(
      `${three()}router_settings: { ${limit}, fallbacks: [{ m: [azure-model, spare-model] }] }`,
      { spark: [broken], azure: [broken] },
    );
    expect((await world.ask()).status).toBe(503);
    expect(asked()).toEqual(expected);
  });

  test("a fallback's own come after it; those of every group are for the first alone", async () => {
    const groups = three();
    const modelsOf = (settings: string) =>
      systemIn(`${groups}router_settings: { ${settings} }`).models.find(({ name }) => name === 'm');
    const backendsOf = (settings: string) =>
      modelsOf(settings)?.candidates.map(({ backend }) => backend);
    const own = 'fallbacks: [{ m: [azure-model] }, { azure-model: [spare-model] }]';
    expect(backendsOf(own)).toEqual(['spark', 'azure', 'spare']);
    const every = 'fallbacks: [{ m: [azure-model] }], default_fallbacks: [spare-model]';
    expect(backendsOf(every)).toEqual(['spark', 'azure']);
    expect(backendsOf('fallbacks: [azure-model, spare-model]')).toEqual([
      'spark',
      'azure',
      'spare',
    ]);
  });

  test('a fallback may name a deployment by its id', async () => {
    const { world, asked } = worldOf(`${three()}router_settings: { fallbacks: [{ m: [spare] }] }`, {
      spark: [broken],
    });
    expect((await world.ask()).stream.resource.status).toBe('completed');
    expect(asked()).toEqual(['spark', 'spare']);
  });

  test('default fallbacks stand in for groups without their own', async () => {
    const text = `${three()}litellm_settings: { default_fallbacks: [spare-model] }`;
    const { world, asked } = worldOf(text, { spark: [broken] });
    await world.ask();
    expect(asked()).toEqual(['spark', 'spare']);
    const own = `${three()}litellm_settings:
  { default_fallbacks: [spare-model], fallbacks: [{ m: [azure-model] }], max_fallbacks: 1 }`;
    expect(systemIn(own).models[0]?.candidates.map(({ backend }) => backend)).toEqual([
      'spark',
      'azure',
    ]);
  });

  test('a group that keeps failing is left alone for its cooldown, and asked again after it', async () => {
    const { world, asked } = worldOf(
      `${three()}router_settings:
  { fallbacks: [{ m: [azure-model] }], allowed_fails: 1, cooldown_time: 20 }`,
      { spark: [broken, broken, () => answer('p', 3)] },
    );
    await world.ask();
    await world.ask();
    expect(asked()).toEqual(['spark', 'azure', 'spark', 'azure']);
    await world.ask();
    expect(asked().slice(4)).toEqual(['azure']);
    await world.clock.runUntil(world.clock.sleep(19_000), world.clock.now() + 30_000);
    await world.ask();
    expect(asked().slice(5)).toEqual(['azure']);
    await world.clock.runUntil(world.clock.sleep(4000), world.clock.now() + 30_000);
    await world.ask();
    expect(asked().slice(6)).toEqual(['spark']);
  });

  test('without cooldowns it is asked every time', async () => {
    const { world, asked } = worldOf(
      `${three()}router_settings: { fallbacks: [{ m: [azure-model] }], disable_cooldowns: true }`,
      { spark: [broken] },
    );
    for (let request = 0; request < 20; request++) await world.ask();
    expect(asked().filter((name) => name === 'spark')).toHaveLength(20);
  });

  test('weights share the load, and a failure goes to the other', async () => {
    const text = three({ spark: ', weight: 3', azure: ', weight: 1' }).replace('azure-model', 'm');
    const { world, asked } = worldOf(text, {});
    for (let request = 0; request < 400; request++) await world.ask();
    const ratio = asked().filter((name) => name === 'spark').length / 400;
    // A standard error of sqrt(0.75 * 0.25 / 400), 0.022; four of them, and the seed is fixed.
    expect(Math.abs(ratio - 0.75)).toBeLessThan(0.087);
    world.spark.plays(broken);
    world.attempts.length = 0;
    await world.ask();
    expect(asked().at(-1)).toBe('azure');
  });

  test('the lowest order is asked, the next only when that cannot', async () => {
    const text = three({ spark: ', order: 2', azure: ', order: 1' }).replace('azure-model', 'm');
    const { world, asked } = worldOf(text, {});
    for (let request = 0; request < 20; request++) await world.ask();
    expect(new Set(asked())).toEqual(new Set(['azure']));
    world.azure.plays(broken);
    world.attempts.length = 0;
    await world.ask();
    expect(asked()).toEqual(['azure', 'spark']);
  });

  test('a prompt too long for the group goes to its context fallback, without a failure', async () => {
    const text = `${three({ spark: ', num_ctx: 2000' })}router_settings:
  { context_window_fallbacks: [{ m: [azure-model] }] }`;
    const { world, asked } = worldOf(text, {});
    await world.ask({ input: 'Short.' });
    await world.ask({ input: 'A long prompt. '.repeat(2000) });
    expect(asked()).toEqual(['spark', 'azure']);
  });

  test('an alias is a model of its own', async () => {
    const { world } = worldOf(`${three()}router_settings: { model_group_alias: { gpt-4: m } }`, {});
    expect((await world.ask({ model: 'gpt-4' })).stream.resource.status).toBe('completed');
  });
});
