import assert from 'node:assert/strict';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { BackendQuota } from '../../../src/target/proxy/backend-quota.ts';
import { RateWindow } from '../../../src/target/proxy/rate-window.ts';

const events = fc.array(
  fc.record({ afterMs: fc.nat(30_000), amount: fc.integer({ min: 1, max: 12 }) }),
  { maxLength: 60 },
);

test('whatever is let in, no span of a minute holds more than the limit', () => {
  fc.assert(
    fc.property(events, fc.integer({ min: 1, max: 30 }), (asked, limit) => {
      const window = new RateWindow(limit, 60_000);
      const charged: { readonly at: number; readonly amount: number }[] = [];
      let now = 0;
      for (const { afterMs, amount } of asked) {
        now += afterMs;
        if (window.waitMs(amount, now) > 0) continue;
        window.charge(amount, now);
        charged.push({ at: now, amount });
      }
      for (const { at: from } of charged) {
        const inSpan = charged.filter(({ at }) => at >= from && at < from + 60_000);
        assert.ok(inSpan.reduce((sum, { amount }) => sum + amount, 0) <= limit);
      }
    }),
  );
});

test('what is told to wait fits when it has waited, and never waits much longer than it must', () => {
  fc.assert(
    fc.property(events, fc.integer({ min: 12, max: 30 }), (asked, limit) => {
      const window = new RateWindow(limit, 60_000);
      let now = 0;
      for (const { afterMs, amount } of asked) {
        now += afterMs;
        const waitMs = window.waitMs(amount, now);
        assert.ok(waitMs <= 60_000);
        now += waitMs;
        assert.equal(window.waitMs(amount, now), 0);
        window.charge(amount, now);
      }
    }),
  );
});

test('what is larger than the limit never fits, and an empty window says so at once', () => {
  const window = new RateWindow(10, 60_000);
  expect(window.waitMs(11, 0)).toBe(Number.POSITIVE_INFINITY);
  expect(window.waitMs(10, 0)).toBe(0);
  expect(window.resetMs(0)).toBe(0);
});

test('an estimate is replaced by what it came to, as long as it counts', () => {
  const window = new RateWindow(100, 60_000);
  const charge = window.charge(90, 0);
  expect(window.left(0)).toBe(10);
  window.correct(charge, 30);
  expect(window.left(1)).toBe(70);
  window.correct(charge, 130);
  expect(window.left(1)).toBe(0);
  expect(window.left(60_000)).toBe(100);
  window.correct(charge, 50);
  expect(window.left(60_000)).toBe(100);
});

test('who is not Azure takes the requests of a minute as they come', () => {
  const quota = new BackendQuota({ wire: 'openai', requestsPerMinute: 3 });
  for (let request = 0; request < 3; request++) quota.charge(0, request);
  expect(quota.waitMs(0, 1000)).toBe(59_002);
  expect(quota.waitMs(0, 60_002)).toBe(0);
});

test('an Azure of 600 requests a minute refuses the 11th in a second', () => {
  const quota = new BackendQuota({ wire: 'azure-openai', requestsPerMinute: 600 });
  for (let request = 0; request < 10; request++) {
    expect(quota.waitMs(0, 500)).toBe(0);
    quota.charge(0, 500);
  }
  expect(quota.waitMs(0, 700)).toBe(800);
  expect(quota.waitMs(0, 1500)).toBe(0);
});

test('a backend is charged the prompt and the limit of the answer, and is not paid back', () => {
  const quota = new BackendQuota({ wire: 'openai', tokensPerMinute: 1000 });
  quota.charge(900, 0);
  expect(quota.waitMs(100, 1000)).toBe(0);
  expect(quota.waitMs(101, 1000)).toBe(59_000);
  expect(quota.waitMs(1001, 1000)).toBe(Number.POSITIVE_INFINITY);
});
