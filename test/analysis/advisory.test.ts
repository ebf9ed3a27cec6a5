import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import type { Advisory } from '../../src/analysis/analysis.ts';
import type { LogEntry, Manifest } from '../../src/log/entry.ts';
import {
  attempt,
  chunkCode,
  exchange,
  faultAct,
  faultArmed,
  log,
  manifest,
  traceOf,
} from '../kit/log.ts';

const remarksOf = (entries: readonly LogEntry[], over: Partial<Manifest> = {}): Advisory[] => [
  ...analyse(log(entries, over)).advisories,
];

/** Turns over the steady phase of 60 s, each as late with its text as `ttfoMs` says. */
const spread = (count: number, ttfoMs: (at: number) => number): LogEntry[] =>
  Array.from({ length: count }, (_, at) => {
    const scheduledAt = (60_000 * at) / count;
    return exchange({
      session: at + 1,
      scheduledAt,
      sentAt: scheduledAt,
      firstTextAt: scheduledAt + ttfoMs(at),
    });
  });

test('figures below their floor are counted, and a quiet run says nothing else', () => {
  const [remark, ...others] = remarksOf(spread(20, () => 500));
  expect(remark).toMatchObject({ kind: 'figures-withheld' });
  expect(others).toEqual([]);
});

test('a harness late by more than a hundredth of the first text is told', () => {
  const late = exchange({ scheduledAt: 1000, sentAt: 1006, firstTextAt: 1506 });
  expect(remarksOf([late])).toContainEqual({
    kind: 'harness-late',
    arm: 'main',
    lateMs: 6,
    isPercentile: false,
    sentCount: 1,
    lateCount: 0,
    medianTtfoMs: 500,
  });
});

test('a second half that is slower for certain is a drift, unless a fault made it so', () => {
  const slower = spread(40, (at) => (at < 20 ? 500 : 700) + (at % 5));
  const drift = { kind: 'drift', arm: 'main', firstHalfMs: 502, secondHalfMs: 702 };
  expect(remarksOf(slower)).toContainEqual(drift);
  expect(remarksOf([...slower, faultArmed(), faultAct()])).not.toContainEqual(drift);
  const kinds = remarksOf(spread(40, (at) => 500 + (at % 7) * 100)).map(({ kind }) => kind);
  expect(kinds).not.toContain('drift');
});

test('leaks and dropped arrivals are counted', () => {
  const remarks = remarksOf([
    exchange({ isLocalOnly: true }),
    attempt({ backend: 'azure', costUsd: 0 }),
    exchange({ session: 2, outcome: 'dropped' }),
  ]);
  expect(remarks).toContainEqual({ kind: 'leaked', arm: 'main', count: 1 });
  expect(remarks).toContainEqual({ kind: 'arrivals-dropped', arm: 'main', count: 1 });
});

test('failures of one backend alone are named, where no fault explains them', () => {
  const failing = [1, 2].flatMap((session) => [
    exchange({ session, outcome: 'failed' }),
    attempt({ trace: traceOf(session, 1), outcome: 'failed', reason: 'status' }),
  ]);
  const entries = [...failing, attempt({ trace: traceOf(3, 1), backend: 'azure', costUsd: 0 })];
  const remark = { kind: 'one-backend-failures', backend: 'spark', count: 2 };
  expect(remarksOf(entries)).toContainEqual(remark);
  expect(remarksOf([...entries, faultArmed()])).not.toContainEqual(remark);
});

test('what the manifest says of profiles, prices and think time is passed on', () => {
  const [spark, azure] = manifest().backends;
  const price = { backend: 'azure', model: 'm', input: 1, output: 1, source: 'list' };
  const remarks = remarksOf([exchange()], {
    thinkScale: 0.1,
    backends: [
      ...(spark ? [{ ...spark, profileBasis: 'derived' }] : []),
      ...(azure ? [azure] : []),
    ],
    prices: [
      { ...price, asOf: '2026-10-15' },
      { ...price, asOf: '2026-05-01' },
    ],
  });
  expect(remarks).toContainEqual({
    kind: 'extrapolated-profile',
    backend: 'spark',
    basis: 'derived',
  });
  expect(remarks).toContainEqual({ kind: 'price-old', asOf: '2026-05-01' });
  expect(remarks).toContainEqual({ kind: 'think-scaled', scale: 0.1 });
});

test('an answer that our own fault held back is not held against the backend', () => {
  const burst = exchange({
    firstTokenAt: 4000,
    firstTextAt: 4000,
    lastTextAt: 4001,
    chunks: chunkCode(Array.from({ length: 20 }, (_, at) => 4000 + at * 0.05)),
  });
  const remark = { kind: 'buffered', answers: [{ backend: 'spark', count: 1 }] };
  expect(remarksOf([burst, attempt()])).toContainEqual(remark);
  const delayed = faultAct({ what: 'delay', at: 1006 });
  expect(remarksOf([burst, attempt(), delayed])).not.toContainEqual(remark);
});

test('real backends at home and away count tokens differently', () => {
  const backends = manifest().backends.map((it) => Object.assign({}, it, { isSimulated: false }));
  const entries = [exchange(), exchange({ session: 2, backend: 'azure' })];
  const remark = { kind: 'tokenizer-differs', backends: ['spark', 'azure'] };
  expect(remarksOf(entries, { backends })).toContainEqual(remark);
  expect(remarksOf(entries)).not.toContainEqual(remark);
});
