/**
 * One request, from its conversation to its terminal event, over as many backends as it takes.
 *
 *     admit ──▶ attempt ──served──────────────▶ store ──▶ terminal event
 *       ▲          │ failed
 *       │          ├── nothing shown yet ─────▶ fall back silently        ─┐
 *       ├──────────┼── plain text shown ──────▶ `continue`: go on with it ─┤ at most once
 *       │          │                           `fail`: error              │
 *       └──────────┼─────────────────────────────────────────────────────┘
 *                  └── anything else shown ───▶ error, response.failed
 */

import type { AttemptCause } from '../../log/entry.ts';
import type { EndReason, Usage } from '../../protocol/generation.ts';
import { headerText } from '../../protocol/header-text.ts';
import type { ResponseResource, ResponseStatus } from '../../protocol/responses.ts';
import { within } from '../../time/clock.ts';
import type { Admitted, AdmitRefusal } from './admit.ts';
import { type ApiError, notStored, serverError, wireError } from './api-error.ts';
import { Assembler, type Finish } from './assembler.ts';
import type { AttemptRun } from './attempt.ts';
import { BackendAttempt } from './backend-attempt.ts';
import type { Backend } from './backend.ts';
import { type CallPlan, type Shown, promptText, promptWords } from './call.ts';
import type { Conversation } from './conversation.ts';
import type { Delivery, DeliveryParts } from './delivery.ts';
import type { RequestMeter } from './meter.ts';
import type { Placement } from './placement.ts';
import type { Caller, ProxyParts, StateStore, StoredResponse } from './proxy.ts';
import type { ResponseRequest } from './request.ts';
import { requestFacts } from './request-watch.ts';
import type { RetryBudget } from './retry-budget.ts';
import { type ResponseIdentity, begun, responseResource } from './resource.ts';
import { Relay, type RelayEnd } from './relay.ts';
import { Seam } from './seam.ts';
import { ToolGate } from './tool-gate.ts';
import { type Setback, errorOf, isContextOverflow } from './verdict.ts';

export interface TurnInput {
  readonly parts: ProxyParts;
  readonly backends: ReadonlyMap<string, Backend>;
  readonly request: ResponseRequest;
  readonly conversation: Conversation;
  readonly caller: Caller;
  readonly placement: Placement;
  readonly meter: RequestMeter;
  /** What second attempts may cost, over all requests. */
  readonly retries: RetryBudget;
  /** Where the response is kept. */
  readonly store: StateStore;
  /** Aborts when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
  readonly delivery: (headers: DeliveryParts['headers']) => Delivery;
}

/** The first and one more, unless the system says: failing over must not become the load. */
const attemptsMaxDefault = 2;
const storeMsMax = 5000;

type Place = Extract<Admitted, { kind: 'admitted' }>;

export class Turn {
  readonly #input: TurnInput;
  readonly #identity: ResponseIdentity;
  readonly #delivery: Delivery;
  readonly #setbacks: Setback[] = [];
  readonly #leave = new AbortController();
  readonly #onGone = (): void => this.#leave.abort();
  #assembler: Assembler;
  #attemptCount = 0;
  /** A second attempt was due, and withheld. */
  #isWithheld = false;
  #backendName = '';
  /** What the head said, when it has been sent. */
  #told: { readonly backend: string; readonly attempts: number } | undefined;
  /** The failover that the client is told of. */
  #failover: { readonly from: string; readonly afterTokens: number } | undefined;
  #shown: Shown | undefined;
  /** Usage of the last attempt, as the backend told it. */
  #usage: Usage | undefined;
  /** Tokens of the last call's prompt by our own count, once somebody asked. */
  #promptTokens: number | undefined;
  #plan: CallPlan | undefined;
  /** Why it must end before its time. */
  #stopped: ApiError | undefined;

