import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  firstTokenDeadlineMs,
  type FirstTokenFacts,
} from '../../../src/target/proxy/first-token-deadline.ts';
import { PrefillRate } from '../../../src/target/proxy/prefill-rate.ts';

const facts = (more: Partial<FirstTokenFacts> = {}): FirstTokenFacts => ({
  baseMs: 5000,
  maxMs: 120_000,
  promptTokens: 200,
  aheadTokens: 0,
  tokensPerSecond: 2000,
  ...more,
});

test('a short prompt has the time that the file says, to the millisecond', () => {
  expect(firstTokenDeadlineMs(facts())).toBe(5000);
});

test('a long prompt on a slow box has the time to be read', () => {
  const readMs = (30_000 / 500) * 1000;
  const deadlineMs = firstTokenDeadlineMs(facts({ promptTokens: 30_000, tokensPerSecond: 500 }));
  expect(deadlineMs).toBe(1.5 * readMs);
});

test('so has a short prompt behind long ones', () => {
  expect(firstTokenDeadlineMs(facts({ aheadTokens: 20_000 }))).toBe(15_150);
});

test('it is never shorter than the base or longer than the maximum, and grows with the prompt', () => {
  const tokens = fc.nat(2_000_000);
  const rate = fc.double({ min: 1, max: 100_000, noNaN: true });
  fc.assert(
    fc.property(tokens, tokens, tokens, rate, (promptTokens, more, aheadTokens, rated) => {
      const at = (prompt: number): number =>
        firstTokenDeadlineMs(facts({ promptTokens: prompt, aheadTokens, tokensPerSecond: rated }));
      const deadlineMs = at(promptTokens);
      expect(deadlineMs).toBeGreaterThanOrEqual(5000);
      expect(deadlineMs).toBeLessThanOrEqual(120_000);
      expect(at(promptTokens + more)).toBeGreaterThanOrEqual(deadlineMs);
    }),
  );
});

test('a base above the maximum is kept: it was asked for', () => {
  expect(firstTokenDeadlineMs(facts({ baseMs: 600_000 }))).toBe(600_000);
});

test('a rate is learnt from five long prompts, and from no short one', () => {
  const rate = new PrefillRate();
  for (let sample = 0; sample < 4; sample++) rate.learn(2000, 1000);
  for (let sample = 0; sample < 40; sample++) rate.learn(100, 5000);
  expect(rate.tokensPerSecond).toBeUndefined();
  rate.learn(2000, 1000);
  expect(rate.tokensPerSecond).toBe(2000);
});

test('prompts that were in the cache do not make it forget how long one takes that is not', () => {
  const rate = new PrefillRate();
  for (let turn = 0; turn < 60; turn++)
    if (turn % 5 === 0) rate.learn(8000, 10_000);
    else rate.learn(8000, 80);
  expect(rate.tokensPerSecond).toBe(800);
});

test('however it is mixed, the rate is one that was seen, and nine in ten were as fast', () => {
  const sample = fc.record({
    promptTokens: fc.integer({ min: 512, max: 100_000 }),
    firstTokenMs: fc.integer({ min: 1, max: 100_000 }),
  });
  fc.assert(
    fc.property(fc.array(sample, { minLength: 5, maxLength: 50 }), (samples) => {
      const rate = new PrefillRate();
      for (const { promptTokens, firstTokenMs } of samples) rate.learn(promptTokens, firstTokenMs);
      const learnt = rate.tokensPerSecond ?? Number.NaN;
      const seen = samples.map((it) => (it.promptTokens * 1000) / it.firstTokenMs);
      expect(seen).toContain(learnt);
      expect(seen.filter((it) => it >= learnt).length).toBeGreaterThanOrEqual(0.9 * seen.length);
    }),
  );
});
