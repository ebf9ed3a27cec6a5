/**
 * An attempt at a backend, as far as the two have to do with each other: how long it may be silent,
 * who is asked meanwhile, and what the backend learns of it.
 */

import type { Clock } from '../../time/clock.ts';
import type { Admitted } from './admit.ts';
import { AttemptRun, type AttemptInput } from './attempt.ts';
import type { Reading } from './backend.ts';
import { type CallPlan, promptText } from './call.ts';
import { withoutQuotes } from './quoted-prompt.ts';
import { warmAgainMs } from './backend-models.ts';
import type { RelayEnd } from './relay.ts';
import type { Opinion, SecondOpinion } from './second-opinion.ts';

/** An answer that is not whole by then never will be. */
const totalMsMax = 900_000;
/** How long a model that is not in memory may take to its first token. */
const coldMsMax = 600_000;

/** How often it is looked what has become of it. */
const coldLookMs = 20_000;

type Place = Extract<Admitted, { kind: 'admitted' }>;

type AskedKey = 'plan' | 'trace' | 'span' | 'gone' | 'countPrompt' | 'countWords';

type Asked = Pick<AttemptInput, AskedKey> & { readonly clock: Clock };

export class BackendAttempt {
  readonly run: AttemptRun;
  readonly #place: Place;
  readonly #trace: string;
  readonly #plan: CallPlan;
  readonly #clock: Clock;
  readonly #reading: Disposable;
  readonly #isCold: boolean;
  readonly #aheadTokens: number;

  constructor(place: Place, asked: Asked) {
    const { backend, choice } = place;
    const { candidate } = choice;
    const { system, upstream, secondOpinion } = backend;
    const { stallMs, suspectMs, urls } = system;
    this.#place = place;
    this.#trace = asked.trace;
    this.#plan = asked.plan;
    this.#clock = asked.clock;
    this.#isCold = backend.isLoaded(candidate.model) === false;
    this.#aheadTokens = backend.aheadTokens;
    this.run = new AttemptRun({
      ...asked,
      upstream,
      secondOpinion: this.#isCold
        ? coldOpinion({ ...place, ...asked, startedAt: asked.clock.now() })
        : secondOpinion,
      isOnlyPath: urls.length <= 1,
      bounds: () => ({
        firstTokenMs: this.#firstTokenMs(asked.countPrompt()),
        stallMs,
        totalMs: totalMsMax,
        ...(this.#isCold && { suspectMs: coldLookMs }),
        ...(suspectMs !== undefined && { suspectMs }),
      }),
    });
    this.#reading = backend.begin(candidate, new PromptReading(this.run, asked.countPrompt));
    // Who takes over has no time for handshakes.
    place.standby?.upstream.prepare?.();
  }

  /** Leaves the backend, whatever has become of the attempt. */
  close(): void {
    const { backend, slotAt } = this.#place;
    this.run.close();
    this.#reading[Symbol.dispose]();
    backend.admission.leave(slotAt, this.#clock.now());
  }

  /** Tells the backend; true where it, or its model, is to blame for a failure. */
  settle(end: RelayEnd): boolean {
    const { backend, choice, slotAt } = this.#place;
    const { candidate } = choice;
    const { firstTokenMs, firstTokenAt, usage } = this.run;
    if (end.kind === 'failed') {
      const { failure } = end;
      const message = withoutQuotes(failure.message, promptText(this.#plan));
      return backend.fail(candidate, failure, { ...failure, message });
    }
    if (end.kind !== 'served') return false;
    // Not before: where there is room for one, loading it would have put out the one that answered.
    for (const cold of choice.cold)
      if (cold.backend === candidate.backend) backend.warm(cold, this.#trace);
    const isUndelayed = !this.#isCold && this.#aheadTokens === 0;
    backend.succeed({
      candidate,
      serviceMs: this.#clock.now() - slotAt,
      firstTokenMs,
      firstTokenAt,
      ...(isUndelayed &&
        usage && { readTokens: usage.inputTokens - (usage.cachedInputTokens ?? 0) }),
    });
    return false;
  }

  #firstTokenMs(promptTokens: number): number {
    const { backend, choice } = this.#place;
    const ms = backend.firstTokenDeadlineMs(choice.candidate, promptTokens, this.#aheadTokens);
    return this.#isCold ? Math.max(ms, coldMsMax) : ms;
  }
}

/**
 * A prompt on its way. A class, since V8 gives each object that is written out with getters a shape
 * of its own, and a shape keeps alive all that its getters see until the next full collection.
 */
class PromptReading implements Reading {
  readonly #run: AttemptRun;
  readonly #countPrompt: () => number;
  #promptTokens: number | undefined;

  constructor(run: AttemptRun, countPrompt: () => number) {
    this.#run = run;
    this.#countPrompt = countPrompt;
  }

  /** Asked by every attempt that begins while this one waits. */
  get promptTokens(): number {
    this.#promptTokens ??= this.#countPrompt();
    return this.#promptTokens;
  }

  get hasToken(): boolean {
    return this.#run.tokensReceived > 0;
  }
}

/**
 * A load may take ten minutes, and a request for it that was lost on its way looks the same. After
 * a while another call asks for the model. Requests for a model are served in their order: once
 * that call has been answered, so should this one have been.
 */
const coldOpinion = (asked: Cold): Pick<SecondOpinion, 'get'> => ({
  get: async (since) => {
    const { backend, choice, clock, trace, startedAt, countPrompt } = asked;
    const { candidate } = choice;
    const isAsked = backend.system.suspectMs !== undefined;
    const opinion: Opinion = isAsked
      ? await backend.secondOpinion.get(since)
      : { isAlive: true, isHostAlive: false };
    if (!opinion.isAlive) return opinion;
    const now = clock.now();
    const heard = backend.heard(candidate.model);
    if (!heard || heard.askedAt <= startedAt) {
      const mayHelp = now >= startedAt + warmAgainMs && backend.mayServe;
      if (mayHelp) backend.warm(candidate, trace);
      return opinion;
    }
    const dueMs = backend.firstTokenDeadlineMs(candidate, countPrompt(), backend.aheadTokens);
    return now < heard.answeredAt + dueMs
      ? opinion
      : { isAlive: false, isHostAlive: true, why: 'the model has answered who asked later' };
  },
});

interface Cold extends Pick<Place, 'backend' | 'choice'>, Pick<Asked, 'clock' | 'trace'> {
  readonly startedAt: number;
  readonly countPrompt: () => number;
}