  constructor(input: TurnInput) {
    this.#input = input;
    const { parts, request, gone, placement } = input;
    const createdAt = Math.floor(parts.clock.wall() / 1000);
    const { isLocalOnly } = placement;
    this.#identity = { id: `resp_${parts.ids()}`, createdAt, request, isLocalOnly };
    this.#assembler = new Assembler(this.#identity, parts.ids);
    this.#delivery = input.delivery(() => this.#headers());
    // The head of a background response is sent before anything is known.
    if (request.isBackground) this.#told = { backend: '', attempts: 0 };
    if (gone.aborted) this.#leave.abort();
    gone.addEventListener('abort', this.#onGone, { once: true });
  }

  /** Ends it as failed, unless it ends by itself in this moment. */
  stop(why: ApiError): void {
    this.#stopped ??= why;
    this.#leave.abort();
  }

  /** What is kept of it in a state without an answer. */
  stored(status: ResponseStatus): StoredResponse {
    return this.#storedAs(responseResource(this.#identity, { ...begun, status }));
  }

  /** Answers, one way or another; then nothing of it is left running. */
  async run(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      await this.#fail(serverError('The proxy failed to make this response.'));
      throw error;
    } finally {
      this.#input.gone.removeEventListener('abort', this.#onGone);
      this.#delivery[Symbol.dispose]();
      await this.#input.meter.write('left');
    }
  }

  async #run(): Promise<void> {
    for (;;) {
      const place = await this.#admit();
      if (place.kind === 'gone') return this.#left();
      if (place.kind === 'refused') return this.#giveUp(place.refused);
      const end = await this.#attempt(place);
      if (end.kind === 'gone') return this.#left();
      if (end.kind === 'served') return this.#conclude(end.reason);
      const { failure } = end;
      this.#setbacks.push({ backend: place.backend.system.name, failure });
      this.#input.placement.failed(place.choice.candidate, failure);
      const mayHelp = isContextOverflow(failure) || failure.isRequestFault !== true;
      const { attemptsMax = attemptsMaxDefault } = this.#input.parts.system;
      const mayTryNext = this.#attemptCount < attemptsMax && mayHelp;
      if (!mayTryNext || !this.#mayGoOn() || !this.#mayRetry()) return this.#giveUp([]);
    }
  }

  /** Whether second attempts have been of use of late. */
  #mayRetry(): boolean {
    const { retries, parts } = this.#input;
    this.#isWithheld = !retries.mayRetry(parts.clock.now());
    return !this.#isWithheld;
  }

