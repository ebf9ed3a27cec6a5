import { expect, test } from 'vitest';

import type { FailoverRow } from '../../src/analysis/analysis.ts';
import { armLogs } from '../../src/analysis/arm.ts';
import { failoversOf } from '../../src/analysis/failover.ts';
import type { Attempt, Exchange, LogEntry } from '../../src/log/entry.ts';
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

const rowsOf = (...entries: LogEntry[]): FailoverRow[] =>
  armLogs(log(entries)).flatMap(failoversOf);

/** The Spark died at 1610 ms, after 11 tokens of which 10 were shown. */
const dead: Attempt = attempt({
  outcome: 'failed',
  reason: 'reset',
  endedAt: 1612,
  tokensReceived: 11,
  tokensForwarded: 10,
});

/** Azure went on from 3100 ms. */
const fallback: Attempt = attempt({
  attempt: 2,
  backend: 'azure',
  cause: 'continue',
  startedAt: 1613,
  firstTokenAt: 3099,
  endedAt: 3152,
});

const continued = (over: Partial<Exchange> = {}): Exchange =>
  exchange({
    integrity: 'p1-10 a11-20',
    backend: 'azure',
    // The last token of the Spark reaches the client after the next attempt was sent.
    chunks: chunkCode([1500, 1550, 1613.5, 3100, 3150]),
    lastTokenAt: 3150,
    lastTextAt: 3150,
    endedAt: 3155,
    attempts: 2,
    ...over,
  });

test('a continued answer is told with its parts, which add up', () => {
  const rows = rowsOf(
    continued(),
    dead,
    fallback,
    faultArmed(),
    faultAct({ at: 1610 }),
    generation({ outputTokens: 14 }),
  );
  expect(rows).toEqual([
    {
      arm: 'main',
      trace: traceOf(1, 1),
      workload: 'chat',
      session: 1,
      turn: 1,
      fault: 0,
      what: 'reset',
      from: 'spark',
      to: 'azure',
      outcome: 'continued',
      reason: 'reset',
      isMidStream: true,
      isSilent: false,
      faultAt: 1610,
      declaredAt: 1612,
      switchedAt: 1613,
      resumedAt: 3100,
      lastGoodAt: 1613.5,
      detectMs: 2,
      decideMs: 1,
      refillMs: 1487,
      failoverMs: 1490,
      visibleGapMs: 1486.5,
      tokensLost: 0,
      tokensRepeated: 0,
      tokensDiscarded: 4,
      attempts: 2,
    },
  ]);
});

test('before any text the reader sees one answer, and its first token is late', () => {
  const [row] = rowsOf(
    exchange({
      backend: 'azure',
      firstTokenAt: 2400,
      firstTextAt: 2400,
      chunks: chunkCode([2400, 2450]),
      integrity: 'a1-2',
    }),
    attempt({
      outcome: 'failed',
      reason: 'first-token-deadline',
      endedAt: 2000,
      tokensReceived: 0,
      tokensForwarded: 0,
    }),
    attempt({
      attempt: 2,
      backend: 'azure',
      cause: 'failover',
      startedAt: 2000,
      firstTokenAt: 2399,
    }),
    faultArmed({ what: 'silent', from: 1200 }),
    faultAct({ what: 'silent', at: 1005 }),
  );
  expect(row).toMatchObject({
    outcome: 'transparent',
    isMidStream: false,
    isSilent: true,
    // The fault counts from its arming where it acted on what was open before.
    faultAt: 1200,
    detectMs: 800,
    decideMs: 0,
    refillMs: 400,
    failoverTtftMs: 1399,
    visibleGapMs: 1200,
    tokensDiscarded: 0,
  });
  expect(row).not.toHaveProperty('lastGoodAt');
});

test('an answer with a hole, a repetition or a disorder was not continued', () => {
  const outcomeOf = (integrity: string): string | undefined =>
    rowsOf(continued({ integrity }), dead, fallback, faultAct({ at: 1610 }))[0]?.outcome;
  expect(outcomeOf('p1-10 a11-20')).toBe('continued');
  expect(outcomeOf('p1-10 a9-20')).toBe('repeated');
  expect(outcomeOf('p1-10 a12-20')).toBe('mixed');
  // One writer, and a piece left out.
  expect(outcomeOf('p1-8 p10-20')).toBe('truncated');
  expect(outcomeOf('p1-10 a12-20 p11')).toBe('mixed');
});

