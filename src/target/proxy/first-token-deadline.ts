/**
 * How long to wait for a first token: a long prompt on a slow box is not a dead box.
 *
 *     deadline = 1.5 × (prompts ahead + this prompt) ÷ rate,
 *                at least `firstTokenMs`, at most `firstTokenMsMax`
 *
 * So `firstTokenMs` holds to the millisecond for every prompt that is read in less.
 * Ahead are the prompts that we sent to the same backend and that it has not begun to answer: an
 * engine reads one after the other. What others send to it is not known to us; the factor allows
 * for it, and for the answers that are being written meanwhile.
 */

/** What a deadline is made of. */
export interface FirstTokenFacts {
  /** `firstTokenMs`: the least, and enough for any short prompt. */
  readonly baseMs: number;
  /** `firstTokenMsMax`: the most. */
  readonly maxMs: number;
  readonly promptTokens: number;
  /** Tokens of the prompts that are read before this one. */
  readonly aheadTokens: number;
  /** How fast prompts are read. */
  readonly tokensPerSecond: number;
}

/** How much longer than by its rate a prompt may take. */
const patienceRatio = 1.5;

/** The deadline for the first token of one attempt, in milliseconds. */
export const firstTokenDeadlineMs = (facts: FirstTokenFacts): number => {
  const { baseMs, maxMs, promptTokens, aheadTokens, tokensPerSecond } = facts;
  const readMs = ((aheadTokens + promptTokens) / tokensPerSecond) * 1000;
  return Math.max(baseMs, Math.min(Math.ceil(patienceRatio * readMs), maxMs));
};
