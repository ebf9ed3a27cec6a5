/** The trials of a suite: which there are, and what is done in each, in virtual time. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { driveTrials, planTrials, type TrialParts } from '../../src/load/trial.ts';
import { seeded } from '../../src/random/random.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';

test('every row is repeated as often as it says, in an order that the seed alone decides', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 8 }),
      fc.integer(),
      (repetitions, seed) => {
        const trials = planTrials(repetitions, seeded(seed));
        expect(trials.map(({ number }) => number)).toEqual(trials.map((_, at) => at + 1));
        for (const [row, times] of repetitions.entries())
          expect(trials.filter((it) => it.row === row)).toHaveLength(times);
        expect(trials.every(({ phaseRatio }) => phaseRatio >= 0 && phaseRatio < 1)).toBe(true);
        expect(planTrials(repetitions, seeded(seed))).toEqual(trials);
      },
    ),
  );
});

/** Plays trials of rows; after a faulted exchange the primary stays away for so many answers. */
const play = async (
  rows: readonly (readonly [fresh: 'before' | 'after' | undefined, awayFor: number])[],
  more: Partial<TrialParts> = {},
): Promise<readonly string[]> => {
  const clock = new VirtualClock();
  const did: string[] = [];
  let away = 0;
  const done = driveTrials({
    trials: rows.map((_, row) => ({ number: row + 1, row, phaseRatio: 0.5 })),
    lanes: 1,
    clock,
    signal: new AbortController().signal,
    phaseMsMax: () => 0,
    settleMs: 10,
    settleMsMax: 100,
    groupOf: () => 0,
    freshOf: (row) => rows[row]?.[0],
    renew: async () => {
      did.push('renew');
      away = 0;
      return true;
    },
    ask: async (_, trial, { role, row }) => {
      did.push(row === undefined ? `${role}, any` : `${role} ${row}`);
      if (role === 'settle' && away > 0) away--;
      if (role === 'faulted') away = rows[trial.row]?.[1] ?? 0;
      return { isPrimary: role !== 'straight' && away === 0 };
    },
    arm: async (_, { row }) => void did.push(`arm ${row}`),
    disarm: async (_, { row }) => void did.push(`disarm ${row}`),
    ...more,
  });
  await clock.runUntil(done, 1e6);
  return did;
};

test('a fault is armed for one exchange alone, and the next trial waits for the primary', async () => {
  expect(await play([[undefined, 2]])).toEqual([
    'settle, any',
    'control, any',
    'straight 0',
    'arm 0',
    'faulted 0',
    'disarm 0',
    'settle 0',
    'settle 0',
  ]);
});

test('a row may be played by a proxy begun anew, and hands on another', async () => {
  const did = await play([
    ['before', 5],
    ['after', 5],
  ]);
  expect(did.filter((it) => !it.startsWith('settle')).join(', ')).toBe(
    'control, any, straight 0, renew, arm 0, faulted 0, disarm 0, renew, ' +
      'control, any, straight 1, arm 1, faulted 1, disarm 1, renew',
  );
});

test('a primary that stays away for good gives way to a proxy begun anew', async () => {
  const did = await play([
    [undefined, 1e6],
    [undefined, 0],
  ]);
  expect(did.filter((it) => it === 'settle 0')).toHaveLength(11);
  expect(did.slice(did.indexOf('renew'))).toContain('faulted 1');
});

test('where the primary never served nothing is played, and that is said', async () => {
  const ask = async (): Promise<{ isPrimary: boolean }> => ({ isPrimary: false });
  await expect(play([[undefined, 0]], { ask })).rejects.toThrow('the primary never served');
});

test('a fault is disarmed however its exchange ends', async () => {
  const disarmed: number[] = [];
  const ask: TrialParts['ask'] = async (_, __, { role }) => {
    if (role === 'faulted') throw new Error('ours');
    return { isPrimary: true };
  };
  const disarm: TrialParts['disarm'] = async (_, { row }) => void disarmed.push(row);
  await expect(play([[undefined, 0]], { ask, disarm })).rejects.toThrow('ours');
  expect(disarmed).toEqual([0]);
});
