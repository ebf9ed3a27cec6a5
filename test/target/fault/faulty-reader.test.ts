/** Readers that do something in the middle of an answer: who, when, and how often. */

import { expect, test } from 'vitest';

import { traceId } from '../../../src/protocol/trace.ts';
import { seeded } from '../../../src/random/random.ts';
import { faultyReaders } from '../../../src/target/fault/faulty-reader.ts';
import type { ReaderAct } from '../../../src/target/fault/kind/kind.ts';
import { planFaults } from '../../../src/target/fault/plan.ts';
import type { FaultSpec } from '../../../src/target/fault/schema.ts';
import { VirtualClock } from '../../../src/time/virtual-clock.ts';
import type { Act } from './fault-world.ts';

const traceOf = (session: number): string =>
  traceId({ arm: 0, workload: 0, session, turn: 1 }, `abcdefabcde${session}`);

/** Reads five tokens in each of some sessions; what each reader did, and after how many tokens. */
const read = (faults: readonly FaultSpec[], sessions: number) => {
  const acts: Act[] = [];
  const readers = faultyReaders({
    faults: planFaults(faults),
    clock: new VirtualClock(),
    random: seeded(7),
    emit: (act) => acts.push(act),
  });
  readers.arm(0);
  const did: (readonly [session: number, tokens: number, act: ReaderAct['kind']])[] = [];
  for (let session = 1; session <= sessions; session++) {
    const reader = readers.reader(traceOf(session));
    for (let tokens = 0; tokens <= 5; tokens++) {
      const act = reader(tokens);
      if (act) did.push([session, tokens, act.kind]);
    }
  }
  return { did, acts };
};

test('a reader leaves at the turn that is meant, after so many tokens', () => {
  const { did, acts } = read(
    [{ kind: 'leave', address: { session: 2, turn: 1, afterTokens: 3 } }],
    3,
  );
  expect(did).toEqual([[2, 3, 'leave']]);
  expect(acts).toMatchObject([{ what: 'leave', trace: traceOf(2), tokensBefore: 3 }]);
});

test('readers pause in a window, as often as they may', () => {
  const { did } = read([{ kind: 'stop-reading', stall: '2 s', at: 0, times: 2 }], 4);
  expect(did).toEqual([
    [1, 1, 'pause'],
    [2, 1, 'pause'],
  ]);
});

test('what happens to backends is none of the readers', () => {
  expect(read([{ kind: 'cut', backend: 'spark', at: 0 }], 1)).toEqual({ did: [], acts: [] });
});
