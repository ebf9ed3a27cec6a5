import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import type { SummaryRow } from '../../src/analysis/analysis.ts';
import type { LogEntry, Manifest } from '../../src/log/entry.ts';
import {
  attempt,
  chunkCode,
  exchange,
  faultAct,
  faultArmed,
  generation,
  log,
  traceOf,
} from '../kit/log.ts';

const rowOf = (
  entries: readonly LogEntry[],
  id: string,
  stat: string,
  where = 'all',
  over: Partial<Manifest> = {},
): SummaryRow | undefined =>
  analyse(log(entries, over)).rows.find(
    (it) => it.id === id && it.stat === stat && it.where === where,
  );

/** `count` sessions of one turn; the n-th has its first token n ms after it was sent. */
const sessions = (count: number, over: Parameters<typeof exchange>[0] = {}): LogEntry[] =>
  Array.from({ length: count }, (_, at) => {
    const scheduledAt = 1000 + at * 100;
    return exchange({
      scheduledAt,
      session: at + 1,
      firstTokenAt: scheduledAt + 2 + at,
      firstTextAt: scheduledAt + 2 + at,
      ...over,
    });
  });

test('a percentile below its floor is withheld with the floor', () => {
  expect(rowOf(sessions(10), 'ttfo', 'p50')).toEqual({
    id: 'ttfo',
    stat: 'p50',
    arm: 'main',
    where: 'all',
    unit: 'ms',
    n: 10,
    withheld: { why: 'too-few', n: 10, floor: 11 },
  });
  expect(rowOf(sessions(11), 'ttfo', 'p50')).toMatchObject({ value: 6, n: 11 });
  expect(rowOf(sessions(11), 'ttfo', 'p90')).toMatchObject({ withheld: { floor: 64 } });
  expect(rowOf(sessions(64), 'ttfo', 'p90')).toMatchObject({ value: 58, n: 64 });
  expect(rowOf(sessions(5), 'ttfo', 'max')).toMatchObject({ value: 5, n: 5 });
});

test('only what was scheduled in the steady phase is summarised, and leaks are always counted', () => {
  const late = exchange({ scheduledAt: 60_000, session: 99, isLocalOnly: true });
  const entries = [
    ...sessions(3),
    late,
    attempt({ trace: traceOf(99, 1), backend: 'azure', costUsd: 0 }),
  ];
  expect(rowOf(entries, 'started', 'count')).toMatchObject({ value: 3 });
  expect(rowOf(entries, 'leaked', 'count')).toMatchObject({
    value: 1,
    n: 4,
    among: 1,
    isBeyondSteady: true,
  });
  const inside = rowOf(sessions(3), 'leaked', 'count');
  expect(inside).toMatchObject({ value: 0, n: 3, among: 0 });
  expect(inside).not.toHaveProperty('isBeyondSteady');
});

test('latency from the schedule is for an open loop', () => {
  const plan = (loop: 'open' | 'closed'): Partial<Manifest> => ({
    plan: [{ arm: 'main', workload: 'chat', loop, sessions: 11 }],
  });
  expect(rowOf(sessions(11), 'ttfo_sched', 'p50', 'all', plan('open'))).toMatchObject({ value: 7 });
  expect(rowOf(sessions(11), 'ttfo_sched', 'p50', 'all', plan('closed'))).toMatchObject({
    withheld: { why: 'no-data' },
  });
});

test('goodput counts errors as bad and leaves out what was called off', () => {
  const entries = [
    ...sessions(4),
    exchange({ session: 5, outcome: 'failed' }),
    exchange({ session: 6, outcome: 'cancelled' }),
    exchange({ session: 7, scheduledAt: 5000, firstTextAt: 9000 }),
  ];
  const over = { limits: { ttfo: 3000 } };
  expect(rowOf(entries, 'goodput_req', 'ratio', 'all', over)).toMatchObject({ value: 4 / 6, n: 6 });
  expect(rowOf(entries, 'session_ok', 'ratio', 'all', over)).toMatchObject({ value: 4 / 6, n: 6 });
  expect(rowOf(entries, 'cancelled', 'count')).toMatchObject({ value: 1, n: 7 });
  expect(rowOf(entries, 'goodput_req', 'ratio')).toBeUndefined();
});

