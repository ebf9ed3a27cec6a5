/** Tokens leave when the engine says so, in virtual time. */

import assert from 'node:assert/strict';

import { expect, test } from 'vitest';

import { Box } from '../../../src/engine/box.ts';
import { engineProfile } from '../../../src/engine/profile.ts';
import { Pacer } from '../../../src/target/backend/pacer.ts';
import { VirtualClock } from '../../../src/time/virtual-clock.ts';

const profile = engineProfile('gpt-oss-120b@ollama');
assert.ok(profile);
const { tag, loadMs } = profile;

const job = (id: string, outputTokens: number, promptTokens = 300) => ({
  id,
  promptTokens,
  prefixes: [],
  outputTokens,
});

/** A warm box, driven by a virtual clock; `offer` notes when each token was told. */
const world = (parallel: number, isWarm = true) => {
  const clock = new VirtualClock();
  const box = new Box({ profiles: [profile], parallel, keepAliveMs: 300_000 });
  if (isWarm) box.warm(tag, 0);
  const pacer = new Pacer(box, clock);
  const offer = (id: string, outputTokens: number) => {
    const told: number[] = [];
    box.offer(tag, job(id, outputTokens), clock.now());
    pacer.follow(id, outputTokens, (sentTokens) => {
      while (told.length < sentTokens) told.push(clock.now());
    });
    return told;
  };
  return { clock, box, pacer, offer };
};

test('each token is told at the instant the engine says it left, alone or in a batch', async () => {
  const { clock, box, offer } = world(2);
  const first = offer('first', 40);
  await clock.advanceTo(1500);
  const second = offer('second', 20);
  await clock.advanceTo(60_000);
  expect(first).toHaveLength(40);
  expect(second).toHaveLength(20);
  for (const [id, told] of [['first', first] as const, ['second', second] as const])
    for (const [at, instant] of told.entries())
      expect(instant).toBeCloseTo(box.tokenAt(id, at + 1) ?? NaN, 6);
});

test('with one slot the second waits for the first, until that is cancelled', async () => {
  const { clock, box, pacer, offer } = world(1);
  const first = offer('first', 1000);
  const second = offer('second', 5);
  await clock.advanceTo(2000);
  expect(first.length).toBeGreaterThan(10);
  expect(second).toEqual([]);
  box.cancel('first', clock.now());
  pacer.forget('first');
  const before = first.length;
  await clock.advanceTo(5000);
  expect(second).toHaveLength(5);
  expect(first).toHaveLength(before);
});

test('a job without tokens is told of once, when its model is in memory', async () => {
  const { clock, box, pacer } = world(1, false);
  const told: number[] = [];
  box.offer(tag, job('load', 0, 0), 0);
  pacer.follow('load', 0, () => told.push(clock.now()));
  await clock.advanceTo(120_000);
  expect(told).toEqual([loadMs]);
});

test('whoever is told may offer the next job there and then', async () => {
  const { clock, offer, pacer, box } = world(1);
  let chained: number[] | undefined;
  box.offer(tag, job('first', 3), 0);
  pacer.follow('first', 3, (sentTokens) => {
    if (sentTokens === 3) chained = offer('chained', 2);
  });
  await clock.advanceTo(10_000);
  expect(chained).toHaveLength(2);
});

test('closed, it tells nothing more', async () => {
  const { clock, offer, pacer } = world(1);
  const told = offer('first', 100);
  await clock.advanceTo(1500);
  const before = told.length;
  pacer.close();
  await clock.advanceTo(60_000);
  expect(told).toHaveLength(before);
});
