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
 * | `mid-stream`  | that has forwarded its head and `afterTokens` tokens, or so many    |
 * |               | bytes                                                               |
 *
 * Instants are milliseconds since the arm's origin.
 */

import { readTrace } from '../../protocol/trace.ts';
import type { Random } from '../../random/random.ts';
import type { FaultWords, PlannedFault } from './fault.ts';
import { kindOf } from './kind/list.ts';
import type { Framing } from './outlet.ts';
import { endsAt, isWithin, opensAfter } from './window.ts';

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
  /** The fault's words as they are at this instant. */
  readonly words: FaultWords;
  /** When the window it acts in ends. */
  readonly until: number;
}

/** What is remembered of a fault while it is armed. */
interface Armed {
  /** Its place in the order in which faults were armed: names its chance. */
  readonly ordinal: number;
  acted: number;
  /** The exchanges whose first attempt an addressed fault has seen. */
  readonly met: Set<string>;
}

/** The faults of one backend in one arm, with what they have done so far. */
export class FaultDecision {
  readonly #armed = new Map<PlannedFault, Armed>();
  readonly #random: Random;
  readonly #attemptsOf = new Map<string, number>();
  #attempts = 0;
  #ordinals = 0;

  constructor(faults: readonly PlannedFault[], random: Random) {
    this.#random = random;
    for (const fault of faults) this.arm(fault);
  }

  /** One more fault, unspent: for attempts that begin, and for those that are open. */
  arm(fault: PlannedFault): void {
    this.#armed.set(fault, { ordinal: this.#ordinals++, acted: 0, met: new Set() });
  }

  /** The fault acts no more. What it has done to an attempt stays done. */
  disarm(fault: PlannedFault): void {
    this.#armed.delete(fault);
  }

  /** The outage that is there now: nobody gets through to the port. */
  outageAt(now: number): PlannedFault | undefined {
    return [...this.#armed.keys()].find(
      (fault) =>
        isOutage(fault) && kindOf(fault.action).outage !== 'frozen' && isWithin(fault, now),
    );
  }

