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

const driveLane = async (lane: number, waiting: Trial[], parts: TrialParts): Promise<void> => {
  const { signal } = parts;
  const [first] = waiting;
  if (!first || !(await settle(lane, first, { trial: first.number, role: 'settle' }, parts)))
    return;
  let unsettled = 0;
  while (!signal.aborted && unsettled < unsettledMax) {
    const trial = waiting.shift();
    if (!trial) return;
    await play(lane, trial, parts);
    if (signal.aborted) return;
    const asked = { trial: trial.number, row: trial.row, role: 'settle' } as const;
    unsettled = (await settle(lane, trial, asked, parts)) ? 0 : unsettled + 1;
  }
};

const play = async (lane: number, trial: Trial, parts: TrialParts): Promise<void> => {
  const { clock, signal, ask, arm, disarm, phaseMsMax } = parts;
  await rest(clock, trial.phaseRatio * phaseMsMax(trial.row), signal);
  const { number, row } = trial;
  if (!signal.aborted) await ask(lane, trial, { trial: number, role: 'control' });
  if (!signal.aborted) await ask(lane, trial, { trial: number, row, role: 'straight' });
  if (signal.aborted) return;
  await arm(lane, trial);
  try {
    await ask(lane, trial, { trial: number, row, role: 'faulted' });
  } finally {
    await disarm(lane, trial);
  }
};

/** Asks until the primary serves; false when it did not in time. */
const settle = async (
  lane: number,
  trial: Trial,
  asked: TrialAsk,
  parts: TrialParts,
): Promise<boolean> => {
  const { clock, signal, settleMs, settleMsMax, ask } = parts;
  const until = clock.now() + settleMsMax;
  while (!signal.aborted) {
    const { isPrimary } = await ask(lane, trial, asked);
    if (isPrimary) return true;
    if (clock.now() >= until) return false;
    await rest(clock, settleMs, signal);
  }
  return false;
};

const rest = async (clock: Clock, ms: number, signal: AbortSignal): Promise<void> => {
  if (ms > 0) await clock.sleep(ms, signal).catch(() => undefined);
};