test('a try that a fault answered is not the one that arrived later', () => {
  const { backend: _, attempts: __, ...rest } = exchange({ sentAt: 1100, endedAt: 2900 });
  const arrived = generation({ receivedAt: 1700, endedAt: 2800 });
  const attemptsAt = (at: number) => rowsOf(rest, faultAct({ at }), arrived)[0]?.attempts;
  expect(attemptsAt(1200)).toBe(2);
  expect(attemptsAt(1695)).toBe(1);
  expect(attemptsAt(2000)).toBe(1);
});

test('an answer that is called whole and has said nothing was cut short', () => {
  const { firstTokenAt: _, integrity: __, ...rest } = continued({ textChars: 0, chunks: '' });
  expect(rowsOf(rest, faultAct({ at: 1610 }))).toMatchObject([{ outcome: 'truncated' }]);
});

test('how the exchange ended comes before everything else', () => {
  for (const [outcome, expected] of [
    ['failed', 'error'],
    ['truncated', 'truncated'],
    ['hung', 'hung'],
  ] as const)
    expect(rowsOf(continued({ outcome }), dead, faultAct({ at: 1610 }))[0]).toMatchObject({
      outcome: expected,
      detectMs: 2,
    });
  expect(rowsOf(continued({ outcome: 'cancelled' }), dead, faultAct({ at: 1610 }))).toEqual([]);
});

test('a failover that no deadline asked for was misrouted', () => {
  const slow = faultAct({ at: 1610, what: 'slow' });
  const outcomeOf = (reason: Attempt['reason'] & string): string | undefined =>
    rowsOf(continued(), { ...dead, reason }, fallback, slow)[0]?.outcome;
  expect(outcomeOf('stall-deadline')).toBe('continued');
  expect(outcomeOf('unreachable')).toBe('continued');
  expect(outcomeOf('garbled')).toBe('misrouted');
});

test('a fault that the same attempt survived left it unaffected', () => {
  expect(rowsOf(exchange(), attempt(), faultAct({ what: 'stall' }))).toMatchObject([
    { outcome: 'unaffected', attempts: 1 },
  ]);
});

test('a reader who stood still waited the fault out, for as long as the longest gap after it', () => {
  const stalled = exchange({ chunks: chunkCode([1500, 1550, 1601, 3600, 3650]) });
  expect(rowsOf(stalled, attempt(), faultAct({ what: 'stall', at: 1600 }))).toMatchObject([
    { outcome: 'waited', visibleGapMs: 1999, resumedAt: 3600 },
  ]);
  // Split frames make nobody wait, however slow the answer.
  expect(rowsOf(stalled, attempt(), faultAct({ what: 'slice', at: 1600 }))).toMatchObject([
    { outcome: 'unaffected' },
  ]);
  const before = exchange({ chunks: chunkCode([4100, 4150]), firstTokenAt: 4100 });
  expect(rowsOf(before, attempt(), faultAct({ what: 'delay', at: 1006 }))).toMatchObject([
    { outcome: 'waited', visibleGapMs: 3094 },
  ]);
});

test('an answer that ended in an error tells how long the reader stood still, and why', () => {
  const refused: Attempt = {
    ...fallback,
    outcome: 'failed',
    reason: 'bad-seam',
    tokensForwarded: 0,
    endedAt: 15_000,
  };
  const failed = continued({ outcome: 'failed', endedAt: 15_002, chunks: chunkCode([1500, 1550]) });
  const [row] = rowsOf(failed, dead, refused, faultAct({ at: 1610 }));
  expect(row).toMatchObject({ outcome: 'error', reason: 'bad-seam', errorAfterMs: 13_392 });
  expect(rowsOf(continued(), dead, fallback, faultAct({ at: 1610 }))[0]).not.toHaveProperty(
    'errorAfterMs',
  );
});

