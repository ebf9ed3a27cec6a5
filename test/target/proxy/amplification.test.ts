/**
 * How much more load failing over makes of the load there is, at many requests a second in virtual
 * time.
 */

import { expect, test } from 'vitest';

import { exponential } from '../../../src/random/distribution.ts';
import { seeded } from '../../../src/random/random.ts';
import { failure, ProxyWorld, type Script } from '../../kit/proxy-world.ts';

const hangs: Script = () => ['hang'];
const refused = failure('refused', { evidence: 'hard' });

const requests = 400;
const play = async (world: ProxyWorld, perSecond: number): Promise<void> => {
  const random = seeded('arrivals');
  const all: Promise<void>[] = [];
  for (let request = 0; request < requests; request++) {
    await world.clock.advanceTo(world.clock.now() + exponential(random, 1000 / perSecond));
    all.push(world.begin().done);
  }
  await world.clock.runUntil(Promise.all(all), world.clock.now() + 600_000);
};
const perTrace = (world: ProxyWorld): readonly number[] => {
  const counts = new Map<string, number>();
  for (const { trace } of world.attempts) counts.set(trace, (counts.get(trace) ?? 0) + 1);
  return [...counts.values()];
};

test.each([
  ['refuses', () => [refused]],
  ['is silent', hangs],
  ['answers 500', () => [failure('status', { status: 500 })]],
  ['cuts every answer', () => [failure('reset')]],
] satisfies readonly (readonly [string, Script])[])(
  'with a primary that %s, a request makes two attempts at most, and 1.05 once it is shut out',
  async (_, broken) => {
    const world = new ProxyWorld({ local: { slots: 4 }, spark: [broken] });
    world.spark.probeAnswer = () => Promise.reject(new Error('down'));
    await play(world, 20);
    expect(Math.max(...perTrace(world))).toBeLessThanOrEqual(2);
    const openedAt = world.proxy.health().backends[0]?.changes[0]?.at ?? Number.NaN;
    const since = world.attempts.filter(({ startedAt }) => startedAt > openedAt);
    const traces = new Set(since.map(({ trace }) => trace));
    expect(traces.size).toBeGreaterThan(200);
    expect(since.length / traces.size).toBeLessThanOrEqual(1.05);
  },
);

test('where second attempts are in vain as well, they are withheld', async () => {
  // Failures that open no circuit, at either.
  const world = new ProxyWorld({
    system: { breaker: { hardFailures: 1000, softFailures: 1000, openForMs: 5000 } },
    local: { slots: 100 },
    spark: [() => [failure('reset')]],
    azure: [() => [failure('reset')]],
  });
  await play(world, 50);
  const { retries } = world.proxy.health();
  expect(retries.withheld).toBeGreaterThan(200);
  expect(world.attempts.length / requests).toBeLessThan(1.35);
});
