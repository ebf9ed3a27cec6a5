/**
 * Where a request may go, and in which order: a pure function of what is known of each candidate.
 *
 *     candidates ──residency──▶ permitted ──breaker, spend──▶ usable ──room, cold──▶ at once
 *                                                                 └─────────────────▶ with patience
 *
 * Residency is enforced here and nowhere else: what this function does not return cannot be called.
 * A candidate passed over for want of room, or because its model is not loaded, is healthy. It comes
 * after those that can serve at once, with more patience, since a slow answer beats none.
 */

import type { Candidate, Residency, System } from '../../system/system.ts';

/** What is known of a candidate at this moment. */
export interface CandidateState {
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
}

export interface RouteRules {
  readonly isLocalOnly: boolean;
  /** Whether the cloud may still be paid for. */
  readonly maySpend: boolean;
  readonly cold: System['cold'];
  readonly spill: System['spill'];
}

/** Why a better candidate was passed over. */
type PassedOver = 'residency' | 'breaker' | 'spend' | 'cold' | 'queue' | 'wait';

/** One place to try. */
export interface Choice {
  readonly candidate: Candidate;
  readonly residency: Residency;
  /** How long it may be waited for in the queue, and how many may already wait there. */
  readonly waitMsMax: number;
  readonly queueMax: number;
  /** The better candidates that were passed over, in their order. */
  readonly passedOver: readonly Refusal[];
}

/** A candidate that is not asked, or not yet. */
export interface Refusal {
  readonly backend: string;
  readonly why: PassedOver;
}

export interface Route {
  readonly choices: readonly Choice[];
  /** Every candidate that is not to be called, and why. */
  readonly refused: readonly Refusal[];
}

/** The patience with a backend that nothing can stand in for. */
const patientWaitMsMax = 60_000;
export const patientQueueMax = 64;

/** Orders the candidates. */
export const route = (candidates: readonly CandidateState[], rules: RouteRules): Route => {
  const judged = candidates.map((state) => ({ state, why: objection(state, rules) }));
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
      .flatMap(({ state, why }) =>
        why && why !== 'residency' ? [{ backend: state.candidate.backend, why }] : [],
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
      why && !mayWait(why) ? [{ backend: state.candidate.backend, why }] : [],
    ),
  };
};

const objection = (state: CandidateState, rules: RouteRules): PassedOver | undefined => {
  if (rules.isLocalOnly && state.residency !== 'local') return 'residency';
  if (!state.mayServe) return 'breaker';
  if (state.residency === 'cloud' && !rules.maySpend) return 'spend';
  if (rules.cold === 'spill' && state.isLoaded === false) return 'cold';
  if (state.hasFreeSlot) return undefined;
  if (state.hasWaited) return 'wait';
  if (state.queuedCount >= rules.spill.queueMax) return 'queue';
  if ((state.predictedWaitMs ?? 0) > rules.spill.waitMsMax) return 'wait';
  return undefined;
};

const mayWait = (why: PassedOver): boolean => why === 'cold' || why === 'queue' || why === 'wait';
