/**
 * The schedule: when sessions begin, fixed before anything is sent.
 *
 * Lateness of a session is measured against these instants, so they must not depend on how the run
 * goes. In a closed loop only the first session of each virtual user has one.
 */

import type { Random } from '../random/random.ts';
import { parseDuration } from '../time/duration.ts';
import {
  type ArrivalProcess,
  constantArrivals,
  gammaArrivals,
  poissonArrivals,
} from './arrival.ts';
import type { LoadSpec } from './schema.ts';

/** A load that cannot be planned as written. */
class LoadError extends Error {
  override readonly name = 'LoadError';
  readonly hint: string;

  constructor(problem: string, hint: string) {
    super(problem);
    this.hint = hint;
  }
}

export interface PlanParts {
  /** The run's stream for this workload's load. */
  readonly random: Random;
  /** No session begins at this instant or after it. */
  readonly horizonMs: number;
}

/** Users of a closed loop come within a second, not all at once. */
const staggerMs = 1000;

/** A plan is held in memory. */
const startCountMax = 1_000_000;

/** The instants, in milliseconds since the arm begins, at which sessions begin; in order. */
export const planStarts = (load: LoadSpec, { random, horizonMs }: PlanParts): readonly number[] => {
  switch (load.kind) {
    case 'open': {
      const gap = arrivalsOf(load, random.fork('arrivals'));
      return startsWhile(horizonMs, gap(), gap);
    }
    case 'scripted': {
      const everyMs = parseDuration(load.every) ?? 0;
      const starts = Array.from({ length: load.sessions }, (_, at) => at * everyMs);
      return starts.filter((start) => start < horizonMs);
    }
    case 'closed': {
      const stagger = random.fork('stagger');
      const withinMs = Math.min(staggerMs, horizonMs);
      const users = Array.from({ length: load.concurrentSessions });
      return users.map(() => stagger.next() * withinMs).toSorted((one, other) => one - other);
    }
  }
};

const arrivalsOf = (
  { sessionsPerSecond, arrivals }: Extract<LoadSpec, { kind: 'open' }>,
  random: Random,
): ArrivalProcess => {
  switch (arrivals?.kind) {
    case 'constant':
      return constantArrivals(sessionsPerSecond);
    case 'poisson':
      return poissonArrivals(sessionsPerSecond, random);
    case 'gamma':
    case undefined:
      return gammaArrivals(sessionsPerSecond, arrivals?.cv ?? officeCv, random);
  }
};

/** How people come within a busy hour: the median of ServeGen's rate-weighted windows. */
const officeCv = 1.2;

const startsWhile = (horizonMs: number, first: number, gap: ArrivalProcess): readonly number[] => {
  const starts: number[] = [];
  for (let at = first; at < horizonMs; at += gap()) {
    if (starts.length === startCountMax) {
      throw new LoadError(
        `expected at most ${startCountMax} sessions, found more within ${horizonMs / 1000} s`,
        'Lower `sessionsPerSecond` or shorten the phases.',
      );
    }
    starts.push(at);
  }
  return starts;
};
