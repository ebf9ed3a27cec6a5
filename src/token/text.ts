/**
 * Prose of an exact length in tokens.
 *
 * Whole sentences come first. They are joined so that a vocabulary of the GPT family never merges
 * across the joint (a line break in Japanese, a space before the word in English), hence lengths
 * add up. The last sentence is cut where the length is reached; if no cut hits it, digits fill up:
 * they are taken in groups of three, one token each.
 */

import assert from 'node:assert/strict';

import type { Random } from '../random/random.ts';
import { type Language, sentence } from './prose.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Business prose of exactly `tokens` tokens, a function of what is drawn from `random`. */
export const textOfTokens = (
  tokenizer: Tokenizer,
  random: Random,
  language: Language,
  tokens: number,
): string => {
  assert.ok(Number.isInteger(tokens) && tokens >= 0, `tokens must be a count, got ${tokens}`);

  let text = '';
  let left = tokens;
  while (left > 0) {
    const space = language === 'en' && text !== '' ? ' ' : '';
    const next = space + sentence(random, language);
    const length = tokenizer.count(next);
    // A Japanese full stop is one token with a line break behind it or without.
    const before = language === 'ja' && text !== '' ? `${text}\n` : text;
    if (length > left) {
      text = filledUp(tokenizer, before + cut(tokenizer, next, left), tokens);
      break;
    }
    text = before + next;
    left -= length;
  }
  const counted = tokenizer.count(text);
  assert.equal(counted, tokens, `wanted ${tokens} tokens of ${language}, made ${counted}`);

  return text;
};

/** The start of a sentence that fits, without digits or blanks at its end for a filler to join. */
const cut = (tokenizer: Tokenizer, text: string, tokens: number): string =>
  tokenizer.truncate(text, tokens).replace(/[\d\s]+$/u, '');

const filledUp = (tokenizer: Tokenizer, text: string, tokens: number): string => {
  const missing = tokens - tokenizer.count(text);
  return text + '204'.repeat(Math.max(0, missing));
};
