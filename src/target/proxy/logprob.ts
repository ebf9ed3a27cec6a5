/**
 * Log probabilities of the tokens of an answer, as far as a backend tells them.
 *
 * Chat completions, the Responses API and Ollama tell them in one form, with or without the bytes
 * of each token; clients are told them with the bytes. A backend that knows none of it answers
 * without, and so does the proxy.
 */

import type { GenerationEvent } from '../../protocol/generation.ts';
import type { Logprob, TopLogprob } from '../../protocol/responses.ts';
import { asRecord, asText } from './json.ts';

/** More than any server sends at once, and so many that a hostile one costs little. */
const entriesMax = 1024;
/** As many as may be asked for. */
const alternativesMax = 20;

const none: readonly Logprob[] = [];

/** What a backend tells; nothing where it is not told in the form that all use. */
const logprobsIn = (value: unknown): readonly Logprob[] => {
  if (!Array.isArray(value) || value.length === 0) return none;
  const entries: readonly unknown[] = value.slice(0, entriesMax);
  return entries.flatMap((entry) => {
    const told = topLogprobOf(entry);
    if (!told) return [];
    const others = asRecord(entry)?.['top_logprobs'];
    const alternatives: readonly unknown[] = Array.isArray(others) ? others : [];
    const top_logprobs = alternatives
      .slice(0, alternativesMax)
      .flatMap((other) => topLogprobOf(other) ?? []);
    return [{ ...told, top_logprobs }];
  });
};

const topLogprobOf = (value: unknown): TopLogprob | undefined => {
  const entry = asRecord(value);
  const token = asText(entry?.['token']);
  const logprob = entry?.['logprob'];
  if (token === undefined || typeof logprob !== 'number') return undefined;
  const told = entry?.['bytes'];
  const bytes: readonly unknown[] = Array.isArray(told) ? told : [...Buffer.from(token)];
  return { token, logprob, bytes: bytes.filter((it) => typeof it === 'number') };
};

/** A piece of the answer, with what its server tells of its tokens. */
export const spoken = (
  text: string,
  told: unknown,
): Extract<GenerationEvent, { readonly kind: 'text' }> => {
  const logprobs = logprobsIn(told);
  return logprobs.length === 0 ? { kind: 'text', text } : { kind: 'text', text, logprobs };
};
