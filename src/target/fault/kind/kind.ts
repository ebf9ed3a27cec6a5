/**
 * What every way of going wrong says of itself, in a file of its own beside this one.
 *
 * A kind is data: its words in the scenario file, the moments it can act at, and the action it
 * plans. What the action does to bytes is in `relay.ts`, to events in `virtual-shim.ts`.
 */

import type { FaultAction, FaultMoment } from '../fault.ts';

/** The words that belong to one kind or another, read from the file: durations in milliseconds. */
export interface FaultWords {
  readonly delayMs?: number;
  readonly stallMs?: number;
  readonly tokensPerSecond?: number;
  readonly bytesPerSecond?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A word as the scenario file spells it. */
export type FaultKey =
  | 'delay'
  | 'stall'
  | 'tokensPerSecond'
  | 'bytesPerSecond'
  | 'status'
  | 'headers'
  | 'body';

export interface FaultKind {
  readonly kind: FaultAction['kind'];
  /** The moments it can act at; the first is the default. */
  readonly moments: readonly [FaultMoment, ...FaultMoment[]];
  /** Tokens that pass before it acts in the middle of a stream, unless the file says otherwise. */
  readonly afterTokens: number;
  /** One of these words must be given. Empty: none is needed. */
  readonly needs: readonly FaultKey[];
  /** These may be given besides. */
  readonly may: readonly FaultKey[];
  action(words: FaultWords): FaultAction;
  /** What it does, for people: `resets the connection`. */
  describe(words: FaultWords): string;
}
