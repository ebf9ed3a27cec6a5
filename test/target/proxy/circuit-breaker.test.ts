import assert from 'node:assert/strict';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { CircuitBreaker, openMsMax } from '../../../src/target/proxy/circuit-breaker.ts';

const policy = { hardFailures: 1, softFailures: 3, openForMs: 1000 };
const hard = { evidence: 'hard' } as const;
const soft = { evidence: 'soft' } as const;

test('it opens on the soft failure that reaches the threshold', () => {
  const breaker = new CircuitBreaker(policy);
  breaker.fail(soft, 0);
  breaker.fail(soft, 1);
  expect(breaker.mayServe).toBe(true);
  breaker.fail(soft, 2);
  expect(breaker.state).toEqual({ kind: 'open', openedAt: 2, until: 1002 });
});

test('it opens on the first hard failure', () => {
  const breaker = new CircuitBreaker(policy);
  breaker.fail(hard, 5);
  expect(breaker.mayServe).toBe(false);
});

test('a success in between begins the count anew', () => {
  const breaker = new CircuitBreaker(policy);
  for (let time = 0; time < 10; time++) {
    breaker.fail(soft, time);
    breaker.fail(soft, time);
    breaker.succeed();
  }
  expect(breaker.mayServe).toBe(true);
});

test('a server that says when to come back is believed, within a minute', () => {
  const patient = new CircuitBreaker(policy);
  patient.fail({ ...soft, retryAfterMs: 6000 }, 0);
  expect(patient.probeInMs(0)).toBe(6000);
  const starved = new CircuitBreaker(policy);
  starved.fail({ ...soft, retryAfterMs: 86_400_000 }, 0);
  expect(starved.probeInMs(0)).toBe(openMsMax);
});

test('a box that stays away is asked as often as ever, so that it is used soon after its return', () => {
  const breaker = new CircuitBreaker(policy);
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
  const breaker = new CircuitBreaker(policy);
  breaker.fail(hard, 0);
  breaker.succeed();
  expect(breaker.mayServe).toBe(false);
});

test('however it is driven, an open circuit serves nobody and admits one probe at a time', () => {
  const event = fc.record({
    afterMs: fc.nat(1500),
    what: fc.constantFrom('success', 'hard', 'soft', 'probe', 'probe succeeds', 'probe fails'),
  });

  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const breaker = new CircuitBreaker(policy);
      let now = 0;
      for (const { afterMs, what } of events) {
        now += afterMs;
        const before = breaker.state;
        if (what === 'success') breaker.succeed();
        if (what === 'hard') breaker.fail(hard, now);
        if (what === 'soft') breaker.fail(soft, now);
        if (what === 'probe')
          assert.equal(breaker.admitProbe(now), before.kind === 'open' && now >= before.until);
        if (what === 'probe succeeds') breaker.probeSucceeded();
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