test('tokens count when they came, whoever made them, over the length of the phase', () => {
  const entries = [
    // Of 20 chunks at 59,500 ms and every 50 ms after, 10 come before the phase ends at 60,000.
    exchange({ scheduledAt: 59_000, session: 1 }),
    attempt({ trace: traceOf(1, 1), startedAt: 59_005, firstTokenAt: 59_499, endedAt: 60_460 }),
  ];
  expect(rowOf(entries, 'out_tps', 'rate')).toMatchObject({ value: 10 / 60, n: 1 });
  expect(rowOf(entries, 'out_tps', 'rate', 'backend=spark')).toMatchObject({ value: 10 / 60 });
});

test('the tokens of a continued answer belong to who made them', () => {
  const entries = [
    exchange({ backend: 'azure', chunks: chunkCode([1500, 1550, 1600, 3100, 3150]) }),
    attempt({ outcome: 'failed', reason: 'reset', endedAt: 1610, firstTokenAt: 1499 }),
    attempt({
      attempt: 2,
      backend: 'azure',
      cause: 'continue',
      startedAt: 1611,
      firstTokenAt: 3099,
      costUsd: 0,
    }),
  ];
  expect(rowOf(entries, 'out_tps', 'rate', 'backend=spark')).toMatchObject({ value: 3 / 60 });
  expect(rowOf(entries, 'out_tps', 'rate', 'backend=azure')).toMatchObject({ value: 2 / 60 });
});

test('a server that is silent about its cache is left out of the hit rate', () => {
  const usage = { inputTokens: 100, outputTokens: 20 };
  const entries = [
    exchange({ session: 1, usage: { ...usage, cachedInputTokens: 60 } }),
    exchange({ session: 2, usage: { ...usage, cachedInputTokens: 0 } }),
    exchange({ session: 3, usage }),
    // The response has a zero where the backend said nothing.
    exchange({ session: 4, usage: { ...usage, cachedInputTokens: 0 } }),
    attempt({ trace: traceOf(4, 1), usage }),
  ];
  expect(rowOf(entries, 'cache_hit', 'ratio')).toMatchObject({ value: 0.3, n: 2 });
  expect(rowOf([exchange({ usage })], 'cache_hit', 'ratio')).toMatchObject({
    withheld: { why: 'no-data' },
  });
});

test('what is in flight on average is what arrives times how long it stays', () => {
  expect(rowOf(sessions(20), 'little_gap', 'ratio')?.value).toBeCloseTo(0);
  const hung = [...sessions(20), exchange({ session: 99, outcome: 'hung', endedAt: 50_000 })];
  expect(rowOf(hung, 'little_gap', 'ratio')?.value).toBeGreaterThan(0.5);
});

test('few failovers have a median between their least and their greatest', () => {
  const failovers = (count: number): LogEntry[] =>
    Array.from({ length: count }, (_, at) => {
      const trace = traceOf(at + 1, 1);
      const resumedAt = 2000 + at * 10;
      return [
        exchange({
          session: at + 1,
          trace,
          backend: 'azure',
          chunks: chunkCode([1500, resumedAt]),
        }),
        attempt({ trace, outcome: 'failed', reason: 'reset', endedAt: 1601 }),
        attempt({
          trace,
          attempt: 2,
          backend: 'azure',
          cause: 'continue',
          startedAt: 1602,
          firstTokenAt: resumedAt,
          costUsd: 0,
        }),
        faultAct({ trace, at: 1600 }),
      ];
    }).flat();
  expect(rowOf([...failovers(5), faultArmed()], 'failover', 'p50')).toMatchObject({
    withheld: { why: 'too-few', n: 5, floor: 6 },
  });
  expect(rowOf([...failovers(6), faultArmed()], 'failover', 'p50')).toMatchObject({
    value: 420,
    n: 6,
    interval: [400, 450],
  });
  expect(rowOf([...failovers(6), faultArmed()], 'seamless', 'ratio')).toMatchObject({ value: 1 });
  expect(rowOf([...failovers(6), faultArmed()], 'amplification', 'ratio')).toMatchObject({
    value: 2,
    n: 6,
  });
  expect(rowOf(sessions(3), 'failover', 'p50')).toBeUndefined();
});

