/**
 * How fast a backend reads prompts, learnt from the attempts it served.
 *
 * What is wanted is not the usual rate but one that the backend keeps to on a bad day, because a
 * deadline is made of it. A prompt that is in the cache is read a hundred times faster than the
 * same prompt is tomorrow, so the mean would condemn a box for forgetting. Hence a low quantile of
 * the last attempts; and only prompts long enough that reading them is most of the wait count.
 */

/** Attempts that are remembered. */
const samplesMax = 50;
/** Fewer say nothing. */
const samplesMin = 5;
/** A shorter prompt's first token tells of the network and of the queue. */
const promptTokensMin = 512;
const slowRatio = 0.1;

export class PrefillRate {
  #rates: readonly number[] = [];

  /** Learns from an attempt that was served, and waited for nothing but its own prompt. */
  learn(promptTokens: number, firstTokenMs: number): void {
    if (promptTokens < promptTokensMin || firstTokenMs <= 0) return;
    this.#rates = [...this.#rates.slice(1 - samplesMax), (promptTokens * 1000) / firstTokenMs];
  }

  /** One attempt in ten is slower; undefined while too few have been seen. */
  get tokensPerSecond(): number | undefined {
    if (this.#rates.length < samplesMin) return undefined;
    const sorted = this.#rates.toSorted((one, other) => one - other);
    return sorted[Math.floor(slowRatio * sorted.length)];
  }
}
