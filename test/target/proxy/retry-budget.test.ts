import fc from 'fast-check';
import { expect, test } from 'vitest';

import { RetryBudget } from '../../../src/target/proxy/retry-budget.ts';

test('second attempts that are served cost nothing, however many there are', () => {
  const budget = new RetryBudget();
  for (let request = 0; request < 1000; request++) {
    budget.begin(request);
    expect(budget.mayRetry(request)).toBe(true);
    budget.begin(request);
  }
});

test('where they are in vain, a few are allowed at any rate, and a fifth at a high one', () => {
  const budget = new RetryBudget();
  let allowed = 0;
  for (let request = 0; request < 1000; request++) {
    const now = request;
    budget.begin(now);
    if (!budget.mayRetry(now)) continue;
    allowed++;
    budget.begin(now);
    budget.failAgain(now);
  }
  // Of 1000 + r attempts a fifth are second ones: r = 250.
  expect(allowed).toBe(250);
  expect(budget.standing(999)).toMatchObject({ vain: 250, withheld: 750 });
});

test('what was in vain is forgotten after ten seconds', () => {
  const budget = new RetryBudget();
  for (let time = 0; time < 10; time++) {
    budget.begin(0);
    budget.failAgain(0);
  }
  expect(budget.mayRetry(9999)).toBe(false);
  expect(budget.mayRetry(10_001)).toBe(true);
});

test('at any rate and any mixture, attempts in vain stay within a fifth of the latest, or ten', () => {
  const step = fc.record({ afterMs: fc.nat(400), helps: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 400 }), (steps) => {
      const budget = new RetryBudget();
      let now = 0;
      for (const { afterMs, helps } of steps) {
        now += afterMs;
        budget.begin(now);
        const before = budget.standing(now);
        if (!budget.mayRetry(now)) continue;
        expect(before.vain).toBeLessThan(Math.max(10, 0.2 * before.attempts));
        budget.begin(now);
        if (!helps) budget.failAgain(now);
      }
    }),
  );
});