test('lost and repeated tokens are counted in every numbered answer', () => {
  const entries = [
    exchange({ session: 1, integrity: 'p1-20' }),
    exchange({ session: 2, integrity: 'p1-10 a13-20' }),
    exchange({ session: 3, integrity: 'p1-10 a10-20', scheduledAt: 65_000 }),
    exchange({ session: 4 }),
  ];
  expect(rowOf(entries, 'lost_tokens', 'total')).toMatchObject({ value: 2, n: 3 });
  expect(rowOf(entries, 'dup_tokens', 'total')).toMatchObject({ value: 1, n: 3 });
});

test('history is what the serving backend received of the turns that were answered', () => {
  const turn = (number: number, at: number, history: string): LogEntry[] => [
    exchange({ turn: number, scheduledAt: at, sentAt: at, endedAt: at + 1000 }),
    generation({ trace: traceOf(1, number), history }),
  ];
  const whole = [
    ...turn(1, 1000, 's1 t1'),
    // A tool result: a turn of its own without a mark.
    ...turn(2, 2500, 's1 t1'),
    ...turn(3, 13_500, 's1 t1-2'),
  ];
  expect(rowOf(whole, 'history_kept', 'ratio')).toMatchObject({ value: 1, n: 2 });
  expect(rowOf(whole, 'history_kept', 'ratio', 'gap=0-1s')).toMatchObject({ value: 1, n: 1 });
  expect(rowOf(whole, 'history_kept', 'ratio', 'gap=5-15s')).toMatchObject({ value: 1, n: 1 });
  const forgetful = [...whole, ...turn(4, 20_000, 's1 t3')];
  expect(rowOf(forgetful, 'history_kept', 'ratio')).toMatchObject({ value: 2 / 4, n: 3 });
  expect(rowOf(sessions(3), 'history_kept', 'ratio')).toBeUndefined();
});

test('a part of the load has rows of its own', () => {
  const entries = [
    ...sessions(12),
    ...sessions(12, { backend: 'azure', turn: 2, workload: 'nightly' }),
  ];
  for (const where of ['backend=azure', 'turn=2', 'workload=nightly'])
    expect(rowOf(entries, 'ttfo', 'p50', where)).toMatchObject({ n: 12 });
  expect(rowOf(entries, 'failed', 'count', 'turn=2')).toMatchObject({ value: 0, n: 12 });
});

test('an answer that two backends were tried for is held against neither', () => {
  const failedOver = [
    exchange({ session: 9, backend: 'azure' }),
    attempt({ trace: traceOf(9, 1), outcome: 'failed', reason: 'reset' }),
    attempt({ trace: traceOf(9, 1), attempt: 2, backend: 'azure', cause: 'failover', costUsd: 0 }),
  ];
  const straight = sessions(1, { backend: 'azure' });
  expect(rowOf(failedOver, 'ttfo', 'max', 'backend=azure')).toBeUndefined();
  const both = [...failedOver, ...straight];
  expect(rowOf(both, 'ttfo', 'max', 'backend=azure')).toMatchObject({ n: 1 });
  expect(rowOf(both, 'ttfo', 'max')).toMatchObject({ n: 2 });
});

test('what a foreign proxy does not tell is withheld, and its leaks are not called none', () => {
  const { backend: _, attempts: __, ...seen } = exchange({ isLocalOnly: true });
  const over = { target: 'http://127.0.0.1:8080' };
  const unknown = { withheld: { why: 'unknown-outside' } };
  expect(rowOf([seen], 'share_local', 'ratio', 'all', over)).toMatchObject(unknown);
  expect(rowOf([seen], 'leaked', 'count', 'all', over)).toMatchObject(unknown);
  expect(rowOf([seen], 'cost_actual', 'total', 'all', over)).toMatchObject(unknown);
});

