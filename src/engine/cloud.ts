/**
 * A model of a pay-per-use cloud: who is let in, and how fast those are served.
 *
 * Limits are admission control, not slow-down: accepted calls keep their speed, the rest get 429.
 * Tokens are charged on arrival, prompt estimate and output limit together, to a counter that is
 * reset each minute; so a large limit burns quota even for a short answer. Requests are counted
 * over one second, ten seconds and a minute, each with its share of the limit per minute, and a
 * refused request counts as well: a deployment of 600 requests per minute refuses the 11th in one
 * second.
 *
 * The first token is log-normal: its median and its 95th percentile are given.
 * Source: Azure OpenAI quota documentation, https://learn.microsoft.com/azure/ai-services/openai/how-to/quota
 */

import assert from 'node:assert/strict';

import { logNormal } from '../random/distribution.ts';
import type { Random } from '../random/random.ts';

export interface CloudProfile {
  readonly ttftMsP50: number;
  readonly ttftMsP95: number;
  readonly tokensPerSecond: number;
  /** Admission per minute; Infinity when unlimited. */
  readonly tokensPerMinute: number;
  readonly requestsPerMinute: number;
  /** Scale of all durations, the quota's minutes included; 1 is real speed. */
  readonly timeScale?: number;
}

/** What is left of the present minute's quota, for the response headers. */
export interface QuotaLeft {
  readonly tokens: number;
  readonly requests: number;
}

export type Admission =
  | { readonly kind: 'admitted'; readonly left: QuotaLeft }
  | {
      readonly kind: 'rejected';
      readonly limit: 'tokens' | 'requests';
      /** Until the counter that refused is reset. */
      readonly retryAfterMs: number;
      readonly left: QuotaLeft;
    };

/** How one admitted call is served: the instant its `k`-th token (from 1) leaves. */
export interface CloudStream {
  readonly firstTokenAt: number;
  tokenAt(k: number): number;
}

/** The 95th percentile of a standard normal. */
const z95 = 1.6449;

/** A counter that starts at zero again at each multiple of its length. */
interface Window {
  readonly lengthMs: number;
  readonly countMax: number;
  number: number;
  count: number;
}

export class Cloud {
  readonly #profile: CloudProfile;
  readonly #random: Random;
  readonly #scale: number;
  readonly #sigma: number;
  readonly #tokens: Window;
  /** One second, ten seconds, a minute. */
  readonly #requests: readonly Window[];

  constructor(profile: CloudProfile, random: Random) {
    assert.ok(
      profile.ttftMsP95 >= profile.ttftMsP50 && profile.ttftMsP50 > 0,
      `expected 0 < ttft p50 ≤ p95, got ${profile.ttftMsP50} and ${profile.ttftMsP95}`,
    );
    assert.ok(profile.tokensPerSecond > 0, `expected tokens, got ${profile.tokensPerSecond}/s`);
    this.#profile = profile;
    this.#random = random;
    this.#scale = profile.timeScale ?? 1;
    this.#sigma = Math.log(profile.ttftMsP95 / profile.ttftMsP50) / z95;
    this.#tokens = this.#window(60, profile.tokensPerMinute);
    this.#requests = [1, 10, 60].map((seconds) =>
      this.#window(seconds, Math.ceil((profile.requestsPerMinute * seconds) / 60)),
    );
  }

  /** Lets a request in or refuses it. `estimatedTokens` is its prompt and its output limit. */
  admit(estimatedTokens: number, now: number): Admission {
    for (const window of [this.#tokens, ...this.#requests]) turnTo(window, now);
    for (const window of this.#requests) window.count++;
    const full = this.#requests.filter(({ count, countMax }) => count > countMax);
    if (full.length > 0)
      return this.#reject('requests', Math.max(...full.map((it) => msLeft(it, now))));
    if (this.#tokens.count + estimatedTokens > this.#tokens.countMax)
      return this.#reject('tokens', msLeft(this.#tokens, now));

    this.#tokens.count += estimatedTokens;
    return { kind: 'admitted', left: this.#left() };
  }

  /**
   * Serves an admitted call. Its pace depends on the seed and the id, not on who else is served.
   */
  serve(id: string, now: number): CloudStream {
    const { ttftMsP50, tokensPerSecond } = this.#profile;
    const ttftMs = logNormal(this.#random.fork(id), ttftMsP50, this.#sigma) * this.#scale;
    const gapMs = (1000 / tokensPerSecond) * this.#scale;
    const firstTokenAt = now + ttftMs;
    return { firstTokenAt, tokenAt: (k) => firstTokenAt + (k - 1) * gapMs };
  }

  #window(seconds: number, countMax: number): Window {
    return { lengthMs: seconds * 1000 * this.#scale, countMax, number: 0, count: 0 };
  }

  #reject(limit: 'tokens' | 'requests', retryAfterMs: number): Admission {
    return { kind: 'rejected', limit, retryAfterMs, left: this.#left() };
  }

  #left(): QuotaLeft {
    const minute = this.#requests.at(-1);
    return {
      tokens: this.#tokens.countMax - this.#tokens.count,
      requests: minute ? Math.max(0, minute.countMax - minute.count) : Number.POSITIVE_INFINITY,
    };
  }
}

/** Two requests may be told of out of order by a hair: a window that is over stays over. */
const turnTo = (window: Window, now: number): void => {
  const number = Math.floor(now / window.lengthMs);
  if (number <= window.number) return;
  window.number = number;
  window.count = 0;
};

const msLeft = (window: Window, now: number): number => (window.number + 1) * window.lengthMs - now;
