import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import type { Analysis } from '../../src/analysis/analysis.ts';
import type { LogEntry, RunEnd } from '../../src/log/entry.ts';
import {
  attempt,
  end,
  exchange,
  faultAct,
  faultArmed,
  log,
  manifest,
  phases,
  sample,
  traceOf,
} from '../kit/log.ts';

const verdictOf = (
  entries: readonly LogEntry[],
  objectives: readonly string[] = [],
): Analysis['verdict'] => analyse(log(entries, { objectives })).verdict;

const sessions = (count: number): LogEntry[] =>
  Array.from({ length: count }, (_, at) => exchange({ session: at + 1, scheduledAt: 1000 + at }));

test('met, missed, undecided and none each have their exit code', () => {
  expect(verdictOf(sessions(11), ['ttfo p50 < 3 s', 'failed = 0'])).toMatchObject({
    kind: 'passed',
    exitCode: 0,
  });
  expect(verdictOf(sessions(11), ['ttfo p50 < 100 ms', 'failed = 0'])).toMatchObject({
    kind: 'missed',
    exitCode: 99,
    objectives: [
      { decision: 'missed', limit: 100, row: { value: 499 } },
      { decision: 'met', row: { value: 0, n: 11 } },
    ],
  });
  expect(verdictOf(sessions(10), ['ttfo p50 < 1 ms', 'failed > 0'])).toMatchObject({
    kind: 'undecided',
    exitCode: 20,
    objectives: [
      { decision: 'undecided', withheld: { why: 'too-few', n: 10, floor: 11 } },
      { decision: 'missed' },
    ],
  });
  expect(verdictOf(sessions(1))).toMatchObject({ kind: 'no-objectives', exitCode: 0 });
});

test('a count of nothing proves nothing', () => {
  expect(verdictOf([], ['failed = 0'])).toMatchObject({
    kind: 'undecided',
    objectives: [{ decision: 'undecided', withheld: { why: 'no-data' } }],
  });
  expect(verdictOf(sessions(11), ['failover max < 1 s'])).toMatchObject({ kind: 'undecided' });
  expect(verdictOf(sessions(11), ['itl p50 < 1 s'])).toMatchObject({ kind: 'undecided' });
});

test('an objective is decided for each arm, or for the one it names', () => {
  const arms = ['fail', 'continue'];
  const entries = [
    ...arms.flatMap((arm) => phases({ arm })),
    exchange({ arm: 'fail', outcome: 'failed' }),
    exchange({ arm: 'continue', session: 2 }),
    end(),
  ];
  const { verdict } = analyse({
    manifest: manifest({ arms, objectives: ['failed = 0', 'failed @continue = 0'] }),
    entries,
    isWhole: true,
    cutLines: 0,
  });
  expect(verdict.objectives.map(({ arm, decision }) => [arm, decision])).toEqual([
    ['fail', 'missed'],
    ['continue', 'met'],
    ['continue', 'met'],
  ]);
});

test('how the run ended comes before what it showed', () => {
  const ended = (why: RunEnd['why']): Analysis['verdict'] => {
    const whole = log(sessions(11), { objectives: ['failed > 0'] });
    const entries = whole.entries.filter(({ kind }) => kind !== 'end');
    return analyse({ ...whole, entries: [...entries, end({ why })] }).verdict;
  };
  expect(ended('finished')).toMatchObject({ kind: 'missed', exitCode: 99 });
  expect(ended('interrupted')).toMatchObject({ kind: 'partial', exitCode: 130 });
  expect(ended('terminated')).toMatchObject({ kind: 'partial', exitCode: 143 });
  expect(ended('failed')).toMatchObject({ kind: 'partial', exitCode: 3 });
  expect(ended('spend-limit')).toMatchObject({ kind: 'partial', exitCode: 20 });
});

test('a harness that was late or busy makes the run invalid', () => {
  const late = (ms: number): LogEntry[] =>
    Array.from({ length: 11 }, (_, at) =>
      exchange({ session: at + 1, scheduledAt: 1000, sentAt: 1000 + ms, firstTextAt: 3000 + ms }),
    );
  expect(verdictOf(late(99)).invalid).toEqual([]);
  expect(verdictOf(late(101))).toMatchObject({
    kind: 'invalid',
    exitCode: 20,
    invalid: [
      {
        kind: 'harness-late',
        arm: 'main',
        lateMs: 101,
        isPercentile: false,
        sentCount: 11,
        lateCount: 11,
        limitMs: 100,
      },
    ],
  });
  expect(verdictOf([...late(0), sample({ utilisationRatio: 0.6 })]).invalid).toEqual([
    { kind: 'load-thread-busy', utilisationRatio: 0.6 },
  ]);
  const elsewhere = [
    sample({ utilisationRatio: 0.9, where: 'proxy' }),
    sample({ utilisationRatio: 0.9, at: 61_000 }),
    sample({ utilisationRatio: 0.4 }),
  ];
  expect(verdictOf([...late(0), ...elsewhere]).invalid).toEqual([]);
});

test('of few sends one or two late ones prove nothing; of many the percentile decides', () => {
  const sends = (count: number, lateCount: number): LogEntry[] =>
    Array.from({ length: count }, (_, at) => {
      const sentAt = 1000 + (at < lateCount ? 90 : 0);
      return exchange({ session: at + 1, scheduledAt: 1000, sentAt, firstTextAt: sentAt + 500 });
    });
  expect(verdictOf(sends(15, 2)).invalid).toEqual([]);
  expect(verdictOf(sends(15, 3)).invalid).toMatchObject([{ lateMs: 90, lateCount: 3 }]);
  // Three of a hundred are no more than a twentieth.
  expect(verdictOf(sends(100, 3)).invalid).toEqual([]);
  expect(verdictOf(sends(662, 6)).invalid).toEqual([]);
  expect(verdictOf(sends(662, 7)).invalid).toMatchObject([{ isPercentile: true, lateMs: 90 }]);
});

test('a fault that never acted makes the run invalid, at any of its addresses', () => {
  const never = { kind: 'fault-never-acted', fault: 0, arm: 'main' };
  expect(verdictOf([...sessions(2), faultArmed()]).invalid).toEqual([never]);
  expect(verdictOf([...sessions(2), faultArmed(), faultAct()]).invalid).toEqual([]);
  const addressed = [
    faultArmed({ address: 's1 t1 @20' }),
    faultArmed({ address: 's2 t1 @20' }),
    faultAct({ trace: traceOf(1, 1) }),
  ];
  expect(verdictOf([...sessions(2), ...addressed]).invalid).toEqual([never]);
  const both = [...addressed, faultAct({ trace: traceOf(2, 1) })];
  expect(verdictOf([...sessions(2), ...both]).invalid).toEqual([]);
});

test('a refused connection is an act that only the attempt tells of', () => {
  const refused = [
    exchange({ outcome: 'failed' }),
    attempt({ outcome: 'failed', reason: 'refused', startedAt: 1001, endedAt: 1002 }),
    faultArmed({ what: 'refuse' }),
  ];
  expect(verdictOf(refused).invalid).toEqual([]);
});
