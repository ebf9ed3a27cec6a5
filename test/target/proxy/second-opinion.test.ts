import { expect, test } from 'vitest';

import { SecondOpinion } from '../../../src/target/proxy/second-opinion.ts';
import { VirtualClock } from '../../../src/time/virtual-clock.ts';

/** One that is not answered at 1000, and known to be dead at 1375. */
const deadWorld = async () => {
  const clock = new VirtualClock();
  let isDead = true;
  let asked = 0;
  const ask = (): Promise<unknown> => {
    asked++;
    return isDead ? new Promise(() => undefined) : Promise.resolve();
  };
  const opinion = new SecondOpinion(clock, ask, 500);
  await clock.advanceTo(1000);
  const first = opinion.get(500);
  await clock.advanceTo(1400);
  expect(await first).toMatchObject({ isAlive: false });
  isDead = false;
  return { clock, opinion, asked: () => asked };
};

test('an answer holds for a moment for whoever was silent when it was asked', async () => {
  const { clock, opinion, asked } = await deadWorld();
  expect(await opinion.get(1000)).toMatchObject({ isAlive: false });
  expect(asked()).toBe(1);
  await clock.advanceTo(1900);
  expect(await opinion.get(1000)).toEqual({ isAlive: true });
  expect(opinion.counts).toEqual({ alive: 1, dead: 1 });
});

test('a silence that began later is asked about anew', async () => {
  const { opinion, asked } = await deadWorld();
  expect(await opinion.get(1001)).toEqual({ isAlive: true });
  expect(asked()).toBe(2);
});
