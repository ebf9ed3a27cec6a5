/**
 * Decides what happens to each attempt, and when: the one judge of sockets and of virtual time.
 *
 * An attempt passes through stages. The adapter reports each step; the decision answers with an act
 * or with nothing. It holds no timer and draws chance from a fork named after the attempt, so that
 * neither the order of attempts nor their number changes what happens to any one of them.
 *
 *     connect ──request head──▶ headers ──response head──▶ streaming ──token──▶ streaming …
 *
 * | `when`        | acts on an attempt                                                  |
 * | ------------- | ------------------------------------------------------------------- |
 * | `connect`     | as it begins                                                        |
 * | `headers`     | that waits for its response head; a delay once that head is at hand |
 * | `first-token` | whose first token is at hand                                        |
 * | `mid-stream`  | that has forwarded its head and `afterTokens` tokens                |
 *
 * Instants are milliseconds since the arm's origin.
 */

import { readTrace } from '../../protocol/trace.ts';
import type { Random } from '../../random/random.ts';
import type { PlannedFault } from './fault.ts';

/** Who an attempt is, as its `traceparent` says. */
export interface AttemptName {
  readonly trace: string;
  readonly span: string;
}

/** A fault acts on an attempt. The last of several may end it, none before that. */
export interface Act {
  readonly fault: PlannedFault;
  /** Tokens the attempt had forwarded. */
  readonly tokensBefore: number;
}

/** The faults of one backend in one arm, with what they have done so far. */
export class FaultDecision {
  readonly #faults: readonly PlannedFault[];
  readonly #random: Random;
  readonly #acted = new Map<PlannedFault, number>();
  /** The exchanges whose first attempt each addressed fault has seen. */
  readonly #met = new Map<PlannedFault, Set<string>>();
  readonly #attemptsOf = new Map<string, number>();
  #attempts = 0;

  constructor(faults: readonly PlannedFault[], random: Random) {
    this.#faults = faults;
    this.#random = random;
  }

  /** An attempt begins; it is told apart by its place in the order until its name is known. */
  attempt(): AttemptFaults {
    this.#attempts++;
    return new AttemptFaults(this.#faults, `attempt ${this.#attempts}`, {
      isMeant: (fault, name) => this.#isMeant(fault, name),
      labelOf: (name) => this.#labelOf(name),
      isDrawn: (fault, label) =>
        fault.probabilityRatio >= 1 ||
        this.#random.fork(`${this.#faults.indexOf(fault)} ${label}`).next() <
          fault.probabilityRatio,
      take: (fault) => this.take(fault),
    });
  }

  /** The next instant after `now` at which a window opens; undefined when none will. */
  nextWindowAt(now: number): number | undefined {
    const instants = this.#faults
      .map(({ from, address }) => (address ? 0 : from))
      .filter((from) => from > now);
    return instants.length === 0 ? undefined : Math.min(...instants);
  }

  /** Counts one act of the fault; false when it has acted as often as it may. */
  take(fault: PlannedFault): boolean {
    const acted = this.#acted.get(fault) ?? 0;
    if (acted >= fault.timesMax) return false;
    this.#acted.set(fault, acted + 1);
    return true;
  }

  /**
   * Names an attempt by whose turn it is and which attempt here, because the random part of an id is
   * not the same in two runs of one seed. Of a stranger's request the ids are all there is.
   */
  #labelOf({ trace, span }: AttemptName): string {
    const parts = readTrace(trace);
    if (!parts) return `${trace} ${span}`;
    const turn = `w${parts.workload} s${parts.session} t${parts.turn}`;
    const before = this.#attemptsOf.get(trace) ?? 0;
    this.#attemptsOf.set(trace, before + 1);
    return `${turn} attempt ${before + 1}`;
  }

  /** Whether this is the first attempt here of an exchange that the fault's address names. */
  #isMeant(fault: PlannedFault, name: AttemptName): boolean {
    const parts = readTrace(name.trace);
    const { address } = fault;
    if (!parts || !address) return false;
    if (address.workload !== undefined && address.workload !== parts.workload) return false;
    if (address.session !== parts.session || address.turn !== parts.turn) return false;
    const met = this.#met.get(fault) ?? new Set<string>();
    this.#met.set(fault, met);
    if (met.has(name.trace)) return false;
    met.add(name.trace);
    return true;
  }
}

