/**
 * Faults: named ways of going wrong, described as data and decided without clock or socket.
 *
 *     accept ──▶ request head ──▶ response head ──▶ token ──▶ token ──▶ … ──▶ end
 *       │             │                 │             │
 *     connect      headers         first-token    mid-stream, after `afterTokens`
 *
 * The relay tells the decision where an attempt stands; the decision says what happens to it. The
 * same decisions act on sockets and in virtual time.
 */

/** Where in an attempt a fault acts. */
export type FaultMoment = 'connect' | 'headers' | 'first-token' | 'mid-stream';

/** What is done to the attempt. */
export type FaultAction =
  | { readonly kind: 'refuse' } // no connection; pooled sockets are reset
  | { readonly kind: 'silent' } // accepts, never answers
  | { readonly kind: 'delay'; readonly delayMs: number } // before the response headers
  | { readonly kind: 'stall'; readonly stallMs: number } // mid-stream, for a time
  | { readonly kind: 'slow'; readonly tokensPerSecond?: number; readonly bytesPerSecond?: number }
  | { readonly kind: 'reset' } // RST
  | { readonly kind: 'cut' } // FIN
  | {
      readonly kind: 'reject';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    };

/** One turn of one session, both from 1; of any workload unless one is named by its index. */
export interface FaultAddress {
  readonly workload?: number;
  readonly session: number;
  readonly turn: number;
}

/** A fault as the timeline holds it: everything resolved, instants since the arm's origin. */
export interface PlannedFault {
  /** Its index in the scenario. */
  readonly index: number;
  readonly backend: string;
  readonly action: FaultAction;
  readonly when: FaultMoment;
  readonly afterTokens: number;
  /** The window, or everything for an addressed fault. */
  readonly from: number;
  readonly until: number;
  readonly address?: FaultAddress;
  /** Share of eligible attempts it acts on, drawn per attempt from the seed. */
  readonly probabilityRatio: number;
  /** How often it may act at most. */
  readonly timesMax: number;
}
