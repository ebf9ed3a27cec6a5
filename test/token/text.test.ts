/** Texts have exactly the length that was asked for, and come out the same for the same seed. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { seeded } from '../../src/random/random.ts';
import { textOfTokens } from '../../src/token/text.ts';
import { loadTokenizer } from '../../src/token/tokenizer.ts';

const tokenizer = await loadTokenizer();
const language = fc.constantFrom('ja', 'en');

describe('a text of a given length', () => {
  test('tokens in equal tokens out, in both languages', () => {
    fc.assert(
      fc.property(fc.nat(400), fc.integer(), language, (tokens, seed, language) => {
        const text = textOfTokens(tokenizer, seeded(seed), language, tokens);
        expect(tokenizer.count(text)).toBe(tokens);
      }),
      { numRuns: 300 },
    );
  });

  test('is the same for the same seed, and another for another', () => {
    fc.assert(
      fc.property(fc.integer({ min: 30, max: 200 }), fc.integer(), language, (tokens, seed, it) => {
        const text = textOfTokens(tokenizer, seeded(seed), it, tokens);
        expect(textOfTokens(tokenizer, seeded(seed), it, tokens)).toBe(text);
        expect(textOfTokens(tokenizer, seeded(`${seed}'`), it, tokens)).not.toBe(text);
      }),
    );
  });

  test('holds for a long prompt', () => {
    expect(tokenizer.count(textOfTokens(tokenizer, seeded(1), 'ja', 8192))).toBe(8192);
    expect(tokenizer.count(textOfTokens(tokenizer, seeded(1), 'en', 8192))).toBe(8192);
  });

  test('is mostly whole sentences in its language', () => {
    const japanese = textOfTokens(tokenizer, seeded(3), 'ja', 300);
    expect(japanese.split('。').length).toBeGreaterThan(8);
    expect(japanese.match(/[\u3040-\u9fff]/g)?.length).toBeGreaterThan(japanese.length * 0.85);
    const english = textOfTokens(tokenizer, seeded(3), 'en', 300);
    expect(english.split('. ').length).toBeGreaterThan(8);
    expect(english).toMatch(/^[\x20-\x7e]+$/);
  });
});