  /**
   * An attempt begins; it is told apart by its place in the order until its name is known. It may
   * come over a connection that was used before.
   */
  attempt(isReused = false): AttemptFaults {
    this.#attempts++;
    return new AttemptFaults(`attempt ${this.#attempts}`, isReused, {
      armed: () => this.#armed.keys(),
      isMeant: (fault, name) => this.#isMeant(fault, name),
      labelOf: (name) => this.#labelOf(name),
      isDrawn: (fault, label) =>
        fault.probabilityRatio >= 1 || this.#draw(fault, label) < fault.probabilityRatio,
      wordsOf: (fault, label, now) =>
        wordsAt(fault, now, () => this.#draw(fault, `jitter ${label}`)),
      maySpend: (fault) => (this.#armed.get(fault)?.acted ?? 0) < fault.timesMax,
      take: (fault) => this.take(fault),
    });
  }

  #draw(fault: PlannedFault, label: string): number {
    return this.#random.fork(`${this.#armed.get(fault)?.ordinal} ${label}`).next();
  }

  /** The next instant after `now` at which a window opens; undefined when none will. */
  nextWindowAt(now: number): number | undefined {
    const instants = [...this.#armed.keys()]
      .filter(({ address }) => !address)
      .map((fault) => opensAfter(fault, now))
      .filter((instant) => instant !== undefined);
    return instants.length === 0 ? undefined : Math.min(...instants);
  }

  /** Counts one act of the fault; false when it has acted as often as it may. */
  take(fault: PlannedFault): boolean {
    const armed = this.#armed.get(fault);
    if (!armed || armed.acted >= fault.timesMax) return false;
    armed.acted++;
    return true;
  }

  /**
   * Names an attempt by whose turn it is and which attempt here, because the random part of an id
   * is not the same in two runs of one seed. Of a stranger's request the ids are all there is.
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
    const met = this.#armed.get(fault)?.met;
    if (!met || met.has(name.trace)) return false;
    met.add(name.trace);
    return true;
  }
}

/** What an attempt asks of the faults of its backend. */
interface Judge {
  armed(): Iterable<PlannedFault>;
  labelOf(name: AttemptName): string;
  isMeant(fault: PlannedFault, name: AttemptName): boolean;
  isDrawn(fault: PlannedFault, label: string): boolean;
  wordsOf(fault: PlannedFault, label: string, now: number): FaultWords;
  maySpend(fault: PlannedFault): boolean;
  take(fault: PlannedFault): boolean;
}

/** The faults as one attempt meets them. Each acts on it once at most. */
export class AttemptFaults {
  readonly #judge: Judge;
  readonly #isReused: boolean;
  /** Those that have had their moment here. */
  readonly #past = new Set<PlannedFault>();
  /** The addressed ones that mean this attempt. */
  readonly #meant = new Set<PlannedFault>();
  #label: string;
  #stage: 'connect' | 'headers' | 'streaming' | 'over' = 'connect';
  #tokens = 0;
  #toolTokens = 0;
  #bytes = 0;
  #isNamed = false;
  #isAsk = true;
  #isHeadAtHand = false;
  #isReadable = false;
  #isTokenAtHand = false;

  constructor(label: string, isReused: boolean, judge: Judge) {
    this.#label = label;
    this.#isReused = isReused;
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

  /** How the answer is to be framed for the faults that may still act on it. */
  get framing(): Framing {
    const kinds = this.#left()
      .filter((fault) => this.#judge.maySpend(fault))
      .filter(({ action }) => kindOf(action).sees === 'frames');
    if (kinds.length === 0) return 'as-is';
    return kinds.some(({ action }) => action.form === 'close') ? 'close' : 'chunked';
  }

  /** Bytes of the answer that may pass before a fault wants to be asked. */
  get bytesToTrigger(): number {
    let bytes = Number.POSITIVE_INFINITY;
    for (const { afterBytes } of this.#left())
      if (afterBytes !== undefined && afterBytes > this.#bytes)
        bytes = Math.min(bytes, afterBytes - this.#bytes);
    return bytes;
  }

  /** The connection was accepted, or a pooled one is used again. */
  onConnect(now: number): readonly Act[] {
    return this.#decide(now);
  }

  /** The request's head has been read and not yet forwarded. */
  onRequestHead(name: AttemptName | undefined, now: number, isAsk = true): readonly Act[] {
    if (this.#stage === 'connect') this.#stage = 'headers';
    this.#isNamed = true;
    this.#isAsk = isAsk;
    if (name) this.#label = this.#judge.labelOf(name);
    if (name)
      for (const fault of this.#judge.armed())
        if (fault.address && this.#judge.isMeant(fault, name)) this.#meant.add(fault);
    return this.#decide(now);
  }

  /** The response's head has been read and not yet forwarded; its frames may be readable. */
  onResponseHead(now: number, isReadable = true): readonly Act[] {
    this.#isHeadAtHand = true;
    this.#isReadable = isReadable;
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

  /** The `tokens`-th token has been forwarded; it may have been a piece of a tool call. */
  onToken(tokens: number, now: number, isInTool = false): readonly Act[] {
    this.#tokens = tokens;
    if (isInTool) this.#toolTokens++;
    return this.#decide(now);
  }

  /** So many more bytes of the answer have been forwarded. */
  onBytes(bytes: number, now: number): readonly Act[] {
    this.#bytes += bytes;
    return this.#decide(now);
  }

  /** Time has passed: a window may have opened. */
  onTime(now: number): readonly Act[] {
    return this.#decide(now);
  }

  /** Those that may still act here. */
  #left(): readonly PlannedFault[] {
    const left: PlannedFault[] = [];
    for (const fault of this.#judge.armed()) {
      const kind = kindOf(fault.action);
      const { isProcess = false, isOnReuse = false, isOnFresh = false } = kind;
      const isBeside = isProcess || (kind.onBox !== undefined && kind.outage === undefined);
      const isOnSuch = this.#isReused ? !isOnFresh : !isOnReuse;
      const isElsewhere = fault.address !== undefined && this.#isNamed && !this.#meant.has(fault);
      if (!isBeside && isOnSuch && !isElsewhere && !this.#past.has(fault)) left.push(fault);
    }
    return left;
  }

  #decide(now: number): readonly Act[] {
    const acts: Act[] = [];
    for (const fault of this.#left()) {
      if (this.#stage === 'over') break;
      if (!isWithin(fault, now) || !this.#isAtMoment(fault)) continue;
      this.#past.add(fault);
      if (!this.#judge.isDrawn(fault, this.#label) || !this.#judge.take(fault)) continue;
      if (kindOf(fault.action).isFatal) this.#stage = 'over';
      acts.push({
        fault,
        tokensBefore: this.#tokens,
        words: this.#judge.wordsOf(fault, this.#label, now),
        until: endsAt(fault, now),
      });
    }
    return acts;
  }

  #isAtMoment(fault: PlannedFault): boolean {
    const { when, action, address, afterTokens, afterBytes } = fault;
    const kind = kindOf(action);
    // Until the head is read nobody knows whose attempt it is.
    if (address && this.#stage === 'connect') return false;
    if (isOutage(fault) && kind.outage !== 'full') return true;
    if (kind.sees === 'frames' && !(this.#isHeadAtHand ? this.#isReadable : this.#isAsk))
      return false;
    switch (when) {
      case 'connect':
        return this.#stage === (address ? 'headers' : 'connect');
      case 'headers':
        return this.#stage === 'headers' && (kind.waitsForHead !== true || this.#isHeadAtHand);
      case 'first-token':
        return this.#isTokenAtHand;
      case 'mid-stream':
        if (afterBytes !== undefined) return this.#isHeadAtHand && this.#bytes >= afterBytes;
        if (kind.isInTool) return this.#toolTokens >= Math.max(1, afterTokens);
        return this.#stage === 'streaming' && this.#tokens >= afterTokens;
    }
  }
}

/** Nobody gets through while its window lasts, whoever asks. */
export const isOutage = (fault: PlannedFault): boolean =>
  kindOf(fault.action).outage !== undefined &&
  fault.address === undefined &&
  fault.probabilityRatio >= 1 &&
  fault.timesMax === Number.POSITIVE_INFINITY;

/** The words of a fault at an instant: where its ramp has got to, and how much it jitters. */
const wordsAt = (fault: PlannedFault, now: number, draw: () => number): FaultWords => {
  const { action, ramp, from, until } = fault;
  const { kind: _, ...words } = action;
  const ratio = Math.min(1, Math.max(0, (now - from) / (until - from)));
  const ramped = ramp === undefined ? undefined : ramp.from + (ramp.to - ramp.from) * ratio;
  if (ramped !== undefined && fault.action.kind === 'slow')
    return { ...words, tokensPerSecond: ramped };
  const delayMs = ramped ?? words.delayMs;
  if (delayMs === undefined) return words;
  const jitterMs = words.jitterMs === undefined ? 0 : (2 * draw() - 1) * words.jitterMs;
  return { ...words, delayMs: Math.max(0, delayMs + jitterMs) };
};
