/** The driver in virtual time: an open loop waits for nobody, a closed loop for its own users. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { driveLoad, type DriverParts, type DriverResult } from '../../src/load/driver.ts';
import type { LoadSpec } from '../../src/load/schema.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';

interface Begun {
  readonly number: number;
  readonly scheduledAt: number;
  readonly beganAt: number;
}

/** Drives sessions that each take as long as `takesMs` says, and notes what happened. */
const drive = async (
  load: LoadSpec,
  starts: readonly number[],
  takesMs: (number: number) => number,
  more: Partial<DriverParts> & { readonly clock?: VirtualClock; readonly stopAt?: number } = {},
) => {
  const clock = more.clock ?? new VirtualClock();
  const begun: Begun[] = [];
  const ended: number[] = [];
  const dropped: number[] = [];
  const stop = new AbortController();
  if (more.stopAt !== undefined) clock.at(more.stopAt, () => stop.abort(new Error('stopped')));
  let inFlight = 0;
  let inFlightMax = 0;
  const done: Promise<DriverResult> = driveLoad({
    load,
    starts,
    untilAt: 60_000,
    clock,
    signal: stop.signal,
    play: async (number, scheduledAt, signal) => {
      begun.push({ number, scheduledAt, beganAt: clock.now() });
      inFlightMax = Math.max(inFlightMax, ++inFlight);
      try {
        await clock.sleep(takesMs(number), signal);
        ended.push(number);
      } finally {
        inFlight--;
      }
    },
    drop: (number) => dropped.push(number),
    ...more,
  });
  const result = await clock.runUntil(done, 10_000_000);
  return { result, begun, ended, dropped, inFlight, inFlightMax, endedAt: clock.now() };
};

const open: LoadSpec = { kind: 'open', sessionsPerSecond: 1 };

describe('an open loop', () => {
  test('begins every session at its instant, however slow the target', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(50_000), { maxLength: 40 }),
        fc.nat(30_000),
        async (instants, takesMs) => {
          const starts = instants.toSorted((a, b) => a - b);
          const { begun, ended, result } = await drive(open, starts, () => takesMs);
          expect(begun.map(({ beganAt }) => beganAt)).toEqual(starts);
          expect(begun.map(({ scheduledAt }) => scheduledAt)).toEqual(starts);
          expect(begun.map(({ number }) => number)).toEqual(starts.map((_, at) => at + 1));
          expect(result).toEqual({ started: starts.length, dropped: 0 });
          expect(ended).toHaveLength(starts.length);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('drops what exceeds inFlightMax, and counts it', async () => {
    const starts = [0, 100, 200, 300, 1100];
    const bounded: LoadSpec = { ...open, inFlightMax: 2 };
    const { result, begun, dropped, inFlightMax } = await drive(bounded, starts, () => 1000);
    expect(begun.map(({ number }) => number)).toEqual([1, 2, 5]);
    expect(dropped).toEqual([3, 4]);
    expect(result).toEqual({ started: 3, dropped: 2 });
    expect(inFlightMax).toBe(2);
  });

  test('neither loses nor repeats a session, whatever the bound', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(20_000), { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        async (instants, inFlightMax) => {
          const starts = instants.toSorted((a, b) => a - b);
          const run = await drive(
            { ...open, inFlightMax },
            starts,
            (number) => (number * 7919) % 3000,
          );
          const numbers = [...run.begun.map(({ number }) => number), ...run.dropped];
          expect(numbers.toSorted((a, b) => a - b)).toEqual(starts.map((_, at) => at + 1));
          expect(run.inFlightMax).toBeLessThanOrEqual(inFlightMax);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('begins none at untilAt or later, and lets those in flight end', async () => {
    const { result, ended, endedAt } = await drive(open, [0, 900, 1000, 1100], () => 5000, {
      untilAt: 1000,
    });
    expect(result.started).toBe(2);
    expect(ended).toEqual([1, 2]);
    expect(endedAt).toBe(5900);
  });

  test('that is late begins what is due at once, and says when it was due', async () => {
    const clock = new VirtualClock();
    await clock.advanceTo(2500);
    const { begun } = await drive(open, [1000, 2000, 3000], () => 10, { clock });
    expect(begun).toEqual([
      { number: 1, scheduledAt: 1000, beganAt: 2500 },
      { number: 2, scheduledAt: 2000, beganAt: 2500 },
      { number: 3, scheduledAt: 3000, beganAt: 3000 },
    ]);
  });

  test('that is stopped begins no more and tells those in flight', async () => {
    const { result, ended, inFlight, endedAt } = await drive(open, [0, 500, 9000], () => 5000, {
      stopAt: 600,
    });
    expect(result.started).toBe(2);
    expect(ended).toEqual([]);
    expect(inFlight).toBe(0);
    expect(endedAt).toBe(600);
  });

  test('ends with the failure of a session, after the others have been told', async () => {
    let told = 0;
    const clock = new VirtualClock();
    const done = drive(open, [0, 100, 9000], () => 0, {
      clock,
      play: async (number, _, signal) => {
        if (number === 2) throw new Error('our bug');
        await clock.sleep(5000, signal).catch(() => told++);
      },
    });
    await expect(done).rejects.toThrow('our bug');
    expect(told).toBe(1);
    expect(clock.now()).toBe(100);
  });
});

const closed = (concurrentSessions: number): LoadSpec => ({ kind: 'closed', concurrentSessions });

describe('a closed loop', () => {
  test('has each user run one session after another, with numbers of their own', async () => {
    const { begun, inFlightMax } = await drive(closed(2), [0, 10], (number) => 400 + number, {
      untilAt: 1500,
    });
    expect(inFlightMax).toBe(2);
    const byUser = [1, 0].map((parity) =>
      begun.filter(({ number }) => number % 2 === parity).map(({ number }) => number),
    );
    expect(byUser).toEqual([
      [1, 3, 5, 7],
      [2, 4, 6, 8],
    ]);
    expect(begun.find(({ number }) => number === 3)?.scheduledAt).toBe(401);
  });

  test('never has more in flight than users, and repeats no number', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 3000 }),
        async (users, ms) => {
          const starts = Array.from({ length: users }, (_, at) => at * 10);
          const run = await drive(closed(users), starts, (number) => (number * ms) % 3001, {
            untilAt: 10_000,
          });
          const numbers = run.begun.map(({ number }) => number);
          expect(new Set(numbers).size).toBe(numbers.length);
          expect(run.inFlightMax).toBeLessThanOrEqual(users);
          expect(run.begun.every(({ scheduledAt }) => scheduledAt < 10_000)).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('does not hammer a target that fails at once', async () => {
    const { begun } = await drive(closed(1), [0], () => 0, { untilAt: 1000 });
    expect(begun).toHaveLength(10);
  });

  test('that is stopped in the middle ends', async () => {
    const { ended, endedAt } = await drive(closed(3), [0, 1, 2], () => 1000, { stopAt: 2500 });
    expect(ended).toHaveLength(6);
    expect(endedAt).toBe(2500);
  });
});