test('failures are told by workload and by what the client saw', () => {
  const entries = [
    exchange({ session: 1, outcome: 'failed', status: 503, code: 'local_only_unavailable' }),
    exchange({ session: 2, outcome: 'failed', status: 503, code: 'local_only_unavailable' }),
    exchange({ session: 3, outcome: 'failed', status: 200, code: 'server_error' }),
    attempt({ trace: traceOf(3, 1), outcome: 'failed', reason: 'reset' }),
    exchange({ session: 4, outcome: 'hung', workload: 'agent' }),
    exchange({ session: 5 }),
  ];
  const base = { arm: 'main', workload: 'chat', reasons: [], n: 4 };
  expect(analyse(log(entries)).failures).toEqual([
    { ...base, code: '503 local_only_unavailable', count: 2 },
    { ...base, workload: 'agent', code: 'hung', count: 1, n: 1 },
    { ...base, code: 'server_error', reasons: ['reset'], count: 1 },
  ]);
  expect(rowOf(entries, 'failed', 'count', 'code=hung')).toMatchObject({ value: 1, n: 5 });
});

test('fail-back is from the end of the window to the first attempt served by the backend again', () => {
  const turn = (session: number, at: number, backend: 'spark' | 'azure'): LogEntry[] => [
    exchange({ session, scheduledAt: at, backend }),
    attempt({ trace: traceOf(session, 1), backend, startedAt: at, endedAt: at + 900 }),
  ];
  const window = faultArmed({ what: 'refuse', from: 1000, until: 5000 });
  const entries = [
    exchange({ session: 1, scheduledAt: 2000, outcome: 'failed' }),
    attempt({ outcome: 'failed', reason: 'refused', startedAt: 2000, endedAt: 2001 }),
    ...turn(2, 6000, 'azure'),
    attempt({ trace: 'probe', cause: 'probe', startedAt: 6500, endedAt: 6510 }),
    ...turn(3, 9000, 'spark'),
    ...turn(4, 9500, 'spark'),
    window,
  ];
  expect(analyse(log(entries)).failbacks).toEqual([
    {
      arm: 'main',
      fault: 0,
      what: 'refuse',
      backend: 'spark',
      clearedAt: 5000,
      usedAt: 9000,
      failbackMs: 4000,
      elsewhereCount: 1,
    },
  ]);
  expect(rowOf(entries, 'failback', 'max')).toMatchObject({ value: 4000, n: 1 });
  const never = entries.filter((it) => it.kind !== 'attempt' || it.startedAt < 7000);
  expect(analyse(log(never)).failbacks[0]).not.toHaveProperty('failbackMs');
  expect(rowOf(never, 'failback', 'p50')).toMatchObject({ n: 0, withheld: { why: 'no-data' } });
  // A backend that did not fail in the window was never left.
  expect(analyse(log([...turn(3, 9000, 'spark'), window])).failbacks).toEqual([]);
});

test('who met an open circuit failed over without an attempt of its own that failed', () => {
  const entries = [
    exchange({ session: 1, backend: 'azure' }),
    attempt({ trace: traceOf(1, 1), backend: 'azure', cause: 'spill', passedOver: 'breaker' }),
    exchange({ session: 2, backend: 'azure' }),
    attempt({ trace: traceOf(2, 1), outcome: 'failed', reason: 'reset' }),
    attempt({ trace: traceOf(2, 1), attempt: 2, backend: 'azure', cause: 'failover' }),
  ];
  expect(rowOf(entries, 'share_failed_over', 'ratio')).toMatchObject({ value: 1, n: 2 });
  expect(rowOf(entries, 'circuit_open', 'count')).toMatchObject({ value: 1, n: 2 });
});
