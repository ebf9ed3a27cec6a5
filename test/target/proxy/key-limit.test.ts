import assert from 'node:assert/strict';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { KeyLimit } from '../../../src/target/proxy/key-limit.ts';

test('whatever a key asks, it keeps to its requests, its tokens and its places', () => {
  const step = fc.record({
    afterMs: fc.nat(10_000),
    tokens: fc.integer({ min: 1, max: 400 }),
    used: fc.integer({ min: 0, max: 400 }),
    leaves: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const rules = { requestsPerMinute: 10, tokensPerMinute: 1000, concurrentRequests: 3 };
      const limit = new KeyLimit(rules);
      const enteredAt: number[] = [];
      const reserved: { readonly at: number; readonly tokens: number }[] = [];
      let running = 0;
      let now = 0;
      for (const { afterMs, tokens, used, leaves } of steps) {
        now += afterMs;
        const refusal = limit.enter(now);
        if (refusal) {
          assert.ok(refusal.kind !== 'concurrent' || running === rules.concurrentRequests);
        } else {
          running++;
          enteredAt.push(now);
          const charge = limit.reserve(tokens, now);
          assert.ok(charge);
          if (!('kind' in charge)) {
            reserved.push({ at: now, tokens: Math.min(tokens, used) });
            // What it came to is never more than was set aside here.
            limit.settle(charge, Math.min(tokens, used));
          }
        }
        if (running > 0 && (leaves || refusal?.kind === 'concurrent')) {
          limit.leave();
          running--;
        }
        assert.ok(running <= rules.concurrentRequests);
      }
      for (const from of enteredAt)
        assert.ok(enteredAt.filter((at) => at >= from && at < from + 60_000).length <= 10);
      for (const { at: from } of reserved) {
        const inSpan = reserved.filter(({ at }) => at >= from && at < from + 60_000);
        assert.ok(inSpan.reduce((sum, { tokens }) => sum + tokens, 0) <= 1000);
      }
    }),
  );
});

test('what is left is told as OpenAI tells it', () => {
  const limit = new KeyLimit({ requestsPerMinute: 60, tokensPerMinute: 1000 });
  expect(limit.headers(0)).toEqual({
    'x-ratelimit-limit-requests': '60',
    'x-ratelimit-remaining-requests': '60',
    'x-ratelimit-reset-requests': '0ms',
    'x-ratelimit-limit-tokens': '1000',
    'x-ratelimit-remaining-tokens': '1000',
    'x-ratelimit-reset-tokens': '0ms',
  });
  limit.enter(0);
  limit.reserve(300, 0);
  const reset = (now: number) => limit.headers(now)['x-ratelimit-reset-tokens'];
  expect(limit.headers(0)).toMatchObject({
    'x-ratelimit-remaining-requests': '59',
    'x-ratelimit-remaining-tokens': '700',
  });
  expect([0, 51_360, 59_880].map(reset)).toEqual(['1m0s', '8.64s', '120ms']);
});

test('a key without limits has nothing to tell and is never refused', () => {
  const limit = new KeyLimit({});
  for (let request = 0; request < 1000; request++) expect(limit.enter(0)).toBeUndefined();
  expect(limit.reserve(1e9, 0)).toBeUndefined();
  expect(limit.headers(0)).toEqual({});
  expect(limit.budget(0)).toBe('none');
});

test('a budget is spent, and is there again with the month', () => {
  const limit = new KeyLimit({ monthlyBudgetUsd: 1 });
  const november = Date.UTC(2026, 10, 30, 23, 59);
  expect(limit.budget(november)).toBe('left');
  limit.spend(0.6, november);
  expect(limit.budget(november)).toBe('left');
  limit.spend(0.6, november);
  expect(limit.budget(november)).toBe('spent');
  expect(limit.budget(november + 60_000)).toBe('left');
  limit.spend(0.1, november + 60_000);
  expect(limit.budget(november + 60_000)).toBe('left');
  // A clock that leapt ahead and was mended has brought nobody money.
  expect(limit.budget(november)).toBe('spent');
});
