/** When a box is broken, and when it is mended. */

import { expect, test } from 'vitest';

import { BoxFaults } from '../../../src/target/fault/box-fault.ts';
import type { FaultedBox } from '../../../src/target/fault/kind/kind.ts';
import { planFaults } from '../../../src/target/fault/plan.ts';
import { faultConflicts, faultProblems } from '../../../src/target/fault/problem.ts';
import type { FaultSpec } from '../../../src/target/fault/schema.ts';
import { VirtualClock } from '../../../src/time/virtual-clock.ts';

const spark = (words: Omit<FaultSpec, 'backend'>): FaultSpec => ({ backend: 'spark', ...words });

/** A box that writes down what is done to it, and the act entries of the log. */
const watched = (specs: readonly FaultSpec[]) => {
  const clock = new VirtualClock();
  const told: string[] = [];
  const note =
    (what: string) =>
    (value?: number): void => {
      told.push(`${clock.now()} ${what}${value === undefined ? '' : ` ${value}`}`);
    };
  const box: FaultedBox = {
    throttle: note('throttle'),
    evict: note('evict'),
    delayLoads: note('delayLoads'),
    wedge: note('wedge'),
    restart: note('restart'),
  };
  const emit = ({ what, at }: { what: string; at: number }): void => {
    told.push(`${at} act ${what}`);
  };
  const faults = planFaults(specs);
  const boxFaults = new BoxFaults({ name: 'spark', box, faults, clock, emit });
  return { clock, told, boxFaults, faults };
};

test('a window breaks it and mends it, counted from the beginning of the arm', async () => {
  const { clock, told, boxFaults } = watched([
    spark({ at: '1 s', for: '2 s', kind: 'throttle', slowdown: 2.5 }),
    spark({ at: '1 s', kind: 'reset' }),
  ]);
  boxFaults.arm(100);
  await clock.advanceTo(60_000);
  expect(told).toEqual(['1100 throttle 2.5', '1100 act throttle', '3100 throttle 1']);
});

test('a square wave does so in every period', async () => {
  const { clock, told, boxFaults } = watched([
    spark({ at: '1 s', for: '1 s', every: '4 s', until: '8 s', kind: 'evict', delay: '30 s' }),
  ]);
  boxFaults.arm(0);
  await clock.advanceTo(60_000);
  expect(told).toEqual([
    '1000 evict',
    '1000 delayLoads 30000',
    '1000 act evict',
    '2000 delayLoads 0',
    '5000 evict',
    '5000 delayLoads 30000',
    '5000 act evict',
    '6000 delayLoads 0',
  ]);
});

test('a wedged box is reset at the end; of a restart the shim tells', async () => {
  const { clock, told, boxFaults } = watched([
    spark({ at: 0, for: '9 s', kind: 'wedge' }),
    spark({ at: '20 s', for: '6 s', kind: 'restart' }),
  ]);
  boxFaults.arm(0);
  await clock.advanceTo(60_000);
  expect(told).toEqual(['0 wedge 10000', '0 act wedge', '9000 restart', '20000 restart']);
});

test('one that is armed by hand acts at once, and is mended when it is disarmed', async () => {
  const { clock, told, boxFaults, faults } = watched([
    spark({ at: 0, kind: 'throttle', slowdown: 3 }),
  ]);
  const [fault] = faults;
  if (!fault) throw new Error('one fault is planned');
  await clock.advanceTo(500);
  await boxFaults.add(fault);
  await clock.advanceTo(1000);
  await boxFaults.remove(fault);
  await boxFaults.remove(fault);
  expect(told).toEqual(['500 throttle 3', '500 act throttle', '1000 throttle 1']);
});

test('what is closed is mended, and broken no more', async () => {
  const { clock, told, boxFaults } = watched([
    spark({ at: 0, kind: 'throttle', slowdown: 3 }),
    spark({ at: '1 s', kind: 'evict' }),
  ]);
  boxFaults.arm(0);
  await clock.advanceTo(500);
  boxFaults.close();
  await clock.advanceTo(5000);
  expect(told).toEqual(['0 throttle 3', '0 act throttle', '500 throttle 1']);
});

test.each(['probability: 0.5', 'times: 1', 'afterTokens: 3'])(
  'what belongs to attempts is refused: %s',
  (line) => {
    const [key = '', value = ''] = line.split(': ');
    const spec = spark({ at: 0, kind: 'throttle', slowdown: 2, [key]: Number(value) });
    expect(faultProblems(spec)).toMatchObject([{ key, problem: expect.stringContaining(key) }]);
  },
);

test('an address is refused, and a slowdown is needed', () => {
  const address = { session: 1, turn: 1 };
  expect(faultProblems(spark({ address, kind: 'wedge' }))).toMatchObject([{ key: 'address' }]);
  expect(faultProblems(spark({ at: 0, kind: 'throttle' }))).toMatchObject([
    { hint: 'Add it, for instance `slowdown: 2.5`.' },
  ]);
});

test('a port that is closed does not keep the box behind it from getting hot', () => {
  const faults = planFaults([
    spark({ at: 0, for: '9 s', kind: 'refuse' }),
    spark({ at: '1 s', for: '2 s', kind: 'throttle', slowdown: 2 }),
  ]);
  expect(faultConflicts(faults)).toEqual([]);
});
