/**
 * Where one request may be served: what the request needs and may, held against what each candidate
 * is and has at this moment. The router decides; here is gathered what it decides by.
 */

import type { Failure } from '../../protocol/generation.ts';
import type { Usage } from '../../protocol/generation.ts';
import type { Random } from '../../random/random.ts';
import type { Candidate, ModelSystem } from '../../system/system.ts';
import { type Admitted, admit } from './admit.ts';
import { type ApiError, badRequest, contextExceeded } from './api-error.ts';
import type { Backend } from './backend.ts';
import type { BackendQuota } from './backend-quota.ts';
import { type CallPlan, type Shown, callPlan } from './call.ts';
import type { Conversation } from './conversation.ts';
import { judge } from './failure-scope.ts';
import type { RequestMeter } from './meter.ts';
import { pinningOf } from './pinning.ts';
import { unservable } from './prompt-need.ts';
import { promptTokens } from './prompt-size.ts';
import type { Caller, ProxyParts } from './proxy.ts';
import type { ResponseRequest } from './request.ts';
import {
  type CandidateState,
  type Lack,
  type Pinning,
  type RouteRules,
  isLocalOnly,
} from './router.ts';
import { isContextOverflow } from './verdict.ts';

export interface PlacementInput {
  readonly parts: ProxyParts;
  readonly backends: ReadonlyMap<string, Backend>;
  readonly model: ModelSystem;
  readonly request: ResponseRequest;
  readonly conversation: Conversation;
  readonly caller: Caller;
  /** What the caller's key may still do, and where money is set aside. */
  readonly meter: Pick<RequestMeter, 'limit' | 'hold'>;
  /** Where shares are drawn from. */
  readonly random: Random;
}

/** One search for a place. */
export interface Search {
  /** Tokens of the text that is to be continued. */
  readonly shownTokens: number;
  readonly gone: AbortSignal;
}

/** Room for an answer: a prompt that fills the window to its brim does not fit. */
const answerTokensMin = 512;
/** How long an answer is taken to be when prices are compared, if the request sets no limit. */
const typicalAnswerTokens = 500;

export class Placement {
  readonly isLocalOnly: boolean;
  readonly #input: PlacementInput;
  readonly #pinning: Pinning;
  readonly #draws: ReadonlyMap<Candidate, number>;
  #plan: CallPlan | undefined;
  #promptTokens: number | undefined;
  #shownTokens = 0;
  /** The longest window that a backend has said to be too short. */
  #overflownTokens = 0;
  /** Asked already, or on a host that has failed. */
  readonly #tried = new Set<Candidate>();