/** What an attempt asks of the faults of its backend. */
interface Judge {
  labelOf(name: AttemptName): string;
  isMeant(fault: PlannedFault, name: AttemptName): boolean;
  isDrawn(fault: PlannedFault, label: string): boolean;
  take(fault: PlannedFault): boolean;
}

/** The faults as one attempt meets them. Each acts on it once at most. */
export class AttemptFaults {
  readonly #judge: Judge;
  #label: string;
  /** Those that may still act here. */
  #left: readonly PlannedFault[];
  #stage: 'connect' | 'headers' | 'streaming' | 'over' = 'connect';
  #tokens = 0;
  #isNamed = false;
  #isHeadAtHand = false;
  #isTokenAtHand = false;

  constructor(faults: readonly PlannedFault[], label: string, judge: Judge) {
    this.#left = faults;
    this.#label = label;
    this.#judge = judge;
  }

  /** Tokens forwarded so far. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Whether the request has been seen: what ends the attempt is no refusal any more. */
  get isConnected(): boolean {
    return this.#isNamed;
  }

  /** The connection was accepted, or a pooled one is used again. */
  onConnect(now: number): readonly Act[] {
    return this.#decide(now);
  }

  /** The request's head has been read and not yet forwarded. */
  onRequestHead(name: AttemptName | undefined, now: number): readonly Act[] {
    if (this.#stage === 'connect') this.#stage = 'headers';
    this.#isNamed = true;
    if (name) this.#label = this.#judge.labelOf(name);
    this.#left = this.#left.filter(
      (fault) => !fault.address || (name !== undefined && this.#judge.isMeant(fault, name)),
    );
    return this.#decide(now);
  }

  /** The response's head has been read and not yet forwarded. */
  onResponseHead(now: number): readonly Act[] {
    this.#isHeadAtHand = true;
    return this.#decide(now);
  }

  /** The response's head has been forwarded. */
  onHeadForwarded(now: number): readonly Act[] {
    if (this.#stage === 'headers') this.#stage = 'streaming';
    return this.#decide(now);
  }

  /** The first token has been read and not yet forwarded. */
  onFirstToken(now: number): readonly Act[] {
    this.#isTokenAtHand = true;
    const acts = this.#decide(now);
    this.#isTokenAtHand = false;
    return acts;
  }

  /** The `tokens`-th token has been forwarded. */
  onToken(tokens: number, now: number): readonly Act[] {
    this.#tokens = tokens;
    return this.#decide(now);
  }

  /** Time has passed: a window may have opened. */
  onTime(now: number): readonly Act[] {
    return this.#decide(now);
  }

  #decide(now: number): readonly Act[] {
    const acts: Act[] = [];
    for (const fault of this.#left) {
      if (this.#stage === 'over') break;
      if (now < fault.from || now >= fault.until || !this.#isAtMoment(fault)) continue;
      this.#left = this.#left.filter((it) => it !== fault);
      if (!this.#judge.isDrawn(fault, this.#label) || !this.#judge.take(fault)) continue;
      if (endsAttempt(fault)) this.#stage = 'over';
      acts.push({ fault, tokensBefore: this.#tokens });
    }
    return acts;
  }

  #isAtMoment(fault: PlannedFault): boolean {
    const { when, action, address, afterTokens } = fault;
    // Until the head is read nobody knows whose attempt it is.
    if (address && this.#stage === 'connect') return false;
    if (isOutage(fault)) return true;
    switch (when) {
      case 'connect':
        return this.#stage === (address ? 'headers' : 'connect');
      case 'headers':
        return this.#stage === 'headers' && (action.kind !== 'delay' || this.#isHeadAtHand);
      case 'first-token':
        return this.#isTokenAtHand;
      case 'mid-stream':
        return this.#stage === 'streaming' && this.#tokens >= afterTokens;
    }
  }
}

/** A refusal of everything: nothing listens while its window lasts, and what was open is reset. */
export const isOutage = (fault: PlannedFault): boolean =>
  fault.action.kind === 'refuse' &&
  fault.address === undefined &&
  fault.probabilityRatio >= 1 &&
  fault.timesMax === Number.POSITIVE_INFINITY;

/** Whether nothing more of the attempt reaches anybody once the fault has acted. */
const endsAttempt = ({ action }: PlannedFault): boolean => {
  switch (action.kind) {
    case 'refuse':
    case 'silent':
    case 'reset':
    case 'cut':
    case 'reject':
      return true;
    case 'delay':
    case 'stall':
    case 'slow':
      return false;
  }
};
