import assert from 'node:assert/strict';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Random } from '../../../src/random/random.ts';
import { seeded } from '../../../src/random/random.ts';
import {
  type BreakerFailure,
  CircuitBreaker,
  lastingMs,
  openMsMax,
} from '../../../src/target/proxy/circuit-breaker.ts';

const policy = { hardFailures: 1, softFailures: 3, openForMs: 1000 };
const hard: BreakerFailure = { evidence: 'hard', isLasting: false };
const soft: BreakerFailure = { evidence: 'soft', isLasting: false };

/** Chance that never delays a probe. */
const punctual: Random = { next: () => 0, fork: () => punctual };
const breakerOf = (random: Random = punctual): CircuitBreaker => new CircuitBreaker(policy, random);

test('it opens on the soft failure that reaches the threshold', () => {
  const breaker = breakerOf();
  breaker.fail(soft, 0);
  breaker.fail(soft, 1);
  expect(breaker.mayServe).toBe(true);
  breaker.fail(soft, 2);
  expect(breaker.state).toEqual({ kind: 'open', openedAt: 2, until: 1002 });
});

test('it opens on the first hard failure', () => {
  const breaker = breakerOf();
  breaker.fail(hard, 5);
  expect(breaker.mayServe).toBe(false);
});

test('a success in between begins the count anew', () => {
  const breaker = breakerOf();
  for (let time = 0; time < 10; time++) {
    breaker.fail(soft, time);
    breaker.fail(soft, time);
    breaker.succeed();
  }
  expect(breaker.mayServe).toBe(true);
});

test('a server that says when to come back is believed, within a minute', () => {
  const patient = breakerOf();
  patient.fail({ ...soft, retryAfterMs: 6000 }, 0);
  expect(patient.probeInMs(0)).toBe(6000);
  const starved = breakerOf();
  starved.fail({ ...soft, retryAfterMs: 86_400_000 }, 0);
  expect(starved.probeInMs(0)).toBe(openMsMax);
});

test('a box that stays away is asked as often as ever, so that it is used soon after its return', () => {
  const breaker = breakerOf();
  breaker.fail(hard, 0);
  const waits = [];
  let now = 0;
  for (let probe = 0; probe < 9; probe++) {
    const wait = breaker.probeInMs(now) ?? Number.NaN;
    waits.push(wait);
    now += wait;
    assert.ok(breaker.admitProbe(now));
    breaker.probeFailed(now);
  }
  expect(waits).toEqual(Array(9).fill(1000));
});

test('a success of a request from before it opened does not close it', () => {
  const breaker = breakerOf();
  breaker.fail(hard, 0);
  breaker.succeed();
  expect(breaker.mayServe).toBe(false);
});

/** Opens it, and lets its probes be answered until users return; how long that takes. */
const returnMs = (breaker: CircuitBreaker, now: number): number => {
  breaker.fail(hard, now);
  let at = now;
  while (!breaker.mayServe) {
    at += breaker.probeInMs(at) ?? Number.NaN;
    assert.ok(breaker.admitProbe(at));
    breaker.probeSucceeded(at);
  }
  return at - now;
};

test('one that opens again soon wants two probes in a row, and is back within two periods', () => {
  const breaker = breakerOf();
  expect(returnMs(breaker, 0)).toBe(1000);
  expect(returnMs(breaker, 1500)).toBe(1500);
  expect(returnMs(breaker, 3500)).toBe(1500);
  expect(returnMs(breaker, 80_000)).toBe(1000);
});

test('of the two, the second may fail, and then both are wanted again', () => {
  const breaker = breakerOf();
  returnMs(breaker, 0);
  breaker.fail(hard, 2000);
  assert.ok(breaker.admitProbe(3000));
  breaker.probeSucceeded(3000);
  expect(breaker.mayServe).toBe(false);
  assert.ok(breaker.admitProbe(3500));
  breaker.probeFailed(3500);
  assert.ok(breaker.admitProbe(4500));
  breaker.probeSucceeded(4500);
  expect(breaker.mayServe).toBe(false);
});

test('what people must mend is looked at every five minutes', () => {
  const breaker = breakerOf();
  breaker.fail({ evidence: 'hard', isLasting: true }, 0);
  expect(breaker.probeInMs(0)).toBe(lastingMs);
  assert.ok(breaker.admitProbe(lastingMs));
  breaker.probeFailed(lastingMs);
  expect(breaker.probeInMs(lastingMs)).toBe(lastingMs);
});

test('whom nobody else can serve has it probed before its time, once a second at most', () => {
  const breaker = breakerOf();
  breaker.fail(hard, 0);
  expect(breaker.admitEarlyProbe(999)).toBe(false);
  expect(breaker.admitEarlyProbe(1000)).toBe(true);
  expect(breaker.admitEarlyProbe(1000)).toBe(false);
  breaker.probeFailed(1001);
  expect(breaker.admitEarlyProbe(1500)).toBe(false);
});

test('a server that asked to be left alone is, whoever waits', () => {
  const breaker = breakerOf();
  breaker.fail({ ...soft, retryAfterMs: 20_000 }, 0);
  expect(breaker.admitEarlyProbe(19_999)).toBe(false);
});

test('probes are spread over a tenth of their time, never before it', () => {
  const random = seeded('spread');
  const waits = Array.from({ length: 200 }, (_, at) => {
    const breaker = breakerOf(random.fork(String(at)));
    breaker.fail(hard, 0);
    return breaker.probeInMs(0) ?? Number.NaN;
  });
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(1000);
  expect(Math.max(...waits)).toBeLessThanOrEqual(1100);
  expect(new Set(waits).size).toBeGreaterThan(150);
});

test('however it is driven, an open circuit serves nobody and admits one probe at a time', () => {
  const event = fc.record({
    afterMs: fc.nat(1500),
    what: fc.constantFrom('success', 'hard', 'soft', 'probe', 'probe succeeds', 'probe fails'),
  });

  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const breaker = breakerOf();
      let now = 0;
      for (const { afterMs, what } of events) {
        now += afterMs;
        const before = breaker.state;
        if (what === 'success') breaker.succeed();
        if (what === 'hard') breaker.fail(hard, now);
        if (what === 'soft') breaker.fail(soft, now);
        if (what === 'probe')
          assert.equal(breaker.admitProbe(now), before.kind === 'open' && now >= before.until);
        if (what === 'probe succeeds') breaker.probeSucceeded(now);
        if (what === 'probe fails') breaker.probeFailed(now);
        const after = breaker.state;
        assert.equal(breaker.mayServe, after.kind === 'closed');
        // Only a probe that was admitted and answered closes it.
        if (before.kind !== 'closed' && after.kind === 'closed')
          assert.deepEqual([before.kind, what], ['half-open', 'probe succeeds']);
        if (after.kind === 'open') assert.ok(after.until - after.openedAt <= openMsMax);
      }
    }),
  );
});
