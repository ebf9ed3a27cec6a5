/**
 * What one key may do: requests and tokens in a minute, requests at once, cloud money in a month.
 *
 *     enter ──▶ reserve ──▶ … ──▶ settle, spend ──▶ leave
 *       │          └── tokens: the prompt and the output limit, later what they came to
 *       └── requests, and a place among those that run at once
 *
 * Pure: it holds no timer and is told what time it is. Money is another matter than rates: a key
 * whose budget is spent is still served at home, where an answer costs it nothing.
 */

import type { KeySystem } from '../../system/system.ts';
import { type Charge, RateWindow } from './rate-window.ts';
import { dayMs } from './retention.ts';

const ruleNames = [
  'requestsPerMinute',
  'tokensPerMinute',
  'concurrentRequests',
  'monthlyBudgetUsd',
] as const;

export type KeyRules = Pick<KeySystem, (typeof ruleNames)[number]>;

/** A limit that a request meets. */
export interface KeyRefusal {
  readonly kind: 'requests' | 'tokens' | 'concurrent';
  readonly limit: number;
  /** How much is in use, and how much was asked for. */
  readonly used: number;
  readonly asked: number;
  /** Until it would be let in; undefined when nobody knows, Infinity for never. */
  readonly retryAfterMs: number | undefined;
}

const minuteMs = 60_000;

export class KeyLimit {
  readonly #rules: KeyRules;
  readonly #requests: RateWindow | undefined;
  readonly #tokens: RateWindow | undefined;
  #running = 0;
  /** By calendar month (`2026-11`), so that a clock that leaps and is mended forgets no money. */
  readonly #spentUsd = new Map<string, number>();
  /** Set aside for answers that are being made. */
  #heldUsd = 0;

  constructor(rules: KeyRules) {
    this.#rules = rules;
    const { requestsPerMinute, tokensPerMinute } = rules;
    if (requestsPerMinute !== undefined)
      this.#requests = new RateWindow(requestsPerMinute, minuteMs);
    if (tokensPerMinute !== undefined) this.#tokens = new RateWindow(tokensPerMinute, minuteMs);
  }

  /** Whether these are its rules. */
  isFor(rules: KeyRules): boolean {
    return ruleNames.every((name) => this.#rules[name] === rules[name]);
  }

  /** Whether anybody asks how many tokens a request has. */
  get countsTokens(): boolean {
    return this.#tokens !== undefined;
  }

  get hasBudget(): boolean {
    return this.#rules.monthlyBudgetUsd !== undefined;
  }

  /** Lets a request in, to be given back with `leave`; or says which limit it meets. */
  enter(now: number): KeyRefusal | undefined {
    const { concurrentRequests = Number.POSITIVE_INFINITY } = this.#rules;
    const refusal = refusalOf('requests', this.#requests, 1, now);
    if (refusal) return refusal;
    if (this.#running >= concurrentRequests)
      return {
        kind: 'concurrent',
        limit: concurrentRequests,
        used: this.#running,
        asked: 1,
        retryAfterMs: undefined,
      };
    this.#requests?.charge(1, now);
    this.#running++;
    return undefined;
  }

  leave(): void {
    this.#running--;
  }

  /** Sets tokens aside for a request; undefined where they are not limited. */
  reserve(tokens: number, now: number): KeyRefusal | Charge | undefined {
    return refusalOf('tokens', this.#tokens, tokens, now) ?? this.#tokens?.charge(tokens, now);
  }

  /** The tokens a request came to, in place of those set aside. */
  settle(charge: Charge, tokens: number): void {
    this.#tokens?.correct(charge, tokens);
  }

  /** Whether the key has a budget, and whether some of it is left. */
  budget(wall: number): 'none' | 'left' | 'spent' {
    const { monthlyBudgetUsd } = this.#rules;
    if (monthlyBudgetUsd === undefined) return 'none';
    return this.#spentIn(monthOf(wall)) + this.#heldUsd < monthlyBudgetUsd ? 'left' : 'spent';
  }

  /**
   * Sets cloud money aside, or gives it back where negative: those who ask at once would otherwise
   * each find the same money left.
   */
  hold(usd: number): void {
    this.#heldUsd += usd;
  }

  /** Counts cloud money; also what a ledger says was spent before this process began. */
  spend(usd: number, wall: number): void {
    const month = monthOf(wall);
    this.#spentUsd.set(month, this.#spentIn(month) + usd);
  }

  /** What is left, in the headers that OpenAI's clients read. */
  headers(now: number): Readonly<Record<string, string>> {
    return {
      ...windowHeaders('requests', this.#requests, now),
      ...windowHeaders('tokens', this.#tokens, now),
    };
  }

  #spentIn(month: string): number {
    return this.#spentUsd.get(month) ?? 0;
  }
}

/** The calendar month of an instant, in UTC: `2026-11`. */
export const monthOf = (wall: number): string => dayOf(wall).slice(0, 7);

/** The day that was asked for last: mostly the one that is asked for next. */
let latest = { number: 0, text: '1970-01-01' };

/** The day of an instant, in UTC: `2026-11-23`. */
export const dayOf = (wall: number): string => {
  const number = Math.floor(wall / dayMs);
  if (number !== latest.number)
    latest = { number, text: new Date(wall).toISOString().slice(0, 10) };
  return latest.text;
};

const refusalOf = (
  kind: KeyRefusal['kind'],
  window: RateWindow | undefined,
  asked: number,
  now: number,
): KeyRefusal | undefined => {
  const retryAfterMs = window?.waitMs(asked, now) ?? 0;
  if (!window || retryAfterMs === 0) return undefined;
  const { limit } = window;
  return { kind, limit, used: limit - window.left(now), asked, retryAfterMs };
};

const windowHeaders = (
  kind: 'requests' | 'tokens',
  window: RateWindow | undefined,
  now: number,
): Readonly<Record<string, string>> =>
  window
    ? {
        [`x-ratelimit-limit-${kind}`]: String(window.limit),
        [`x-ratelimit-remaining-${kind}`]: String(Math.floor(window.left(now))),
        [`x-ratelimit-reset-${kind}`]: spanText(window.resetMs(now)),
      }
    : {};

/** A span of time as OpenAI writes it: `120ms`, `8.64s`, `1m0s`. */
const spanText = (ms: number): string => {
  if (ms < 1000) return `${Math.ceil(ms)}ms`;
  if (ms < minuteMs) return `${Math.ceil(ms / 10) / 100}s`;
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
};
