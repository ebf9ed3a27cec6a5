import { expect, test } from 'vitest';

import type { BackendSystem } from '../../../src/system/system.ts';
import {
  type Act,
  end,
  failure,
  numbered,
  pause,
  ProxyWorld,
  text,
} from '../../kit/proxy-world.ts';

const local = (name: string): BackendSystem => ({
  name,
  wire: 'ollama',
  urls: ['http://127.0.0.1:1'],
  residency: 'local',
  slots: 2,
  connectMs: 1000,
  firstTokenMs: 2000,
  stallMs: 1000,
});

const hangs: readonly Act[] = ['hang'];

/** A model on two boxes, asked in order. */
const twoBoxes = {
  backends: [local('spark'), local('spare')],
  models: [
    {
      name: 'm',
      candidates: ['spark', 'spare'].map((backend) => ({ backend, model: 'a:b' })),
    },
  ],
};

test('a second box is looked at too when the first is cold', async () => {
  const world = new ProxyWorld({
    system: {
      backends: [local('spark'), local('spare'), { ...local('azure'), residency: 'cloud' }],
      models: [
        {
          name: 'm',
          candidates: ['spark', 'spare', 'azure'].map((backend) => ({ backend, model: 'a:b' })),
        },
      ],
    },
  });
  world.spark.probeAnswer = async () => ({ loadedModels: [] });
  world.spare.probeAnswer = async () => ({ loadedModels: [] });
  const reply = await world.ask();

  expect(reply.stream.resource.status).toBe('completed');
  expect(world.attempts).toMatchObject([{ backend: 'azure', cause: 'spill', passedOver: 'cold' }]);
});

test('boxes after one that can serve at once are left alone', async () => {
  const world = new ProxyWorld({ system: twoBoxes });
  world.spark.probeAnswer = async () => ({ loadedModels: ['a:b'] });
  await world.ask();

  expect([world.spark.probes, world.spare.probes]).toEqual([1, 0]);
});

test('a box that the caller forbids does not keep the next from being looked at', async () => {
  const world = new ProxyWorld({ system: twoBoxes });
  world.spark.probeAnswer = async () => ({ loadedModels: ['a:b'] });
  await world.ask({ metadata: { spillway_forbid: 'spark' } });

  expect([world.spark.probes, world.spare.probes]).toEqual([0, 1]);
});

test('a box whose quota is used up does not keep the next from being looked at', async () => {
  const world = new ProxyWorld({
    system: {
      backends: [{ ...local('spark'), requestsPerMinute: 1 }, local('spare')],
      models: [
        {
          name: 'm',
          candidates: ['spark', 'spare'].map((backend) => ({ backend, model: 'a:b' })),
        },
      ],
    },
  });
  for (const box of [world.spark, world.spare])
    box.probeAnswer = async () => ({ loadedModels: ['a:b'] });
  await world.ask();
  await world.ask();

  expect(world.attempts.map(({ backend }) => backend)).toEqual(['spark', 'spare']);
  expect(world.spare.probes).toBe(1);
});

test('a box that comes to the front while one waits for the first is looked at too', async () => {
  const world = new ProxyWorld({
    system: {
      backends: [{ ...local('spark'), slots: 1 }, local('spare')],
      models: [
        {
          name: 'm',
          candidates: ['spark', 'spare'].map((backend) => ({ backend, model: 'a:b' })),
        },
      ],
      cold: 'wait',
      spill: { queueMax: 1, waitMsMax: 200 },
    },
    spark: [() => [pause(1000), ...numbered('p', 1, 3), end]],
  });
  world.spark.probeAnswer = async () => ({ loadedModels: ['a:b'] });
  world.spare.probeAnswer = async () => ({ loadedModels: [] });
  // Loading takes longer than a first token may.
  world.spare.plays(() => [pause(5000), ...numbered('p', 1, 3), end]);
  const both = [world.begin(), world.begin()];
  await world.clock.runUntil(Promise.all(both.map(({ done }) => done)), 60_000);

  expect(world.attempts).toMatchObject([
    { backend: 'spark', outcome: 'served' },
    { backend: 'spare', outcome: 'served', passedOver: 'wait' },
  ]);
});

