/**
 * One attempt: one backend asked once, watched by deadlines of our own.
 *
 *     opened ──first-token deadline──▶ token ──stall deadline──▶ token … ──▶ end
 *        └──────────────────────── total deadline ────────────────────────────┘
 *
 * What a silence means, and when to ask somebody else about it, is `silence-watch.ts`'s to say.
 * A deadline is a race, never a request: when it passes the attempt is dead, whatever the upstream
 * makes of being aborted. Only content counts as progress, so a server that sends keep-alives and
 * nothing else is silent. While nobody asks for the next events, because the reader is slow, no
 * deadline passes.
 */

import type { Attempt, AttemptCause } from '../../log/entry.ts';
import {
  type Failure,
  type GenerationEvent,
  type Usage,
  isSemantic,
} from '../../protocol/generation.ts';
import type { Clock } from '../../time/clock.ts';
import { truncated } from './failure.ts';
import type { CallPlan } from './call.ts';
import type { Upstream } from './proxy.ts';
import { deadPath, type Opinion, type SecondOpinion } from './second-opinion.ts';
import { type SilenceBounds, type SilenceStep, SilenceWatch } from './silence-watch.ts';

export interface AttemptInput {
  readonly clock: Clock;
  readonly upstream: Upstream;
  readonly plan: CallPlan;
  readonly trace: string;
  readonly span: string;
  /** Asked once the request is on its way, since counting its tokens takes time. */
  readonly bounds: () => SilenceBounds;
  /** Asked while the attempt is silent. */
  readonly secondOpinion: Pick<SecondOpinion, 'get'>;
  /** Whether there is but one way to the backend. */
  readonly isOnlyPath: boolean;
  /** Aborts when the client has left. */
  readonly gone: AbortSignal;
  /** Tokens of the prompt by our own count. */
  readonly countPrompt: () => number;
  /** Tokens of its words alone, which no server counts in terms of its own. */
  readonly countWords: () => number;
}

/** Made once: without a reason of ours each abort would make an error, with its stack. */
const over = new Error('the attempt is over');
/** No model's window comes near it: a counter has run over. */
const countedTokensMax = 100_000_000;
/** A shorter prompt is not cut, and its count differs by the chat template alone. */
const cutTokensMin = 512;
/** Tokenizers differ by a third at most; a server that counts half has read half. */
const cutRatioMax = 0.5;

export class AttemptRun {
  readonly startedAt: number;
  tokensReceived = 0;
  /** Kept by whoever passes events on. */
  tokensForwarded = 0;
  readonly #input: AttemptInput;
  readonly #controller = new AbortController();
  readonly #events: AsyncIterator<readonly GenerationEvent[]>;
  readonly #onGone = (): void => this.#settle(undefined);
  readonly #onNext = (next: IteratorResult<readonly GenerationEvent[], unknown>): void =>
    this.#settle(next.done === true ? failed(truncated) : next.value);
  readonly #onError = (error: unknown): void => this.#settle(failed(brokenPromise(error)));
  #sentAt: number | undefined;
  #headersAt: number | undefined;
  #firstTokenAt: number | undefined;
  #endedAt: number | undefined;
  #localPort: number | undefined;
  #usage: Usage | undefined;
  /** Set while somebody waits for the next events. */
  #resolve: ((events: readonly GenerationEvent[] | undefined) => void) | undefined;
  #timer: Disposable | undefined;
  #timerAt = 0;
  #bounds: SilenceBounds | undefined;
  #silence: SilenceWatch | undefined;
  /** The backend answered another question during this silence. */
  #isHostAlive = false;

