/**
 * Finds a request its place: asks the router where it may go now, and waits for a slot there.
 *
 * Every wait ends: with a slot, with the client's leaving, or at its deadline, after which the
 * router is asked again with what has become known. The second wait is the last. Where nothing but
 * a quota stands in the way, and only for a moment, that moment is waited for too. And where nobody
 * is left but backends that are shut out, they are asked whether they are back before it is said
 * that nobody can serve.
 */

import type { Candidate } from '../../system/system.ts';
import type { Clock } from '../../time/clock.ts';
import type { Backend } from './backend.ts';
import {
  type CandidateState,
  type Choice,
  type Refusal,
  type RouteRules,
  moneyObjection,
  route,
} from './router.ts';

export interface AdmitInput {
  readonly clock: Clock;
  readonly backends: ReadonlyMap<string, Backend>;
  /** Candidates not tried yet, as the file has them. */
  readonly candidates: readonly Candidate[];
  readonly stateOf: (candidate: Candidate, backend: Backend) => Omit<CandidateState, 'hasWaited'>;
  /** Asked again after each wait, because money may have run out. */
  readonly rules: () => RouteRules;
  /** What the request is charged against a backend's quota of tokens. */
  readonly tokensOf: (backend: Backend) => number;
  readonly gone: AbortSignal;
  /** Told of the candidate that is to be asked, in the moment in which that is decided. */
  readonly onAdmitted: (candidate: Candidate, backend: Backend) => void;
  /** Told of each on another host that is passed over because its model is not in memory. */
  readonly onCold: (candidate: Candidate) => void;
}

export type Admitted =
  | {
      readonly kind: 'admitted';
      readonly choice: Choice;
      readonly backend: Backend;
      /** The next in line, should this one fail. */
      readonly standby: Backend | undefined;
      /** To be given back with the slot. */
      readonly slotAt: number;
    }
  | { readonly kind: 'refused'; readonly refused: readonly AdmitRefusal[] }
  | { readonly kind: 'gone' };

export type AdmitRefusal =
  | Refusal
  | { readonly backend: string; readonly why: 'full'; readonly waitMs?: number };

const waitsMax = 2;
/** After a longer wait for a slot, it is looked again whether the model is still in memory. */
const lookAgainMs = 150;

/** Waits for a place, if there may be one. */
export const admit = async (input: AdmitInput): Promise<Admitted> => {
  const { clock, backends } = input;
  const waits = new Map<Candidate, number>();
  let quotaWaits = 0;
  let isRevived = false;
  for (;;) {
    if (input.gone.aborted) return { kind: 'gone' };
    const candidates = input.candidates.filter((it) => (waits.get(it) ?? 0) < waitsMax);
    const states = candidates.flatMap((candidate) => {
      const backend = backends.get(candidate.backend);
      if (!backend) return [];
      return [{ ...input.stateOf(candidate, backend), hasWaited: waits.has(candidate) }];
    });
    const rules = input.rules();
    const { choices, refused } = route(states, rules);
    const [choice, next] = choices;
    const backend = choice && backends.get(choice.candidate.backend);
    if (!choice || !backend) {
      const shutOut = refused.filter(({ why }) => why === 'breaker').map((it) => it.backend);
      if (!isRevived && shutOut.length > 0) {
        isRevived = true;
        await revive(
          candidates.filter((it) => shutOut.includes(it.backend)),
          backends,
        );
        continue;
      }
      const quotaMs = soonest(refused);
      if (quotaMs <= rules.spill.waitMsMax && quotaWaits++ < waitsMax) {
        await clock.sleep(quotaMs, input.gone).catch(() => undefined);
        continue;
      }
      const full = [...waits.keys()].map(({ backend }) => ({ backend, why: 'full' as const }));
      return { kind: 'refused', refused: [...refused, ...full] };
    }
    const looks = [
      ...notLookedAt(choice, states, backends).map((it) => it.lookAtModels()),
      ...whoReads(backend, rules),
    ];
    if (looks.length > 0) {
      await Promise.all(looks);
      continue;
    }
    for (const cold of choice.cold) if (cold.backend !== backend.system.name) input.onCold(cold);
    const now = clock.now();
    const slotAt = backend.admission.enter(now) ? now : await waitForSlot(backend, choice, input);
    if (slotAt === undefined) {
      waits.set(choice.candidate, (waits.get(choice.candidate) ?? 0) + 1);
      continue;
    }
    // What was in memory before the wait need not be there after it.
    if (slotAt - now >= lookAgainMs) await backend.lookAtModels();
    const state = states.find(({ candidate }) => candidate === choice.candidate);
    const isGone = state?.isLoaded !== false && backend.isLoaded(choice.candidate.model) === false;
    if (isGone && rules.cold === 'spill') {
      backend.admission.leave(slotAt, clock.now());
      continue;
    }
    const tokens = input.tokensOf(backend);
    const isPayable = !state || moneyObjection(state, input.rules()) === undefined;
    if (isStillGood(choice, backend, tokens, clock.now()) && isPayable && !input.gone.aborted) {
      backend.quota.charge(tokens, clock.now());
      input.onAdmitted(choice.candidate, backend);
      const standby = next && backends.get(next.candidate.backend);
      return { kind: 'admitted', choice, backend, standby, slotAt };
    }
    // Granted too late: what the choice rests on holds no longer, or nobody waits any more.
    backend.admission.leave(slotAt, clock.now());
  }
};