test('a call that loads a model and hangs is tried again after a minute, not before', async () => {
  const world = new ProxyWorld({ spark: [() => hangs] });
  world.spark.probeAnswer = async () => ({ loadedModels: [] });
  const loadingCallsAt = async (instant: number): Promise<number> => {
    await world.clock.advanceTo(instant);
    await world.ask();
    return world.spark.calls.length;
  };

  expect(await loadingCallsAt(0)).toBe(1);
  expect(await loadingCallsAt(59_000)).toBe(1);
  expect(await loadingCallsAt(61_000)).toBe(2);
});

test('a load that hangs does not keep a model shut out for longer than a minute', async () => {
  const world = new ProxyWorld({
    system: { breaker: { hardFailures: 1, softFailures: 1, openForMs: 1000 } },
    spark: [() => [failure('rate-limited')], () => hangs, () => [text('p1 '), end]],
  });
  await world.ask();
  world.spark.probeAnswer = async () => ({ loadedModels: [] });
  await world.clock.advanceTo(world.clock.now() + 65_000);

  const told = world.circuits.map((it) => (it.kind === 'probe' ? it.outcome : it.to));
  expect(told).toEqual(['open', 'failed', 'answered', 'closed']);
  expect(world.spark.calls.length).toBe(3);
});

test('a continuation that adds nothing does not make a cut answer whole', async () => {
  const world = new ProxyWorld({
    system: { midStream: 'continue' },
    spark: [() => [...numbered('p', 1, 6), failure('reset')]],
    azure: [() => [end]],
  });
  const reply = await world.ask();

  expect(reply.stream.resource.status).toBe('failed');
  expect(world.attempts).toMatchObject([{ reason: 'reset' }, { reason: 'bad-seam' }]);
});

test('one that adds nothing to a text that reads as whole is believed', async () => {
  const world = new ProxyWorld({
    system: { midStream: 'continue' },
    spark: [() => [text('The harbour opens at six in the morning.'), failure('truncated')]],
    azure: [() => [end]],
  });
  const reply = await world.ask();

  expect(reply.stream.resource.status).toBe('completed');
  expect(reply.stream.text).toBe('The harbour opens at six in the morning.');
});

test('a client that waits long is kept alive, whatever the instants add up to', async () => {
  const world = new ProxyWorld({ local: { firstTokenMs: 600_000 }, spark: [() => hangs] });
  // At this instant, 15 s later minus now is a hair less than 15 s.
  await world.clock.advanceTo(15_488.777_897_814_96);
  const { reply, done } = world.begin();
  await world.clock.advanceTo(15_488.777_897_814_96 + 31_000);
  expect(reply.body).toBe(': keep-alive\n\n: keep-alive\n\n');
  reply.leave();
  await world.clock.runUntil(done, world.clock.now() + 1000);
});

test('an outage is told change by change, and probe by probe', async () => {
  const world = new ProxyWorld({
    system: { breaker: { hardFailures: 1, softFailures: 1, openForMs: 5000 } },
    spark: [() => [failure('reset')]],
  });
  let isBack = false;
  world.spark.probeAnswer = async () => {
    if (!isBack) throw new Error('still away');
    return {};
  };
  await world.ask();
  await world.clock.advanceTo(world.clock.now() + 12_000);
  isBack = true;
  await world.clock.advanceTo(world.clock.now() + 12_000);

  const told = world.circuits.map((it) => (it.kind === 'probe' ? it.outcome : it.to));
  expect(told[0]).toBe('open');
  expect(told.slice(-2)).toEqual(['answered', 'closed']);
  expect(told.filter((it) => it === 'failed').length).toBeGreaterThan(0);
});

