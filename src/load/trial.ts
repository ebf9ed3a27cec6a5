/**
 * The trials of a failover suite: which there are, in which order, and how one is played.
 *
 *     wait ──▶ control ──▶ straight ──▶ arm ──▶ faulted ──▶ disarm ──▶ settle … settle
 *     (a random phase)                  └─ one exchange alone ─┘       until the primary serves
 *
 * Rows are shuffled by the seed, so that nothing that drifts during a run favours one of them.
 * Trials mostly wait, so several lanes may be played side by side; lanes never meet.
 *
 * The driver knows no transport: asking and arming are somebody else's business, so a suite plays
 * in virtual time as it does on the wire.
 */

import { shuffled } from '../random/distribution.ts';
import type { Random } from '../random/random.ts';
import type { Clock } from '../time/clock.ts';

/** One repetition of one row. */
export interface Trial {
  /** From 1, in the order in which trials begin. */
  readonly number: number;
  /** Index of the row. */
  readonly row: number;
  /** Part of the row's longest wait that passes before it. */
  readonly phaseRatio: number;
}

/** Every row as often as it is to be repeated, in the order the seed gives. */
export const planTrials = (repetitions: readonly number[], random: Random): readonly Trial[] => {
  const rows = repetitions.flatMap((times, row) => Array.from({ length: times }, () => row));
  const phases = random.fork('phases');
  return shuffled(random.fork('order'), rows).map((row, at) => ({
    number: at + 1,
    row,
    phaseRatio: phases.next(),
  }));
};

/** What an exchange of a trial is for, as the log says it. */
export interface TrialAsk {
  readonly trial: number;
  /** Absent where the row has nothing to do with it. */
  readonly row?: number;
  readonly role: 'faulted' | 'control' | 'straight' | 'settle';
}

/** What an exchange tells the driver. */
export interface TrialAnswer {
  /** Whether the primary alone answered, and whole. */
  readonly isPrimary: boolean;
}

export interface TrialParts {
  readonly trials: readonly Trial[];
  readonly lanes: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The longest wait before a trial of a row. */
  readonly phaseMsMax: (row: number) => number;
  /** Pause between two exchanges that ask whether the primary serves again. */
  readonly settleMs: number;
  readonly settleMsMax: number;
  /** Makes one exchange; never rejects, whatever becomes of it. */
  readonly ask: (lane: number, trial: Trial, asked: TrialAsk) => Promise<TrialAnswer>;
  /** Rows of one group ask the same model: whether its primary serves is asked once for all. */
  readonly groupOf: (row: number) => number;
  /**
   * When a row's proxy is begun anew: after the trial, since it rightly stays away for long; or
   * before it as well, so that nothing is connected.
   */
  readonly freshOf: (row: number) => 'before' | 'after' | undefined;
  /** Begins the proxy of a lane anew; false where it cannot be. */
  readonly renew: (lane: number) => Promise<boolean>;
  /** Resolves once the fault of the row is in force. */
  readonly arm: (lane: number, trial: Trial) => Promise<void>;
  readonly disarm: (lane: number, trial: Trial) => Promise<void>;
}

/** A lane whose primary stays away for so many trials is given up. */
const unsettledMax = 3;

/** A suite whose primary never served. */
class TrialError extends Error {
  override readonly name = 'TrialError';
  readonly hint = 'See that the first candidate of the model answers, and raise `settleFor`.';
}

/** Plays the trials, each lane one at a time, until none is left or the signal aborts. */
export const driveTrials = async (parts: TrialParts): Promise<void> => {
  const waiting = [...parts.trials];
  const lanes = Math.min(parts.lanes, waiting.length);
  await Promise.all(Array.from({ length: lanes }, (_, lane) => driveLane(lane, waiting, parts)));
  if (!parts.signal.aborted && waiting.length === parts.trials.length && waiting.length > 0)
    throw new TrialError('no trial was played: the primary never served');
};

/** A lane, and the groups whose primary is known to serve in it. */
interface Lane {
  readonly number: number;
  readonly ready: Set<number>;
}

const driveLane = async (number: number, waiting: Trial[], parts: TrialParts): Promise<void> => {
  const { signal, groupOf } = parts;
  const lane: Lane = { number, ready: new Set() };
  let unsettled = 0;
  while (!signal.aborted && unsettled < unsettledMax) {
    const [next] = waiting;
    if (!next) return;
    if (!(await prepare(lane, next, parts))) {
      unsettled++;
      continue;
    }
    // Another lane may have taken it meanwhile.
    const at = waiting.findIndex(({ row }) => lane.ready.has(groupOf(row)));
    const [trial] = at < 0 ? [] : waiting.splice(at, 1);
    if (!trial) continue;
    await play(lane, trial, parts);
    unsettled = (await recover(lane, trial, parts)) ? 0 : unsettled + 1;
  }
};

/** Sees that the primary of a trial's group serves, unless that is known. */
const prepare = async (lane: Lane, trial: Trial, parts: TrialParts): Promise<boolean> => {
  const group = parts.groupOf(trial.row);
  if (lane.ready.has(group)) return true;
  if (!(await settle(lane, trial, { trial: trial.number, role: 'settle' }, parts))) return false;
  lane.ready.add(group);
  return true;
};

const play = async (lane: Lane, trial: Trial, parts: TrialParts): Promise<void> => {
  const { clock, signal, ask, arm, disarm, phaseMsMax, freshOf } = parts;
  const { number, row } = trial;
  await rest(clock, trial.phaseRatio * phaseMsMax(row), signal);
  if (!signal.aborted) await ask(lane.number, trial, { trial: number, role: 'control' });
  if (!signal.aborted) await ask(lane.number, trial, { trial: number, row, role: 'straight' });
  if (signal.aborted) return;
  if (freshOf(row) === 'before') await renew(lane, parts);
  await arm(lane.number, trial);
  try {
    await ask(lane.number, trial, { trial: number, row, role: 'faulted' });
  } finally {
    await disarm(lane.number, trial);
  }
};

/** What follows a trial: the primary serves again, or a proxy that knows nothing takes over. */
const recover = async (lane: Lane, trial: Trial, parts: TrialParts): Promise<boolean> => {
  const { number, row } = trial;
  if (parts.freshOf(row) !== undefined && (await renew(lane, parts))) return true;
  if (await settle(lane, trial, { trial: number, row, role: 'settle' }, parts)) return true;
  return !parts.signal.aborted && (await renew(lane, parts));
};

const renew = async (lane: Lane, parts: TrialParts): Promise<boolean> => {
  const isRenewed = await parts.renew(lane.number);
  if (isRenewed) lane.ready.clear();
  return isRenewed;
};

/** Asks until the primary serves; false when it did not in time. */
const settle = async (
  lane: Lane,
  trial: Trial,
  asked: TrialAsk,
  parts: TrialParts,
): Promise<boolean> => {
  const { clock, signal, settleMs, settleMsMax, ask } = parts;
  const until = clock.now() + settleMsMax;
  while (!signal.aborted) {
    const { isPrimary } = await ask(lane.number, trial, asked);
    if (isPrimary) return true;
    if (clock.now() >= until) return false;
    await rest(clock, settleMs, signal);
  }
  return false;
};

const rest = async (clock: Clock, ms: number, signal: AbortSignal): Promise<void> => {
  if (ms > 0) await clock.sleep(ms, signal).catch(() => undefined);
};