/**
 * Whoever is to be asked is looked at first, whatever has brought it to the front; and so is
 * whoever is passed over because its model was not in memory when it was looked at last.
 */
const notLookedAt = (
  { candidate, cold }: Choice,
  states: readonly CandidateState[],
  backends: AdmitInput['backends'],
): readonly Backend[] => {
  const away = states.filter(({ isLoaded }) => isLoaded === false).map((it) => it.candidate);
  const concerned = away.includes(candidate) ? away : [candidate, ...cold];
  return concerned.flatMap(({ backend }) => {
    const it = backends.get(backend);
    return it?.needsLook === true ? [it] : [];
  });
};

/** What is to stay at home is not sent before the backend was asked which models it passes on. */
const whoReads = (backend: Backend, { isLocalOnly }: RouteRules): readonly Promise<void>[] => {
  if (!backend.needsAbilities) return [];
  const learning = backend.learnAbilities();
  return isLocalOnly ? [learning] : [];
};

/** While it was waited for, a circuit opens, a quota is used up, a model turns out to be remote. */
const isStillGood = (
  { candidate: { model }, residency }: Choice,
  backend: Backend,
  tokens: number,
  now: number,
): boolean =>
  backend.quota.waitMs(tokens, now) === 0 &&
  backend.mayServeModel(model) &&
  backend.residencyOf(model) === residency;

/** Nobody else can serve: a circuit that is open may be probed at once. */
const revive = async (
  candidates: readonly Candidate[],
  backends: AdmitInput['backends'],
): Promise<void> => {
  await Promise.all(
    candidates.flatMap((candidate) => {
      const backend = backends.get(candidate.backend);
      return backend ? [backend.revive(candidate)] : [];
    }),
  );
};

/** How long until some quota has room again, where nothing else stands in the way. */
const soonest = (refused: readonly Refusal[]): number =>
  Math.min(...refused.map(({ waitMs }) => waitMs ?? Number.POSITIVE_INFINITY));

/** The instant at which a slot was granted; undefined when it was not in time. */
const waitForSlot = (
  { admission }: Backend,
  { queueMax, waitMsMax }: Choice,
  { clock, gone }: Pick<AdmitInput, 'clock' | 'gone'>,
): Promise<number | undefined> =>
  new Promise((resolve) => {
    const settle = (slotAt: number | undefined): void => {
      timer[Symbol.dispose]();
      gone.removeEventListener('abort', giveUp);
      resolve(slotAt);
    };
    const ticket = admission.queue(queueMax, settle);
    const giveUp = (): void => {
      if (ticket?.giveUp() !== false) settle(undefined);
    };
    const timer = clock.at(clock.now() + waitMsMax, giveUp);
    gone.addEventListener('abort', giveUp, { once: true });
    if (!ticket) giveUp();
  });
