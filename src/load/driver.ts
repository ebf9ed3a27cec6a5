/**
 * The driver: begins sessions when the plan says so.
 *
 * Open and scripted loads never wait for a response. A session that would exceed `inFlightMax` is
 * dropped and counted, never delayed: a delay would hide the queue it is caused by. In a closed
 * loop each virtual user begins a session when its last one has ended.
 *
 * The driver knows no transport: `play` performs a session and resolves whatever becomes of it. A
 * `play` that rejects while nobody stopped it is our own bug, and ends the load.
 */

import { type Clock, sleepUntil } from '../time/clock.ts';
import type { LoadSpec } from './schema.ts';

export interface DriverParts {
  readonly load: LoadSpec;
  /** From `planStarts`, moved to the clock: instants of `clock`, in order. */
  readonly starts: readonly number[];
  /** The instant from which no session begins any more. */
  readonly untilAt: number;
  readonly clock: Clock;
  /** Plays the session of this number, from 1, to its end or to the signal's abort. */
  readonly play: (number: number, scheduledAt: number, signal: AbortSignal) => Promise<void>;
  /** Told of a session that was not begun because too many were in flight. */
  readonly drop: (number: number, scheduledAt: number) => void;
  /** Stops the load; sessions in flight are told. */
  readonly signal: AbortSignal;
}

export interface DriverResult {
  /** Sessions begun. */
  readonly started: number;
  readonly dropped: number;
}

/** Sessions at once when the scenario sets no bound. */
const inFlightMaxDefault = 1000;

/** A user's sessions begin at least this far apart, lest a target that fails be hammered. */
export const sessionGapMs = 100;

/** Drives a load to its end: no session begins any more and none is in flight. */
export const driveLoad = async (parts: DriverParts): Promise<DriverResult> => {
  const broken = new AbortController();
  const signal = AbortSignal.any([parts.signal, broken.signal]);
  const failures: unknown[] = [];
  const play = async (number: number, scheduledAt: number): Promise<void> => {
    try {
      await parts.play(number, scheduledAt, signal);
    } catch (error) {
      // What goes wrong because the load was stopped is no failure.
      if (signal.aborted) return;
      failures.push(error);
      broken.abort(error);
    }
  };
  const result =
    parts.load.kind === 'closed'
      ? await driveClosed(parts, play, signal)
      : await driveOpen(parts, parts.load, play, signal);
  if (failures.length > 0) throw failures[0];

  return result;
};

/** Never rejects; resolves when the session is over. */
type Play = (number: number, scheduledAt: number) => Promise<void>;

const driveOpen = async (
  { starts, untilAt, clock, drop }: DriverParts,
  load: Exclude<LoadSpec, { kind: 'closed' }>,
  play: Play,
  signal: AbortSignal,
): Promise<DriverResult> => {
  const inFlightMax = (load.kind === 'open' && load.inFlightMax) || inFlightMaxDefault;
  const inFlight = new Set<Promise<void>>();
  let started = 0;
  let dropped = 0;

  for (const [at, scheduledAt] of starts.entries()) {
    if (scheduledAt >= untilAt) break;
    await rest(clock, scheduledAt, signal);
    if (signal.aborted) break;

    const number = at + 1;
    if (inFlight.size >= inFlightMax) {
      dropped++;
      drop(number, scheduledAt);
      continue;
    }
    started++;
    const session = play(number, scheduledAt).finally(() => inFlight.delete(session));
    inFlight.add(session);
  }
  await Promise.all(inFlight);

  return { started, dropped };
};

const driveClosed = async (
  { starts, untilAt, clock }: DriverParts,
  play: Play,
  signal: AbortSignal,
): Promise<DriverResult> => {
  let started = 0;
  const drive = async (user: number, startAt: number): Promise<void> => {
    let scheduledAt = startAt;
    for (let round = 0; scheduledAt < untilAt; round++) {
      await rest(clock, scheduledAt, signal);
      if (signal.aborted) return;

      started++;
      await play(user + 1 + round * starts.length, scheduledAt);
      scheduledAt = Math.max(clock.now(), scheduledAt + sessionGapMs);
    }
  };
  await Promise.all(starts.map((startAt, user) => drive(user, startAt)));

  return { started, dropped: 0 };
};

/** Waits for an instant or for the signal; not at all for an instant that has passed. */
const rest = async (clock: Clock, instant: number, signal: AbortSignal): Promise<void> => {
  if (instant <= clock.now() || signal.aborted) return;

  try {
    await sleepUntil(clock, instant, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
};
