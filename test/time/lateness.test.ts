import fc from 'fast-check';
import { expect, test } from 'vitest';

import { DeadlineError, within } from '../../src/time/clock.ts';
import { atDeadline, graceMs } from '../../src/time/lateness.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';

test('a timer in time gives nothing; one far too late gives back what it took, up to 2 s', () => {
  expect(graceMs(1000, 1000)).toBe(0);
  expect(graceMs(1000, 1020)).toBe(0);
  expect(graceMs(1000, 1400)).toBe(400);
  expect(graceMs(1000, 3_600_000)).toBe(2000);
});

test('the grace is never negative, and never longer than the lateness', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.nat(1_000_000), (dueAt, lateMs) => {
      const grace = graceMs(dueAt, dueAt + lateMs);
      expect(grace).toBeGreaterThanOrEqual(0);
      expect(grace).toBeLessThanOrEqual(Math.min(lateMs, 2000));
    }),
  );
});

test('a deadline that passes while the process stands still is given its grace', async () => {
  const clock = new VirtualClock();
  let passedAt: number | undefined;
  atDeadline(clock, 1000, () => {
    passedAt = clock.now();
  });
  clock.jump(60_000);
  await clock.advanceTo(61_999);
  expect(passedAt).toBeUndefined();
  await clock.advanceTo(62_000);
  expect(passedAt).toBe(62_000);
});

test('what was there all along is found in the grace, and nothing was late', async () => {
  const clock = new VirtualClock();
  const answer = new Promise<string>((resolve) => clock.at(60_100, () => resolve('here')));
  const waited = within(clock, 1000, 'the answer', answer);
  clock.jump(60_000);
  await expect(clock.runUntil(waited, 70_000)).resolves.toBe('here');
});

test('one that is disposed of in its grace does not pass', async () => {
  const clock = new VirtualClock();
  let passed = 0;
  const timer = atDeadline(clock, 1000, () => passed++);
  clock.jump(5000);
  await clock.advanceTo(5500);
  timer[Symbol.dispose]();
  await clock.advanceTo(60_000);
  expect(passed).toBe(0);
});

test('without a jump, a wait ends at its deadline', async () => {
  const clock = new VirtualClock();
  const waited = within(clock, 1000, 'nothing', new Promise(() => undefined));
  await expect(clock.runUntil(waited, 5000)).rejects.toThrow(DeadlineError);
  expect(clock.now()).toBe(1000);
});