  constructor(input: AttemptInput) {
    this.#input = input;
    const { clock, upstream, plan, trace, span } = input;
    this.startedAt = clock.now();
    const call = {
      ...plan,
      trace,
      span,
      onSent: (at: number, localPort?: number) => {
        this.#sentAt ??= at;
        this.#localPort = localPort;
      },
      onHeaders: (at: number) => {
        this.#headersAt ??= at;
      },
    };
    this.#events = upstream.open(call, this.#controller.signal)[Symbol.asyncIterator]();
    input.gone.addEventListener('abort', this.#onGone, { once: true });
  }

  /** How long the first token took; undefined while there is none. */
  get firstTokenMs(): number | undefined {
    return this.#firstTokenAt && this.#firstTokenAt - (this.#sentAt ?? this.startedAt);
  }

  get firstTokenAt(): number | undefined {
    return this.#firstTokenAt;
  }

  get usage(): Usage | undefined {
    return this.#usage;
  }

  /**
   * The next events, which came together; undefined when nobody is there to read them. An `end` or
   * a `failure` is the last of all.
   */
  async next(): Promise<readonly GenerationEvent[] | undefined> {
    const came = await this.#race();
    if (!came) {
      this.close();
      return undefined;
    }
    let at = -1;
    for (const event of came) {
      at++;
      const failure = event.kind === 'usage' ? this.#cutBy(event.usage) : undefined;
      if (failure || event.kind === 'end' || event.kind === 'failure') {
        this.close();
        return failure ? [...came.slice(0, at), ...failed(failure)] : came.slice(0, at + 1);
      }
      if (!isSemantic(event)) continue;
      this.tokensReceived++;
      this.#firstTokenAt ??= this.#input.clock.now();
      this.#silence?.progress();
      this.#isHostAlive = false;
    }
    return came;
  }

  /** Leaves the upstream; what it does with that is its own affair. */
  close(): void {
    if (this.#endedAt !== undefined) return;
    this.#endedAt = this.#input.clock.now();
    this.#timer?.[Symbol.dispose]();
    this.#input.gone.removeEventListener('abort', this.#onGone);
    this.#controller.abort(over);
    this.#events.return?.().catch(() => undefined);
  }

  /** The record of it, once it is over. */
  record(told: {
    readonly attempt: number;
    readonly cause: AttemptCause;
    readonly passedOver: string | undefined;
    readonly backend: string;
    readonly residency: Attempt['residency'];
    readonly outcome: Attempt['outcome'];
    readonly failure: Failure | undefined;
    readonly priceOf: (usage: Usage | undefined) => number | undefined;
  }): Omit<Attempt, 'arm'> {
    const usage = this.#usage ?? this.#estimatedUsage();
    const costUsd = told.priceOf(usage);
    return {
      kind: 'attempt',
      trace: this.#input.trace,
      attempt: told.attempt,
      cause: told.cause,
      ...optional('passedOver', told.passedOver),
      backend: told.backend,
      model: this.#input.plan.candidate.model,
      residency: told.residency,
      startedAt: this.#sentAt ?? this.startedAt,
      ...optional('headersAt', this.#headersAt),
      ...optional('firstTokenAt', this.#firstTokenAt),
      endedAt: this.#endedAt ?? this.#input.clock.now(),
      outcome: told.outcome,
      ...(told.failure ? { reason: told.failure.reason, evidence: told.failure.evidence } : {}),
      tokensReceived: this.tokensReceived,
      tokensForwarded: this.tokensForwarded,
      ...optional('usage', usage),
      ...(usage && !this.#usage ? { isUsageEstimated: true } : {}),
      ...optional('costUsd', costUsd),
      ...optional('localPort', this.#localPort),
    };
  }

  /** What a server that began to answer will have counted, though it did not come to say so. */
  #estimatedUsage(): Usage | undefined {
    return this.tokensReceived === 0
      ? undefined
      : { inputTokens: this.#input.countPrompt(), outputTokens: this.tokensReceived };
  }

  #race(): Promise<readonly GenerationEvent[] | undefined> {
    if (this.#input.gone.aborted) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<readonly GenerationEvent[] | undefined>();
    this.#resolve = resolve;
    this.#events.next().then(this.#onNext, this.#onError);
    this.#watch();
    return promise;
  }

  /** The first to come is taken. What comes after it finds nobody waiting, then or later. */
  #settle(events: readonly GenerationEvent[] | undefined): void {
    this.#resolve?.(events);
    this.#resolve = undefined;
  }

  /** Silence counts from the moment the reader wants more. */
  #watch(): void {
    const { clock, bounds } = this.#input;
    this.#bounds ??= bounds();
    this.#silence ??= new SilenceWatch(this.#bounds, this.startedAt);
    this.#silence.waitFrom(clock.now());
    const { nextAt } = this.#silence;
    // One timer looks after many chunks: it finds the instant moved, and is set again. Only an
    // instant before its own needs another.
    if (this.#timer && this.#timerAt <= nextAt) return;
    this.#timer?.[Symbol.dispose]();
    this.#timerAt = nextAt;
    this.#timer = clock.at(nextAt, () => this.#look());
  }

  #look(): void {
    this.#timer = undefined;
    if (!this.#resolve || !this.#silence) return;
    const step = this.#silence.look(this.#input.clock.now());
    if (step === 'ask') void this.#ask(this.#silence);
    if (step === 'wait' || step === 'ask') this.#watch();
    else this.#settle(failed(this.#lateness(step)));
  }

  /** A dead path ends the attempt at once; what comes when it is over finds nobody waiting. */
  async #ask(silence: SilenceWatch): Promise<void> {
    const { clock, secondOpinion } = this.#input;
    const askedAt = clock.now();
    const tokens = this.tokensReceived;
    const opinion = await secondOpinion.get(silence.since);
    if (this.#endedAt !== undefined || this.tokensReceived !== tokens) return;
    if (opinion.isAlive) {
      this.#isHostAlive = opinion.isHostAlive !== false;
      silence.alive(clock.now());
      if (this.#resolve) this.#watch();
    } else this.#settle(failed(this.#deadPath(opinion, askedAt)));
  }

  #deadPath(opinion: Extract<Opinion, { isAlive: false }>, askedAt: number): Failure {
    const isFirst = this.#firstTokenAt === undefined;
    const silentMs = this.#bounds?.suspectMs ?? 0;
    return deadPath({
      reason: isFirst ? 'first-token-deadline' : 'stall-deadline',
      silentMs: isFirst ? Math.round(askedAt - this.startedAt) : silentMs,
      opinion,
      isOnlyPath: this.#input.isOnlyPath,
    });
  }

  #lateness(step: Exclude<SilenceStep, 'wait' | 'ask'>): Failure {
    const { firstTokenMs, stallMs, totalMs } = this.#bounds ?? this.#input.bounds();
    const isHostAlive = this.#isHostAlive ? { isHostAlive: true } : {};
    switch (step) {
      case 'total':
        return late('stall-deadline', `the answer was not whole after ${totalMs} ms`);
      case 'first-token':
        return {
          ...late('first-token-deadline', `no token after ${firstTokenMs} ms`),
          ...isHostAlive,
        };
      case 'stall':
        return { ...late('stall-deadline', `no token for ${stallMs} ms`), ...isHostAlive };
    }
  }

  /** A server that counted far fewer prompt tokens than were sent has dropped the front. */
  #cutBy(usage: Usage): Failure | undefined {
    const { inputTokens, outputTokens } = usage;
    // Zeros have been seen from servers with a full cache hit, and from some that do not count.
    const isCounted = inputTokens > 0 && (outputTokens > 0 || this.tokensReceived === 0);
    if (!isCounted || inputTokens > countedTokensMax || outputTokens > countedTokensMax)
      return undefined;
    this.#usage = withinWhole(usage);
    const hasRead = (countedTokens: number): boolean =>
      countedTokens < cutTokensMin || inputTokens >= countedTokens * cutRatioMax;
    // The whole prompt has been counted before; its words are only where they decide.
    if (hasRead(this.#input.countPrompt())) return undefined;
    const countedTokens = this.#input.countWords();
    if (hasRead(countedTokens)) return undefined;
    const message = `the server read ${inputTokens} prompt tokens of about ${countedTokens}`;
    return { reason: 'prompt-cut', evidence: 'soft', message };
  }
}

/** A part that is more than its whole has run over; added up, it could not be read again. */
const withinWhole = (usage: Usage): Usage => {
  const { inputTokens, outputTokens, cachedInputTokens = 0, reasoningTokens = 0 } = usage;
  if (cachedInputTokens <= inputTokens && reasoningTokens <= outputTokens) return usage;
  return {
    inputTokens,
    outputTokens,
    ...(cachedInputTokens <= inputTokens && { cachedInputTokens }),
    ...(reasoningTokens <= outputTokens && { reasoningTokens }),
  };
};

const failed = (failure: Failure): readonly GenerationEvent[] => [{ kind: 'failure', failure }];

const late = (reason: Failure['reason'], message: string): Failure => ({
  reason,
  evidence: 'soft',
  message,
});

/** An upstream never throws; one that does is taken for one that talks nonsense. */
const brokenPromise = (error: unknown): Failure => ({
  reason: 'garbled',
  evidence: 'soft',
  message: error instanceof Error ? error.message : String(error),
});

const optional = <K extends string, V>(
  key: K,
  value: V | undefined,
): { readonly [key in K]?: V } | undefined => (value === undefined ? undefined : keyed(key, value));

const keyed = <K extends string, V>(key: K, value: V): { readonly [key in K]?: V } => {
  const record: { [key in K]?: V } = {};
  record[key] = value;
  return record;
};
