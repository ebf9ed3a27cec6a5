/**
 * A backend's quota, kept on our side, so that a request it would refuse goes elsewhere at once.
 *
 * As Azure reckons: tokens are charged when a request is sent, its prompt and its output limit
 * together, and are never corrected, so a large limit uses up the quota even for a short answer.
 * Requests count against the minute, and on Azure against their share of ten seconds and of one as
 * well: 600 a minute are 10 a second. Where its minutes begin is not known, so ours slide.
 * https://learn.microsoft.com/azure/ai-services/openai/how-to/quota
 */

import type { Wire } from '../../system/system.ts';
import { RateWindow } from './rate-window.ts';

export interface QuotaRules {
  readonly wire: Wire;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
}

export class BackendQuota {
  readonly #requests: readonly RateWindow[];
  readonly #tokens: readonly RateWindow[];

  constructor({ wire, requestsPerMinute, tokensPerMinute }: QuotaRules) {
    this.#requests =
      requestsPerMinute === undefined
        ? []
        : (wire === 'azure-openai' ? [1, 10, 60] : [60]).map(
            (seconds) =>
              new RateWindow(Math.ceil((requestsPerMinute * seconds) / 60), seconds * 1000),
          );
    this.#tokens = tokensPerMinute === undefined ? [] : [new RateWindow(tokensPerMinute, 60_000)];
  }

  /** Whether tokens need to be counted at all. */
  get countsTokens(): boolean {
    return this.#tokens.length > 0;
  }

  /** How long until a request of so many tokens may be sent; 0 now, Infinity never. */
  waitMs(tokens: number, now: number): number {
    let waitMs = 0;
    for (const window of this.#requests) waitMs = Math.max(waitMs, window.waitMs(1, now));
    for (const window of this.#tokens) waitMs = Math.max(waitMs, window.waitMs(tokens, now));
    return waitMs;
  }

  charge(tokens: number, now: number): void {
    for (const window of this.#requests) window.charge(1, now);
    for (const window of this.#tokens) window.charge(tokens, now);
  }
}
