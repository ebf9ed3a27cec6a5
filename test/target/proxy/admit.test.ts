/** A wait for a slot, and what has become of the model and the money meanwhile. */

import { describe, expect, test } from 'vitest';

import type { Caller } from '../../../src/target/proxy/proxy.ts';
import { answer, pause, ProxyWorld, type WorldOptions } from '../../kit/proxy-world.ts';

/** One box with two models, of which the first is being asked for three seconds. */
const busyWorld = async () => {
  const azure = { backend: 'azure', model: 'cloud-m' };
  const world = new ProxyWorld({
    system: {
      models: [
        { name: 'm', candidates: [{ backend: 'spark', model: 'local-m' }, azure] },
        { name: 'other', candidates: [{ backend: 'spark', model: 'other-m' }] },
      ],
      spill: { queueMax: 2, waitMsMax: 5000 },
    },
    spark: [
      () => [
        ...answer('p', 1).slice(0, 1),
        ...[1, 2, 3, 4].map(() => pause(750)),
        ...answer('p', 1),
      ],
      // Loading takes longer than a first token may.
      () => [pause(20_000), ...answer('p', 3)],
    ],
    local: { stallMs: 10_000 },
  });
  world.spark.probeAnswer = async () => ({ loadedModels: ['local-m:latest', 'other-m:latest'] });
  const first = world.begin({ model: 'other' });
  await world.clock.advanceTo(10);
  return { world, first };
};

describe('a model that was in memory before the wait', () => {
  test('and is not after it is served elsewhere', async () => {
    const { world, first } = await busyWorld();
    const second = world.begin();
    await world.clock.advanceTo(100);
    world.spark.probeAnswer = async () => ({ loadedModels: ['other-m:latest'] });
    await world.clock.runUntil(Promise.all([first.done, second.done]), 60_000);
    expect(second.reply.headers['x-spillway-backend']).toBe('azure');
    expect(world.attempts.find(({ backend }) => backend === 'azure')).toMatchObject({
      cause: 'spill',
      passedOver: 'cold',
      startedAt: expect.closeTo(3000, -2),
    });
  });

  test('and is not after it is given the time to load, where nobody else may serve', async () => {
    const { world, first } = await busyWorld();
    const second = world.begin({}, { residency: 'local-only' });
    await world.clock.advanceTo(100);
    world.spark.probeAnswer = async () => ({ loadedModels: ['other-m:latest'] });
    await world.clock.runUntil(Promise.all([first.done, second.done]), 120_000);
    expect(second.reply.stream.resource.status).toBe('completed');
    expect(world.azure.calls).toHaveLength(0);
  });

  test('and still is goes on at once', async () => {
    const { world, first } = await busyWorld();
    world.spark.plays(() => answer('p', 3));
    const second = world.begin();
    await world.clock.runUntil(Promise.all([first.done, second.done]), 60_000);
    expect(second.reply.headers['x-spillway-backend']).toBe('spark');
  });
});

describe('money for the cloud that runs out during the wait', () => {
  /** One slot in the cloud, taken for a second by an answer that costs twenty millionths. */
  const queued = async (options: WorldOptions, caller: Partial<Caller>) => {
    const world = new ProxyWorld({
      ...options,
      cloud: { slots: 1 },
      azure: [() => [pause(1000), ...answer('a', 20)]],
    });
    const first = world.begin({}, { ...caller, pin: 'azure' });
    await world.clock.advanceTo(10);
    const second = world.begin({}, { ...caller, pin: 'azure' });
    await world.clock.runUntil(Promise.all([first.done, second.done]), 60_000);
    expect(first.reply.stream.resource.status).toBe('completed');
    return { world, reply: second.reply };
  };

  test('from the key’s budget is not overspent', async () => {
    const key = {
      name: 'office',
      key: 'k',
      residency: 'local-first',
      monthlyBudgetUsd: 1e-5,
    } as const;
    const { world, reply } = await queued({ system: { keys: [key] } }, { name: 'office' });
    expect(reply.error['code']).toBe('insufficient_quota');
    expect(world.azure.calls).toHaveLength(1);
  });

  test('from the run’s is not overspent, and the slot is free again', async () => {
    let isLeft = true;
    const { world, reply } = await queued(
      { maySpend: () => isLeft, priceOf: () => ((isLeft = false), 0.000_02) },
      {},
    );
    expect(reply.status).toBe(503);
    expect(world.azure.calls).toHaveLength(1);
    isLeft = true;
    expect((await world.ask({}, { pin: 'azure' })).status).toBe(200);
  });
});
