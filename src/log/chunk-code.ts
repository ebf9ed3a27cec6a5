/** Chunk timings in little room: see the functions. */

/** What kind of piece arrived. */
export type Channel = 'text' | 'reasoning' | 'arguments' | 'refusal';

export interface Chunk {
  /** Instant since the run's origin. */
  readonly at: number;
  readonly channel: Channel;
}
