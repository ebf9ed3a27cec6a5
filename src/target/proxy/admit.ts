/**
 * Finds a request its place: asks the router where it may go now, and waits for a slot there.
 *
 * Every wait ends: with a slot, with the client's leaving, or at its deadline, after which the
 * router is asked again with what has become known. The second wait is the last.
 */

import type { Candidate } from '../../system/system.ts';
import type { Clock } from '../../time/clock.ts';
import type { Backend } from './backend.ts';
import { type Choice, type Refusal, type RouteRules, route } from './router.ts';

export interface AdmitInput {
  readonly clock: Clock;
  readonly backends: ReadonlyMap<string, Backend>;
  /** Candidates not tried yet, best first. */
  readonly candidates: readonly Candidate[];
  /** Asked again after each wait, because money may have run out. */
  readonly rules: () => RouteRules;
  readonly gone: AbortSignal;
  /** Told of each candidate that is passed over because its model is not in memory. */
  readonly onCold: (candidate: Candidate) => void;
}

export type Admitted =
  | {
      readonly kind: 'admitted';
      readonly choice: Choice;
      readonly backend: Backend;
      /** To be given back with the slot. */
      readonly slotAt: number;
    }
  | { readonly kind: 'refused'; readonly refused: readonly AdmitRefusal[] }
  | { readonly kind: 'gone' };

export type AdmitRefusal = Refusal | { readonly backend: string; readonly why: 'full' };

/** Waits for a place, if there may be one. */
export const admit = async (input: AdmitInput): Promise<Admitted> => {
  const waits = new Map<Candidate, number>();
  for (;;) {
    if (input.gone.aborted) return { kind: 'gone' };
    const candidates = input.candidates.filter((candidate) => (waits.get(candidate) ?? 0) < 2);
    const states = candidates.flatMap((candidate) => {
      const backend = input.backends.get(candidate.backend);
      return backend ? [{ ...backend.state(candidate), hasWaited: waits.has(candidate) }] : [];
    });
    const { choices, refused } = route(states, input.rules());
    const [choice] = choices;
    const backend = choice && input.backends.get(choice.candidate.backend);
    if (!choice || !backend) {
      const full = [...waits.keys()].map(({ backend }) => ({ backend, why: 'full' as const }));
      return { kind: 'refused', refused: [...refused, ...full] };
    }
    for (const { backend: name, why } of choice.passedOver) {
      const cold = why === 'cold' && candidates.find((candidate) => candidate.backend === name);
      if (cold) input.onCold(cold);
    }
    const now = input.clock.now();
    const slotAt = backend.admission.enter(now) ? now : await waitForSlot(backend, choice, input);
    if (slotAt !== undefined && backend.mayServe && !input.gone.aborted)
      return { kind: 'admitted', choice, backend, slotAt };
    // Granted too late: the circuit has opened, or nobody waits any more.
    if (slotAt !== undefined) backend.admission.leave(slotAt, input.clock.now());
    else waits.set(choice.candidate, (waits.get(choice.candidate) ?? 0) + 1);
  }
};

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
