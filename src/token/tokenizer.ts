/**
 * Counting tokens.
 *
 * One tokenizer serves the whole program: `o200k_harmony`, that of gpt-oss. GPT-4o, GPT-4.1, GPT-5
 * and the o-series share its merges, so a local answer and its cloud counterfactual have the same
 * length. Other model families count differently (Qwen 3 about 2 % more for Japanese, Gemma 3 about
 * 16 % fewer), which is why a server's own usage is always believed before this count.
 */

/** Counts and cuts text by the tokens of one vocabulary. */
export interface Tokenizer {
  readonly name: string;
  /** Tokens of the text; what looks like a control token is counted as plain text. */
  count(text: string): number;
  /** A start of the text, about as long as it can be, that has at most `tokens` tokens. */
  truncate(text: string, tokens: number): string;
}

/**
 * A vocabulary merges within a run of letters, of spaces or of signs, in time that grows with the
 * square of its length: a hundred thousand letters in a row take a quarter of a minute. No text
 * that means anything has such runs, so they are cut, at the price of a token for each cut.
 */
const longRun = /[\p{L}\p{M}]{128}|\s{128}|[^\s\p{L}\p{M}\p{N}]{128}/gu;

/** Control tokens in a user's text are text. */
const asText = { disallowedSpecial: new Set<string>() };

/** Loads the vocabulary: some 150 ms and 70 MB, which only those who count exactly need. */
export const loadTokenizer = async (): Promise<Tokenizer> => {
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_harmony');
  const count = (text: string): number => {
    let tokens = 0;
    let from = 0;
    for (const { index, 0: run } of text.matchAll(longRun)) {
      const to = index + run.length;
      tokens += countTokens(text.slice(from, to), asText);
      from = to;
    }
    return tokens + countTokens(text.slice(from), asText);
  };

  return { name: 'o200k_harmony', count, truncate: (text, tokens) => start(text, tokens, count) };
};

/**
 * Halves its way to a cut by counting alone. The library's `decode` keeps the bytes of a broken
 * character for its next call (a shared streaming decoder), so slicing the tokens is no option.
 */
const start = (text: string, tokens: number, count: (text: string) => number): string => {
  if (count(text) <= tokens) return text;

  let fits = 0;
  let exceeds = text.length;
  while (exceeds - fits > 1) {
    const middle = (fits + exceeds) >> 1;
    if (count(text.slice(0, middle)) <= tokens) fits = middle;
    else exceeds = middle;
  }
  // Never between the halves of a surrogate pair.
  const isPairCut = (text.codePointAt(fits - 1) ?? 0) > 0xffff;

  return text.slice(0, isPairCut ? fits - 1 : fits);
};