test('an answer without a word does not show that the model is in memory', async () => {
  const world = new ProxyWorld({
    spark: [
      () => [{ kind: 'end', reason: 'content-filter' }],
      // Loading takes longer than a first token may.
      () => [pause(5000), ...numbered('p', 1, 3), end],
    ],
  });
  world.spark.probeAnswer = async () => ({ loadedModels: [] });
  const wordless = await world.ask({}, { residency: 'local-only' });
  expect(wordless.stream.resource.status).toBe('incomplete');
  const second = await world.ask({}, { residency: 'local-only' });
  expect(second.stream.resource.status).toBe('completed');
});

test('an answer that is read slowly does not bring back a model that has left memory since', async () => {
  const world = new ProxyWorld({
    local: { slots: 2 },
    spark: [
      () => [...numbered('p', 1, 3), end],
      () => [{ kind: 'end', reason: 'content-filter' }],
      // Loading takes longer than a first token may.
      () => [pause(5000), ...numbered('p', 1, 3), end],
    ],
  });
  world.spark.probeAnswer = async () => ({ loadedModels: ['local-m'] });
  const slow = world.begin({}, { residency: 'local-only' });
  slow.reply.isReading = false;
  await world.clock.advanceTo(10_000);
  world.spark.probeAnswer = async () => ({ loadedModels: [] });
  await world.ask({}, { residency: 'local-only' });
  slow.reply.read();
  await world.clock.runUntil(slow.done, world.clock.now() + 1000);
  expect(slow.reply.stream.resource.status).toBe('completed');
  const next = await world.ask({}, { residency: 'local-only' });
  expect(next.stream.resource.status).toBe('completed');
});

test('a model that is listed while it is being loaded is left alone until it has answered', async () => {
  const world = new ProxyWorld({
    spark: [() => [pause(40_000), text('p1 '), end], () => [text('p1 '), end]],
  });
  world.spark.probeAnswer = async () => ({ loadedModels: [] });
  await world.ask();
  // Ollama lists it from here on; the load takes forty seconds.
  world.spark.probeAnswer = async () => ({ loadedModels: ['local-m:latest'] });
  await world.clock.advanceTo(10_000);
  await world.ask();
  await world.clock.advanceTo(45_000);
  await world.ask();

  expect(world.attempts).toMatchObject([
    { backend: 'azure', passedOver: 'cold' },
    { backend: 'azure', passedOver: 'cold' },
    { backend: 'spark', cause: 'first', outcome: 'served' },
  ]);
});

test('a request that is lost while its model is cold is not waited for as long as a load may take', async () => {
  const world = new ProxyWorld({
    system: { cold: 'wait' },
    spark: [() => hangs, () => [pause(30_000), text('p1 '), end]],
  });
  world.spark.probeAnswer = async () => ({
    loadedModels: world.clock.now() < 60_000 ? [] : ['local-m:latest'],
  });
  const reply = await world.ask();

  expect(reply.stream.resource.status).toBe('completed');
  expect(world.attempts).toMatchObject([
    { backend: 'spark', reason: 'first-token-deadline', evidence: 'soft' },
    { backend: 'azure', outcome: 'served' },
  ]);
  // A minute of patience, a load of half a minute, and a look now and then.
  expect(world.clock.now()).toBeLessThan(121_000);
});

test('a model that takes minutes to load is waited for', async () => {
  const loads = (): readonly Act[] => [pause(280_000), ...numbered('p', 1, 3), end];
  const world = new ProxyWorld({ system: { cold: 'wait' }, spark: [loads] });
  world.spark.probeAnswer = async () => ({ loadedModels: [] });
  const reply = await world.ask();

  expect(reply.stream.text).toBe('p1 p2 p3 ');
  expect(world.attempts).toMatchObject([{ backend: 'spark', outcome: 'served' }]);
});
