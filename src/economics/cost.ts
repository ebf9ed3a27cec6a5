/**
 * What tokens cost, and what they would have cost elsewhere.
 *
 * Servers count cached input inside input and reasoning inside output, and so does this file.
 */

import type { Usage } from '../protocol/generation.ts';
import type { Price } from './price-table.ts';

/** USD for the tokens of one answer. Cached input without a price of its own is billed as input. */
export const costUsd = (
  price: Pick<Price, 'input' | 'cachedInput' | 'output'>,
  usage: Usage,
): number => {
  const cached = Math.min(usage.cachedInputTokens ?? 0, usage.inputTokens);
  const input = (usage.inputTokens - cached) * price.input;
  return (
    (input + cached * (price.cachedInput ?? price.input) + usage.outputTokens * price.output) / 1e6
  );
};

/**
 * Tokens of a repeated prefix that Azure's prompt cache can serve: none below 1024 tokens, then in
 * steps of 128. https://learn.microsoft.com/azure/ai-services/openai/how-to/prompt-caching
 */
export const cacheableTokens = (prefixTokens: number): number =>
  prefixTokens < 1024 ? 0 : Math.floor(prefixTokens / 128) * 128;

/** One answer served locally, as the cloud would have been asked for it. */
export interface LocalAnswer {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Leading input tokens that the session had sent before; 0 for a first turn. */
  readonly prefixTokens: number;
}

/**
 * How another model would have counted and answered; 1 where the tokenizer and the manner agree.
 */
export interface CounterfactualRatios {
  /** Tokens of the cloud model for each of ours. */
  readonly tokenizerRatio: number;
  /** Output the cloud model would have written for each token of ours. */
  readonly verbosityRatio: number;
}

/**
 * USD that a cloud model would have asked for the same answer: from every cacheable token being
 * cached to none, so the first is never above the second.
 *
 *     CF = (k·in·(1−h)·p_in + k·in·h·p_cached + k·v·out·p_out) / 10⁶
 */
export const counterfactualUsd = (
  price: Pick<Price, 'input' | 'cachedInput' | 'output'>,
  answer: LocalAnswer,
  { tokenizerRatio, verbosityRatio }: CounterfactualRatios = {
    tokenizerRatio: 1,
    verbosityRatio: 1,
  },
): readonly [number, number] => {
  const inputTokens = tokenizerRatio * answer.inputTokens;
  const outputTokens = tokenizerRatio * verbosityRatio * answer.outputTokens;
  const prefixTokens = Math.min(answer.prefixTokens, answer.inputTokens);
  const cachedInputTokens = cacheableTokens(tokenizerRatio * prefixTokens);
  return [
    costUsd(price, { inputTokens, outputTokens, cachedInputTokens }),
    costUsd(price, { inputTokens, outputTokens }),
  ];
};
