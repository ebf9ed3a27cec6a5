/** What checkers look things up in. */

import type { Attempt, Exchange, Generation } from '../../src/log/entry.ts';
import type { SeenTurn, SwarmRun } from './swarm-run.ts';

/** The run, sorted for looking things up. */
export interface Ground {
  readonly run: SwarmRun;
  readonly exchanges: ReadonlyMap<string, Exchange>;
  readonly attempts: readonly Attempt[];
  readonly generations: readonly Generation[];
  /** The turn whose answer has this id. */
  readonly turnOf: ReadonlyMap<string, SeenTurn>;
}

/** Says what it should not have found. */
export type Checker = (ground: Ground) => readonly string[];

/** A turn, for people. */
export const nameOf = ({ question }: SeenTurn): string => `s${question.session} t${question.turn}`;
