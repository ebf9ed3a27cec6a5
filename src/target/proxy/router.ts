/**
 * Where a request may go, and in which order: a pure function of what is known of each candidate.
 *
 *     candidates ──strategy──▶ preferred ──residency, pin──▶ permitted ──fit, vision, tools──▶ able
 *        ──breaker, money, quota──▶ usable ──room, cold──▶ at once
 *                                             └──────────▶ with patience
 *
 * Residency is enforced here and nowhere else: what this function does not return cannot be called,
 * whatever is pinned and whatever the strategy prefers. A candidate passed over for want of room,
 * or because its model is not loaded, is healthy. It comes after those that can serve at once, with
 * more patience, since a slow answer beats none.
 */

import type { Candidate, Residency, ResidencyRule, Strategy, System } from '../../system/system.ts';
import { type Standing, preferred } from './strategy.ts';

/** What is known of a candidate at this moment. */
export interface CandidateState extends Standing {
  readonly candidate: Candidate;
  readonly residency: Residency;
  /** Its circuit is closed. */
  readonly mayServe: boolean;
  readonly hasFreeSlot: boolean;
  readonly queuedCount: number;
  /** How long a request that queues now is likely to wait; undefined while nothing is known. */
  readonly predictedWaitMs: number | undefined;
  /** Whether the model is in memory; undefined when the backend does not say. */
  readonly isLoaded: boolean | undefined;
  /** This request has waited for it already, as long as it may while another could serve. */
  readonly hasWaited: boolean;
  /** What the request needs and this one has not. */
  readonly lacks: Lack | undefined;
  /** Until its quota has room for the request; 0 now, Infinity never. */
  readonly quotaWaitMs: number;
}

/** A window that is long enough, eyes, hands, a way to read what the input refers to. */
export type Lack = 'context' | 'vision' | 'tools' | 'input';

/** The backends that the caller named: the only one, and those that are out of the question. */
export interface Pinning {
  readonly only?: string;
  readonly never: readonly string[];
}

export interface RouteRules {
  readonly strategy: Strategy;
  readonly pinning: Pinning;
  readonly isLocalOnly: boolean;
  /** Whether the cloud may still be paid for. */
  readonly maySpend: boolean;
  /** What is left of the key's own budget for the cloud. */
  readonly budget: 'none' | 'left' | 'spent';
  readonly cold: System['cold'];
  readonly spill: System['spill'];
}

/** Why a better candidate was passed over. */
type PassedOver =
  | 'residency'
  | 'pin'
  | Lack
  | 'breaker'
  | 'spend'
  | 'budget'
  | 'unpriced'
  | 'quota'
  | 'cold'
  | 'queue'
  | 'wait';

/** One place to try. */
export interface Choice {
  readonly candidate: Candidate;
  readonly residency: Residency;
  /** How long it may be waited for in the queue, and how many may already wait there. */
  readonly waitMsMax: number;
  readonly queueMax: number;
  /** The better candidates that were passed over, in their order. */
  readonly passedOver: readonly Refusal[];
  /** The best of them on each host, where its model is not in memory: two may not have room. */
  readonly cold: readonly Candidate[];
}

/** A candidate that is not asked, or not yet. */
export interface Refusal {
  readonly backend: string;
  readonly why: PassedOver;
  /** Until it may be asked, where that is known. */
  readonly waitMs?: number;
}

export interface Route {
  readonly choices: readonly Choice[];
  /** Every candidate that is not to be called, and why. */
  readonly refused: readonly Refusal[];
}

/** Whether any of those who may demand it demand that nothing leaves the house. */
export const isLocalOnly = (...demands: readonly (ResidencyRule | undefined)[]): boolean =>
  demands.includes('local-only');

/** The patience with a backend that nothing can stand in for. */
const patientWaitMsMax = 60_000;
export const patientQueueMax = 64;

/** Orders the candidates. */
export const route = (candidates: readonly CandidateState[], rules: RouteRules): Route => {
  const judged = preferred(candidates, rules.strategy).map((state) => ({
    state,
    why: objection(state, rules),
  }));
  const patient = { waitMsMax: patientWaitMsMax, queueMax: patientQueueMax };
  const choiceOf = (
    { candidate, residency }: CandidateState,
    at: number,
    bounds: Pick<Choice, 'waitMsMax' | 'queueMax'>,
  ): Choice => ({
    candidate,
    residency,
    ...bounds,
    passedOver: judged
      .slice(0, at)
      .flatMap(({ state, why }) => (why && !isForbidden(why) ? [refusalOf(state, why)] : [])),
    cold: firstOfEachHost(
      judged.slice(0, at).flatMap(({ state, why }) => (why === 'cold' ? [state.candidate] : [])),
    ),
  });
  const atOnce = judged.flatMap(({ state, why }, at) =>
    why === undefined ? [choiceOf(state, at, rules.spill)] : [],
  );
  const later = judged.flatMap(({ state, why }, at) =>
    why && mayWait(why) ? [choiceOf(state, at, patient)] : [],
  );
  const choices = [...atOnce, ...later];
  const only = choices[0];

  return {
    // Nowhere to spill to: the one choice is waited for.
    choices: only && choices.length === 1 ? [{ ...only, ...patient }] : choices,
    refused: judged.flatMap(({ state, why }) =>
      why && !mayWait(why) ? [refusalOf(state, why)] : [],
    ),
  };
};

const objection = (state: CandidateState, rules: RouteRules): PassedOver | undefined => {
  if (rules.isLocalOnly && state.residency !== 'local') return 'residency';
  const { backend } = state.candidate;
  const { only = backend, never } = rules.pinning;
  if (only !== backend || never.includes(backend)) return 'pin';
  if (state.lacks) return state.lacks;
  if (!state.mayServe) return 'breaker';
  const unpaid = moneyObjection(state, rules);
  if (unpaid) return unpaid;
  if (state.quotaWaitMs > 0) return 'quota';
  if (rules.cold === 'spill' && state.isLoaded === false) return 'cold';
  if (state.hasFreeSlot) return undefined;
  if (state.hasWaited) return 'wait';
  if (state.queuedCount >= rules.spill.queueMax) return 'queue';
  if ((state.predictedWaitMs ?? 0) > rules.spill.waitMsMax) return 'wait';
  return undefined;
};

/** Why what the candidate costs may not be spent now. */
export const moneyObjection = (
  { residency, costUsd }: Pick<CandidateState, 'residency' | 'costUsd'>,
  { maySpend, budget }: Pick<RouteRules, 'maySpend' | 'budget'>,
): 'spend' | 'budget' | 'unpriced' | undefined => {
  if (residency !== 'cloud') return undefined;
  if (!maySpend) return 'spend';
  if (budget === 'spent') return 'budget';
  // Money that nobody can count cannot be held to a budget.
  return budget === 'left' && costUsd === undefined ? 'unpriced' : undefined;
};

const firstOfEachHost = (candidates: readonly Candidate[]): readonly Candidate[] =>
  candidates.filter(
    ({ backend }, at) => candidates.findIndex((it) => it.backend === backend) === at,
  );

const refusalOf = ({ candidate, quotaWaitMs }: CandidateState, why: PassedOver): Refusal => ({
  backend: candidate.backend,
  why,
  ...(why === 'quota' && { waitMs: quotaWaitMs }),
});

/** What was never to be asked has not been passed over. */
const isForbidden = (why: PassedOver): boolean => why === 'residency' || why === 'pin';

const mayWait = (why: PassedOver): boolean => why === 'cold' || why === 'queue' || why === 'wait';
