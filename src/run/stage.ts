/**
 * A stage is a part of the run that owns a thread: the backends with their shims, the proxy, or the
 * load. It is opened with plain data, says where it can be reached, reports log entries, and closes
 * everything it opened.
 *
 * The same code runs in a worker and, with `threads: 0`, in the caller's own thread.
 */

import type { LogEntry } from '../log/entry.ts';
import type { Random } from '../random/random.ts';
import type { Clock } from '../time/clock.ts';
import type { Answer } from './correspondence.ts';

/** Entries as a stage makes them; the conductor knows the arm. */
export type StageEntry = LogEntry extends infer Entry
  ? Entry extends { readonly arm: string }
    ? Omit<Entry, 'arm'>
    : Entry
  : never;

export interface StageContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: (entry: StageEntry) => void;
  /** Asks the conductor for what only another stage can do. */
  readonly ask: Answer;
}

export interface OpenedStage<Info> {
  readonly info: Info;
  /** Told by the conductor while the stage is open: begin, stop starting, stop at once. */
  tell?(message: string, value?: unknown): void;
  /** Does what it is asked, and says what came of it. */
  readonly answer?: Answer;
  /** Settles when the stage has done what it was opened for; a stage that only serves has none. */
  readonly done?: Promise<void>;
  close(): Promise<void>;
}

export type Stage<Input, Info> = (
  input: Input,
  context: StageContext,
) => Promise<OpenedStage<Info>>;