test('an exchange that the fault did not touch has no row', () => {
  const spilled = attempt({ backend: 'azure', cause: 'spill', passedOver: 'queue' });
  const elsewhere = faultAct({ trace: traceOf(2, 1) });
  expect(rowsOf(exchange(), spilled, faultArmed(), elsewhere)).toEqual([]);
});

test('a refused connection is known by the attempt that failed within the window', () => {
  const refused = attempt({
    outcome: 'failed',
    reason: 'refused',
    startedAt: 1005,
    endedAt: 1006,
    tokensReceived: 0,
    tokensForwarded: 0,
  });
  const next = attempt({
    attempt: 2,
    backend: 'azure',
    cause: 'failover',
    startedAt: 1007,
    firstTokenAt: 1499,
  });
  const closed = faultArmed({ what: 'refuse', from: 500, until: 2000 });
  const { trace: _, ...portAct } = faultAct({ what: 'refuse', at: 500 });
  expect(rowsOf(exchange({ backend: 'azure' }), refused, next, closed, portAct)).toMatchObject([
    { outcome: 'transparent', faultAt: 1005, detectMs: 1, decideMs: 1, refillMs: 493 },
  ]);
  const later = faultArmed({ what: 'refuse', from: 3000, until: 4000 });
  expect(rowsOf(exchange({ backend: 'azure' }), refused, next, later)).toEqual([]);
});

test('without a trace the port of the connection tells whose act it was', () => {
  const { trace: _, ...act } = faultAct({ at: 1610, remotePort: 40_001 });
  const onPort = { ...dead, localPort: 40_001 };
  expect(rowsOf(continued(), onPort, fallback, act)).toMatchObject([{ outcome: 'continued' }]);
  expect(rowsOf(continued(), { ...dead, localPort: 40_002 }, fallback, act)).toEqual([]);
});

test('what a foreign proxy does not tell is unknown, and not guessed', () => {
  const foreign = (over: Partial<Exchange>): FailoverRow[] => {
    const { backend: _, attempts: __, ...rest } = continued(over);
    return rowsOf(rest, faultAct({ at: 1610 }));
  };
  const [row] = foreign({});
  expect(row).toMatchObject({ outcome: 'continued' });
  for (const part of [
    'attempts',
    'declaredAt',
    'switchedAt',
    'resumedAt',
    'detectMs',
    'failoverMs',
    'to',
  ])
    expect(row).not.toHaveProperty(part);
  expect(foreign({ integrity: 'p1-20' })).toMatchObject([{ outcome: 'unaffected' }]);
});

test('a trial of a foreign proxy whose primary could not be reached met that fault', () => {
  const {
    backend: _,
    attempts: __,
    ...rest
  } = exchange({
    integrity: 'a1-20',
    sentAt: 1100,
    endedAt: 2900,
    trial: { trial: 1, row: 0, role: 'faulted' },
  });
  const refused = faultArmed({ what: 'refuse', from: 1000, until: 3000 });
  const served = generation({ backend: 'azure', receivedAt: 2200, firstTokenAt: 2300 });
  const [row] = rowsOf(rest, refused, served);
  expect(row).toMatchObject({ what: 'refuse', faultAt: 1100, switchedAt: 2200, to: 'azure' });
  expect(row).not.toHaveProperty('attempts');
  // Not where it lasted for a part of the exchange, nor where the primary was asked meanwhile.
  expect(rowsOf(rest, { ...refused, until: 2000 }, served)).toEqual([]);
  expect(rowsOf(rest, refused, generation({ backend: 'spark', receivedAt: 1200 }))).toEqual([]);
});

test('a fault that acts twice on an exchange makes one row, two faults make two', () => {
  const second = faultAct({ at: 1700 });
  expect(rowsOf(continued(), dead, fallback, faultAct({ at: 1610 }), second)).toHaveLength(1);
  const other = faultAct({ at: 1620, fault: 1, backend: 'azure', what: 'stall' });
  expect(rowsOf(continued(), dead, fallback, faultAct({ at: 1610 }), other)).toHaveLength(2);
});
