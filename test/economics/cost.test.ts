import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { cacheableTokens, costUsd, counterfactualUsd } from '../../src/economics/cost.ts';
import { type Price, priceOf } from '../../src/economics/price-table.ts';

const azure = (model: string): Price => {
  const price = priceOf({ model, provider: 'azure' });
  if (!price) throw new Error(`no price of ${model}`);
  return price;
};

/** USD per 1000 requests, to the cent. */
const perThousand = (model: string, input: number, cached: number, output: number): number => {
  const usage = { inputTokens: input, cachedInputTokens: cached, outputTokens: output };
  return Math.round(costUsd(azure(model), usage) * 1e5) / 100;
};

describe('the cost of an answer', () => {
  // RAGPulse's mean request: 2944 tokens in, 283 out.
  it.each([
    ['gpt-oss-120b', 0.61, 0.61],
    ['gpt-5-nano', 0.26, 0.21],
    ['gpt-5-mini', 1.3, 1.04],
    ['gpt-5.4-mini', 3.48, 2.69],
    ['o4-mini', 4.48, 3.51],
    ['gpt-4.1', 8.15, 6.39],
    ['gpt-5', 6.51, 5.19],
  ])('of RAG chat on %s is %d USD per 1000, %d with 40 percent cached', (model, plain, cached) => {
    expect(perThousand(model, 2944, 0, 283)).toBeCloseTo(plain, 2);
    expect(perThousand(model, 2944, 0.4 * 2944, 283)).toBeCloseTo(cached, 2);
  });

  // Means of the Azure conversation trace of 2023 and of Mooncake's conversations.
  it.each([
    ['gpt-oss-120b', 0.3, 2.01],
    ['gpt-5-mini', 0.71, 3.69],
    ['o4-mini', 2.2, 14.75],
    ['gpt-4.1', 4, 26.81],
  ])('on %s is %d USD per 1000 short chats and %d per 1000 long ones', (model, short, long) => {
    expect(perThousand(model, 1155, 0, 211)).toBeCloseTo(short, 2);
    expect(perThousand(model, 12_035, 0, 343)).toBeCloseTo(long, 2);
  });

  it('counts reasoning as the output it is part of', () => {
    const usage = { inputTokens: 100, outputTokens: 500 };
    const price = azure('gpt-5');
    expect(costUsd(price, { ...usage, reasoningTokens: 320 })).toBe(costUsd(price, usage));
  });
});

const tokens = fc.nat(1_000_000);
const amount = fc.double({ min: 0.001, max: 100, noNaN: true });
const price = fc.oneof(
  fc.record({ input: amount, output: amount }),
  fc.record({ input: amount, output: amount, cachedInput: fc.constant(0.001) }),
);
const usage = fc
  .record({ fresh: tokens, cached: tokens, output: tokens })
  .map(({ fresh, cached, output }) => ({
    inputTokens: fresh + cached,
    cachedInputTokens: cached,
    outputTokens: output,
  }));

describe('whatever the price', () => {
  it('cost is never negative, and caching never makes it dearer', () => {
    fc.assert(
      fc.property(price, usage, (price, usage) => {
        const cost = costUsd(price, usage);
        expect(cost).toBeGreaterThanOrEqual(0);
        const { cachedInputTokens: _, ...uncached } = usage;
        expect(cost).toBeLessThanOrEqual(costUsd(price, uncached) * (1 + 1e-12));
      }),
    );
  });

  it('two answers cost what they cost one by one', () => {
    fc.assert(
      fc.property(price, usage, usage, (price, one, other) => {
        const both = {
          inputTokens: one.inputTokens + other.inputTokens,
          cachedInputTokens: one.cachedInputTokens + other.cachedInputTokens,
          outputTokens: one.outputTokens + other.outputTokens,
        };
        const sum = costUsd(price, one) + costUsd(price, other);
        expect(Math.abs(costUsd(price, both) - sum)).toBeLessThanOrEqual(1e-9 * (1 + sum));
      }),
    );
  });

  it('a counterfactual is a range whose upper end assumes no cache', () => {
    fc.assert(
      fc.property(price, usage, tokens, (price, usage, prefixTokens) => {
        const [low, high] = counterfactualUsd(price, { ...usage, prefixTokens });
        const { cachedInputTokens: _, ...uncached } = usage;
        expect(low).toBeLessThanOrEqual(high * (1 + 1e-12));
        expect(high).toBe(costUsd(price, uncached));
      }),
    );
  });
});

describe('the cloud prompt cache', () => {
  it('takes nothing below 1024 tokens and then steps of 128', () => {
    expect([0, 1023, 1024, 1151, 1152, 2944].map(cacheableTokens)).toEqual([
      0, 0, 1024, 1024, 1152, 2944,
    ]);
  });

  it('narrows the counterfactual only where a prefix was repeated', () => {
    const answer = { inputTokens: 2944, outputTokens: 283 };
    const [alone, top] = counterfactualUsd(azure('gpt-5-mini'), { ...answer, prefixTokens: 1000 });
    expect(alone).toBe(top);
    const [low] = counterfactualUsd(azure('gpt-5-mini'), { ...answer, prefixTokens: 1200 });
    // 1152 tokens at 0.025 rather than 0.25 USD a million.
    expect(top - low).toBeCloseTo((1152 * 0.225) / 1e6, 12);
  });

  it('knows models that count or write differently', () => {
    const answer = { inputTokens: 1000, outputTokens: 100, prefixTokens: 0 };
    const ratios = { tokenizerRatio: 1.2, verbosityRatio: 3 };
    const [, usd] = counterfactualUsd(azure('gpt-oss-120b'), answer, ratios);
    expect(usd).toBeCloseTo((1200 * 0.15 + 360 * 0.6) / 1e6, 12);
  });
});
