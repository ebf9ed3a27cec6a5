/**
 * A second opinion on a backend that an attempt says is silent: one cheap question over a fresh
 * connection. However many attempts want to know, one question is out at a time, and its answer
 * holds for a moment for all whose silence had begun when it was asked.
 */

import type { Failure } from '../../protocol/generation.ts';
import { type Clock, within } from '../../time/clock.ts';

/** What another connection says. */
export type Opinion =
  | {
      readonly isAlive: true;
      /** False where nobody was asked. */
      readonly isHostAlive?: false;
    }
  | {
      readonly isAlive: false;
      readonly why: string;
      /** The host is there; what was asked of it was lost. */
      readonly isHostAlive?: true;
    };

/** What has been asked so far. */
export interface OpinionCounts {
  readonly alive: number;
  readonly dead: number;
}

/** A fresh connection and one answer: a backend that is well takes far less. */
const answerMsMax = 1500;
/** Part of the silence before it, where that is short: a question must not outlast its cause. */
const answerPart = 0.75;
/** For how long an answer holds. */
const freshMs = 500;

export class SecondOpinion {
  readonly #clock: Clock;
  readonly #ask: (signal: AbortSignal) => Promise<unknown>;
  readonly #answerMs: number;
  #asking: Promise<Opinion> | undefined;
  #last: { readonly opinion: Opinion; readonly askedAt: number; readonly at: number } | undefined;
  #alive = 0;
  #dead = 0;

  /**
   * `ask` rejects when the backend is not there. It has three quarters of the silence that made
   * it be asked, and never more than a second and a half.
   */
  constructor(
    clock: Clock,
    ask: (signal: AbortSignal) => Promise<unknown>,
    suspectMs = Number.POSITIVE_INFINITY,
  ) {
    this.#clock = clock;
    this.#ask = ask;
    this.#answerMs = Math.min(answerMsMax, answerPart * suspectMs);
  }

  get counts(): OpinionCounts {
    return { alive: this.#alive, dead: this.#dead };
  }

  /** What another connection says of a silence since then. Never rejects. */
  async get(since: number): Promise<Opinion> {
    const last = this.#last;
    const isFresh = last && this.#clock.now() - last.at < freshMs && last.askedAt >= since;
    if (isFresh) return last.opinion;
    // One that is out has less time than a silence must last: it was asked within this one.
    this.#asking ??= this.#get();
    return this.#asking;
  }

  async #get(): Promise<Opinion> {
    const askedAt = this.#clock.now();
    const leave = new AbortController();
    const asked = within(this.#clock, this.#answerMs, 'the answer', this.#ask(leave.signal));
    const opinion = await asked.then(
      (): Opinion => ({ isAlive: true }),
      (error: unknown): Opinion => ({ isAlive: false, why: whyOf(error) }),
    );
    leave.abort();
    if (opinion.isAlive) this.#alive++;
    else this.#dead++;
    this.#asking = undefined;
    this.#last = { opinion, askedAt, at: this.#clock.now() };
    return opinion;
  }
}

const whyOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Why an attempt that is silent is given up, when the other connection was not answered. */
export const deadPath = (told: {
  readonly reason: Failure['reason'];
  readonly silentMs: number;
  readonly opinion: Extract<Opinion, { readonly isAlive: false }>;
  /** Another address may lead to the same backend. */
  readonly isOnlyPath: boolean;
}): Failure => {
  const { reason, silentMs, opinion, isOnlyPath } = told;
  const { why, isHostAlive } = opinion;
  const silence = `no token for ${silentMs} ms`;
  if (isHostAlive)
    return { reason, evidence: 'soft', message: `${silence}, though ${why}`, isHostAlive };
  const message = `${silence}, and a second connection fared no better: ${why}`;
  return { reason, evidence: isOnlyPath ? 'hard' : 'soft', message };
};