  /** Throws an `ApiError` when the caller names backends that cannot be meant. */
  constructor(input: PlacementInput) {
    const { model, caller, conversation, random, parts } = input;
    this.#input = input;
    this.isLocalOnly = isLocalOnly(caller.residency, model.residency) || conversation.isLocalOnly;
    this.#pinning = pinningOf({
      caller,
      metadata: input.request.metadata,
      model,
      backends: parts.system.backends.map(({ name }) => name),
    });
    const isDrawn = model.strategy === 'weighted';
    this.#draws = new Map(
      isDrawn ? model.candidates.map((candidate) => [candidate, random.next()]) : [],
    );
  }

  /** Tokens of the prompt by our own count. */
  get promptTokens(): number {
    this.#promptTokens ??= promptTokens(this.#planned(), this.#input.parts.countTokens);
    return this.#promptTokens;
  }

  /** What the request may come to: its prompt and the longest answer it allows. */
  get chargedTokens(): number {
    return this.promptTokens + (this.#input.request.maxOutputTokens ?? 0);
  }

  /** What the candidate is asked: for a whole answer, or for the rest of what has been shown. */
  planFor(candidate: Candidate, shown?: Shown): CallPlan {
    const { request, conversation } = this.#input;
    const plan = shown ? callPlan(request, conversation, candidate, shown) : this.#planned();
    return { ...plan, candidate, isLocalOnly: this.isLocalOnly };
  }

  /** Finds a place among the candidates not tried yet. */
  async find({ shownTokens, gone }: Search): Promise<Admitted> {
    const { parts, backends, model, caller, meter } = this.#input;
    this.#shownTokens = shownTokens;
    const candidates = model.candidates.filter((candidate) => !this.#tried.has(candidate));
    await this.#lookAtAbilities(candidates);
    return admit({
      clock: parts.clock,
      backends,
      candidates,
      stateOf: (candidate, backend) => this.#stateOf(candidate, backend),
      rules: () => this.#rules(),
      tokensOf: ({ quota }) => this.#tokensOf(quota),
      gone,
      onAdmitted: (candidate, backend) => {
        if (meter.limit?.hasBudget === true) meter.hold(this.#likelyUsd(candidate, backend));
      },
      onCold: (candidate) => backends.get(candidate.backend)?.warm(candidate, caller.trace),
    });
  }

  /**
   * The candidate was asked in vain. Where that speaks against the whole host, its other models are
   * not asked either; where the prompt was too long, only a longer window will do.
   */
  failed(candidate: Candidate, failure: Failure): void {
    const { backend } = candidate;
    const isOfHost = judge(failure).against === 'host';
    for (const it of this.#input.model.candidates)
      if (it === candidate || (isOfHost && it.backend === backend)) this.#tried.add(it);
    if (isContextOverflow(failure))
      this.#overflownTokens = Math.max(this.#overflownTokens, windowOf(candidate) ?? 0);
  }

  /** How long until a circuit in the way of this request is probed. */
  probeInMs(name: string): number | undefined {
    const { model, backends } = this.#input;
    const candidate = model.candidates.find(({ backend }) => backend === name);
    return candidate && backends.get(name)?.probeInMs(candidate.model);
  }

  /** What is said when no backend that may be asked has what the request needs. */
  lackError(lack: Lack): ApiError {
    const { model, backends } = this.#input;
    switch (lack) {
      case 'context':
        return contextExceeded(this.promptTokens + this.#shownTokens);
      case 'vision':
        return inputNotServed(`The model '${model.name}' does not take images.`, 'input');
      case 'tools':
        return inputNotServed(`The model '${model.name}' does not call tools.`, 'tools');
      case 'input': {
        const { needs } = this.#planned();
        for (const { system } of backends.values()) {
          const error = unservable(needs, system);
          if (error) return error;
        }
        return inputNotServed(`The model '${model.name}' cannot be given this input.`, 'input');
      }
    }
  }

  #planned(): CallPlan {
    const { request, conversation, model } = this.#input;
    const [candidate = { backend: '', model: '' }] = model.candidates;
    this.#plan ??= callPlan(request, conversation, candidate, undefined);
    return this.#plan;
  }

  /** Learns what the router will ask, where that is not known and takes a moment at most. */
  async #lookAtAbilities(candidates: readonly Candidate[]): Promise<void> {
    const { needsVision, needsTools } = this.#planned().needs;
    if (!needsVision && !needsTools) return;
    const isAsked = ({ vision, tools }: Candidate): boolean =>
      (needsVision && vision === undefined) || (needsTools && tools === undefined);
    await Promise.all(
      candidates.map(async (candidate) => {
        if (isAsked(candidate))
          await this.#input.backends.get(candidate.backend)?.lookAtAbilities();
      }),
    );
  }

  #rules(): RouteRules {
    const { parts, model, meter } = this.#input;
    const { system, clock } = parts;
    return {
      strategy: model.strategy ?? 'ordered',
      pinning: this.#pinning,
      isLocalOnly: this.isLocalOnly,
      maySpend: this.isLocalOnly || parts.maySpend(),
      budget: meter.limit?.budget(clock.wall()) ?? 'none',
      cold: system.cold,
      spill: system.spill,
    };
  }

  #stateOf(candidate: Candidate, backend: Backend): Omit<CandidateState, 'hasWaited'> {
    return {
      ...backend.state(candidate),
      weight: candidate.weight ?? 1,
      draw: this.#draws.get(candidate) ?? 0,
      costUsd: this.#costOf(candidate, backend),
      lacks: this.#lackOf(candidate, backend),
      quotaWaitMs: this.#quotaWaitMs(backend),
    };
  }

  #quotaWaitMs({ quota }: Backend): number {
    return quota.waitMs(this.#tokensOf(quota), this.#input.parts.clock.now());
  }

  /** What the request is charged against a quota. */
  #tokensOf({ countsTokens }: BackendQuota): number {
    return countsTokens ? this.chargedTokens : 0;
  }

  /** What is at home costs nothing by the token. */
  #costOf(candidate: Candidate, backend: Backend): number | undefined {
    const { meter, request, model: asked } = this.#input;
    const isCompared = asked.strategy === 'cheapest';
    if (!isCompared && !meter.limit?.hasBudget)
      return backend.residencyOf(candidate.model) === 'local' ? 0 : undefined;
    return this.#priceOf(candidate, backend, {
      // A budget needs to know no more than whether there is a price.
      inputTokens: isCompared ? this.promptTokens : 1,
      outputTokens: request.maxOutputTokens ?? typicalAnswerTokens,
    });
  }

  /** Few answers come near the limit that their request sets. */
  #likelyUsd(candidate: Candidate, backend: Backend): number {
    const { maxOutputTokens = typicalAnswerTokens } = this.#input.request;
    const outputTokens = Math.min(maxOutputTokens, typicalAnswerTokens);
    const inputTokens = this.promptTokens + this.#shownTokens;
    return this.#priceOf(candidate, backend, { inputTokens, outputTokens }) ?? 0;
  }

  #priceOf({ model }: Candidate, backend: Backend, usage: Usage): number | undefined {
    const { name } = backend.system;
    const isHome = backend.residencyOf(model) === 'local';
    return isHome ? 0 : this.#input.parts.priceOf(name, model, usage);
  }

  #lackOf(candidate: Candidate, backend: Backend): Lack | undefined {
    const { needs } = this.#planned();
    const ability = backend.ability(candidate.model);
    if (needs.needsVision && (candidate.vision ?? ability.vision) === false) return 'vision';
    if (needs.needsTools && (candidate.tools ?? ability.tools) === false) return 'tools';
    if (unservable(needs, backend.system)) return 'input';
    return this.#fits(candidate) ? undefined : 'context';
  }

  #fits(candidate: Candidate): boolean {
    const window = windowOf(candidate);
    if (window === undefined) return true;
    if (window <= this.#overflownTokens) return false;
    const { maxOutputTokens = answerTokensMin } = this.#input.request;
    const answerTokens = Math.min(maxOutputTokens, answerTokensMin);
    return this.promptTokens + this.#shownTokens + answerTokens <= window;
  }
}

const inputNotServed = (message: string, param: string): ApiError =>
  badRequest(message, param, 'unsupported_parameter');

/** How many tokens a candidate takes; undefined when nobody has said. */
export const windowOf = ({ numCtx, contextTokensMax }: Candidate): number | undefined =>
  numCtx === undefined || contextTokensMax === undefined
    ? (numCtx ?? contextTokensMax)
    : Math.min(numCtx, contextTokensMax);