  /** Whether another backend may take over at this point. */
  #mayGoOn(): boolean {
    if (!this.#delivery.isCommitted) return true;
    const { system } = this.#input.parts;
    const isText = this.#input.request.format.type === 'text';
    if (system.midStream !== 'continue' || !isText || !this.#assembler.isContinuable) return false;
    const { text } = this.#assembler;
    this.#shown = { text, tokens: this.#input.parts.countTokens(text) };
    return true;
  }

  #admit(): Promise<Admitted> {
    return this.#input.placement.find({
      shownTokens: this.#shown?.tokens ?? 0,
      gone: this.#leave.signal,
    });
  }

  /** Asks one backend, and passes on what it says as far as that can be shown. */
  async #attempt(place: Place): Promise<RelayEnd> {
    const { parts, request, caller, placement } = this.#input;
    const { backend, choice } = place;
    const { name } = backend.system;
    this.#input.retries.begin(parts.clock.now());
    this.#attemptCount++;
    this.#backendName = name;
    const plan = placement.planFor(choice.candidate, this.#shown);
    this.#plan = plan;
    this.#promptTokens = undefined;
    await this.#begin();
    const attempt = new BackendAttempt(place, {
      clock: parts.clock,
      plan,
      trace: caller.trace,
      span: this.#span(),
      gone: this.#leave.signal,
      countPrompt: () => this.#countPrompt(),
      countWords: () => parts.countTokens(promptWords(plan)),
    });
    const relay = new Relay({
      run: attempt.run,
      assembler: this.#assembler,
      delivery: this.#delivery,
      seam: this.#shown && new Seam(this.#shown.text),
      gate: new ToolGate(request),
      commitOn: parts.system.commitOn,
    });
    let end: RelayEnd = { kind: 'gone' };
    try {
      end = await relay.run();
    } finally {
      attempt.close();
      this.#settle(place, attempt.run, end);
      const isBlamed = attempt.settle(end);
      if (isBlamed && this.#attemptCount > 1) this.#input.retries.failAgain(parts.clock.now());
    }
    return end;
  }

  /** A fresh answer for a client that has seen nothing; else the answer it is reading goes on. */
  async #begin(): Promise<void> {
    if (this.#shown) return;
    this.#delivery.restart();
    this.#assembler = new Assembler(this.#identity, this.#input.parts.ids);
    await this.#delivery.send(this.#assembler.start(), true);
  }

  /** Records the attempt. */
  #settle({ backend, choice }: Place, run: AttemptRun, end: RelayEnd): void {
    const { parts } = this.#input;
    const { name } = backend.system;
    const { model } = choice.candidate;
    const attempt = run.record({
      attempt: this.#attemptCount,
      ...this.#causeOf(choice),
      backend: name,
      // It may have been found out meanwhile that the model is passed on.
      residency: backend.residencyOf(model),
      outcome: end.kind === 'gone' ? 'cancelled' : end.kind,
      failure: end.kind === 'failed' ? end.failure : undefined,
      priceOf: (usage) => parts.priceOf(name, model, usage),
    });
    parts.record(attempt, requestFacts(this.#input.request, this.#input.caller));
    this.#input.meter.count(attempt);
    if (end.kind === 'failed') this.#failover ??= { from: name, afterTokens: run.tokensForwarded };
    this.#usage = run.usage;
  }

  /** One that went elsewhere because its prompt was too long has spilt, and nothing has failed. */
  #causeOf({ passedOver }: Place['choice']): {
    readonly cause: AttemptCause;
    readonly passedOver: string | undefined;
  } {
    const why = passedOver[0]?.why;
    if (this.#attemptCount === 1)
      return { cause: why === undefined ? 'first' : 'spill', passedOver: why };
    if (this.#shown) return { cause: 'continue', passedOver: why };
    const last = this.#setbacks.at(-1)?.failure;
    return last && isContextOverflow(last)
      ? { cause: 'spill', passedOver: 'context' }
      : { cause: 'failover', passedOver: why };
  }

  /** The answer is whole, or cut short by a limit: stored, then ended. */
  async #conclude(reason: EndReason): Promise<void> {
    await this.#end(
      this.#assembler.finish({
        reason,
        usage: this.#finalUsage(),
        completedAt: Math.floor(this.#input.parts.clock.wall() / 1000),
        notes: this.#notes(),
      }),
    );
  }

  async #giveUp(refused: readonly AdmitRefusal[]): Promise<void> {
    const error = errorOf({
      setbacks: this.#setbacks,
      refused,
      isLocalOnly: this.#identity.isLocalOnly,
      isCommitted: this.#delivery.isCommitted,
      isWithheld: this.#isWithheld,
      probeInMs: (backend) => this.#input.placement.probeInMs(backend),
      lackError: (lack) => this.#input.placement.lackError(lack),
    });
    await this.#fail(error);
  }

  /** Nobody waits for the answer, or nobody may. */
  async #left(): Promise<void> {
    if (this.#stopped) await this.#fail(this.#stopped);
  }

  /**
   * An error instead of an answer: as a status while that can still be said, else in the stream.
   */
  async #fail(error: ApiError): Promise<void> {
    if (this.#delivery.isLost) return;
    await this.#input.meter.write('failed');
    if (!this.#delivery.isHeadSent) {
      this.#delivery.refuse(error);
      return;
    }
    if (!this.#delivery.isCommitted) await this.#begin();
    const finish = this.#assembler.fail(wireError(error), this.#notes());
    await this.#end(finish);
  }

  /** Nothing is told to be final that is not kept. */
  async #end(finish: Finish): Promise<void> {
    await this.#delivery.send(finish.closing, false);
    // Together, so that a file takes both in one transaction.
    const usage = this.#input.meter.write('answered');
    const [isKept] = await Promise.all([this.#isKept(finish.resource), usage]);
    if (isKept) await this.#delivery.finish(this.#assembler.terminal(finish), finish.resource);
    else await this.#endUnkept(finish);
  }

  /** Stores the response, if it is to be; false when that failed or took too long. */
  async #isKept(resource: ResponseResource): Promise<boolean> {
    const { parts, request, store } = this.#input;
    if (!request.isStored && store.keepsUnstored !== true) return true;
    const put = store.put(this.#storedAs(resource));
    return within(parts.clock, storeMsMax, 'storing', put).then(
      () => true,
      () => false,
    );
  }

  #storedAs(resource: ResponseResource): StoredResponse {
    const { parts, request, conversation, caller } = this.#input;
    return {
      id: resource.id,
      owner: caller.name,
      ...(request.previousResponseId ? { previousId: request.previousResponseId } : {}),
      input: conversation.input,
      resource,
      createdAtWall: parts.clock.wall(),
    };
  }

  async #endUnkept(finish: Finish): Promise<void> {
    const error = notStored('response');
    if (!this.#delivery.isHeadSent) return this.#delivery.refuse(error);
    // A failure needs no second one.
    const isFailed = finish.resource.status === 'failed';
    const failed = isFailed ? finish : this.#assembler.fail(wireError(error), this.#notes());
    if (!isFailed) await this.#delivery.send(failed.closing, false);
    await this.#delivery.finish(this.#assembler.terminal(failed), failed.resource);
  }

  /** The client's view of the tokens: what it sent, and all that it was given. */
  #finalUsage(): Usage {
    const { text } = this.#assembler;
    const usage = this.#usage ?? {
      inputTokens: this.#countPrompt(),
      outputTokens: this.#input.parts.countTokens(text.slice(this.#shown?.text.length ?? 0)),
    };
    if (!this.#shown) return usage;
    // The second backend read the first one's text as part of its prompt.
    return {
      ...usage,
      inputTokens: Math.max(0, usage.inputTokens - this.#shown.tokens),
      outputTokens: usage.outputTokens + this.#shown.tokens,
    };
  }

  /** Said in the metadata when the head said otherwise, or could not say it yet. */
  #notes(): Readonly<Record<string, string>> {
    if (!this.#told) return {};
    if (this.#told.backend === this.#backendName && this.#told.attempts === this.#attemptCount)
      return {};
    const failover = this.#failover && {
      from: this.#failover.from,
      to: this.#backendName,
      after_tokens: this.#failover.afterTokens,
    };
    return {
      spillway_backend: this.#backendName,
      ...(failover && failover.from !== failover.to
        ? { spillway_failover: JSON.stringify(failover).slice(0, 512) }
        : {}),
    };
  }

  #headers(): Readonly<Record<string, string>> {
    this.#told = { backend: this.#backendName, attempts: this.#attemptCount };
    return {
      'x-request-id': this.#input.caller.requestId,
      ...(this.#backendName === '' ? {} : { 'x-spillway-backend': headerText(this.#backendName) }),
      'x-spillway-attempts': String(this.#attemptCount),
      ...this.#input.meter.headers,
    };
  }

  #countPrompt(): number {
    if (!this.#shown) return this.#input.placement.promptTokens;
    this.#promptTokens ??= this.#plan ? this.#input.parts.countTokens(promptText(this.#plan)) : 0;
    return this.#promptTokens;
  }

  #span(): string {
    return this.#input.parts.ids().slice(-16);
  }
}
