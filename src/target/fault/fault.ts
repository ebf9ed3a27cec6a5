/**
 * Faults: named ways of going wrong, described as data and decided without clock or socket.
 *
 *     accept ──▶ request head ──▶ response head ──▶ token ──▶ token ──▶ … ──▶ end
 *       │             │                 │             │
 *     connect      headers         first-token    mid-stream, after `afterTokens` or `afterBytes`
 *
 * The relay tells the decision where an attempt stands; the decision says what happens to it. The
 * same decisions act on sockets and in virtual time.
 */

/** Where in an attempt a fault acts. */
export type FaultMoment = 'connect' | 'headers' | 'first-token' | 'mid-stream';

/** The words that belong to one kind or another, read from the file: durations in milliseconds. */
export interface FaultWords {
  readonly delayMs?: number;
  readonly jitterMs?: number;
  readonly stallMs?: number;
  readonly holdMs?: number;
  readonly tokensPerSecond?: number;
  readonly bytesPerSecond?: number;
  readonly segmentBytes?: number;
  readonly slowdown?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly preset?: string;
  readonly form?: string;
  readonly location?: string;
  readonly command?: readonly string[];
  readonly heal?: readonly string[];
}

/** What is done: the name of a kind, and the words it was given. */
export interface FaultAction extends FaultWords {
  readonly kind: string;
}

/** One turn of one session, both from 1; of any workload unless one is named by its index. */
export interface FaultAddress {
  readonly workload?: number;
  readonly session: number;
  readonly turn: number;
}

/** When a fault is there: from one instant until another, or again and again in between. */
export interface FaultWindow {
  readonly from: number;
  readonly until: number;
  /** A square wave: in each period, counted from `from`, it is there for so long. */
  readonly wave?: { readonly periodMs: number; readonly lastsMs: number };
}

/** A fault as the timeline holds it: everything resolved, instants since the arm's origin. */
export interface PlannedFault extends FaultWindow {
  /** Its index in the scenario. */
  readonly index: number;
  readonly backend: string;
  /** Which of the backend's addresses, from 1; each of them when absent. */
  readonly path?: number;
  readonly action: FaultAction;
  readonly when: FaultMoment;
  readonly afterTokens: number;
  /** In place of tokens: bytes of the answer, its head included, that pass before it acts. */
  readonly afterBytes?: number;
  /** A delay in milliseconds, or a token rate, that goes from one value to another meanwhile. */
  readonly ramp?: { readonly from: number; readonly to: number };
  readonly address?: FaultAddress;
  /** Share of eligible attempts it acts on, drawn per attempt from the seed. */
  readonly probabilityRatio: number;
  /** How often it may act at most. */
  readonly timesMax: number;
}
