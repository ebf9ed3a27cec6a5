import fc from 'fast-check';
import { expect, test } from 'vitest';

import { sleepUntil } from '../../src/time/clock.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';

const instant = fc.double({ min: 0, max: 1e7, noNaN: true });

test('an instant is waited for to the last bit, and one that has passed is not', async () => {
  await fc.assert(
    fc.asyncProperty(instant, instant, async (from, to) => {
      const clock = new VirtualClock();
      await clock.advanceTo(from);
      await clock.runUntil(sleepUntil(clock, to), 2e7);
      expect(clock.now()).toBe(Math.max(from, to));
    }),
  );
});

test('whoever stops waiting is told why', async () => {
  const clock = new VirtualClock();
  const leave = new AbortController();
  const wait = sleepUntil(clock, 1000, leave.signal);
  leave.abort(new Error('enough'));
  await expect(wait).rejects.toThrow('enough');
  expect(clock.armedCount).toBe(0);
});
