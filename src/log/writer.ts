/**
 * Appends a run log to a file.
 *
 * Each entry is handed to the operating system as it comes: a few microseconds in the one thread
 * that measures nothing, and nothing is lost when the process dies. A disk that fails is told by a
 * signal at once, for the run to stop, and by `close` once. After that nothing more is written, and
 * what the file holds by then is still a readable log.
 */

import { closeSync, openSync, writeSync } from 'node:fs';

import { encodeLine } from './codec.ts';
import type { LogEntry, Manifest } from './entry.ts';
import { LogError } from './log-error.ts';

export interface LogWriter extends AsyncDisposable {
  /** Takes an entry. Never throws: see `failed`. */
  write(entry: Manifest | LogEntry): void;
  /** Aborts with a `LogError` when the file takes no more. */
  readonly failed: AbortSignal;
  /** Rejects when an entry could not be written. */
  close(): Promise<void>;
}

/** Creates the file, which must not exist: a log is never written over. */
export const openLogWriter = async (path: string): Promise<LogWriter> => {
  try {
    return logWriterOn(path, openSync(path, 'ax'));
  } catch (cause) {
    throw writeError(path, cause);
  }
};

/** Writes to a file that is open already; `path` is what errors call it. */
export const logWriterOn = (path: string, descriptor: number): LogWriter => {
  const failing = new AbortController();
  let isOpen = true;
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (cause) {
      failing.abort(writeError(path, cause));
    }
  };
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    attempt(() => closeSync(descriptor));
    failing.signal.throwIfAborted();
  };

  return {
    failed: failing.signal,
    close,
    [Symbol.asyncDispose]: close,
    write: (entry) => {
      if (!isOpen || failing.signal.aborted) return;
      const line = Buffer.from(`${encodeLine(entry)}\n`);
      attempt(() => {
        for (let done = 0; done < line.length;) done += writeSync(descriptor, line, done);
      });
    },
  };
};

const hints: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space, or write the run somewhere else.',
  EDQUOT: 'The disk quota is used up: free some space, or write the run somewhere else.',
  EACCES: 'Choose a folder that you may write to.',
  EROFS: 'The file system is read-only: write the run somewhere else.',
  ENOENT: 'The folder does not exist: create it first.',
  EEXIST: 'A log is never written over: choose a folder of its own for each run.',
};

const writeError = (path: string, cause: unknown): LogError => {
  const code =
    cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const why = cause instanceof Error ? cause.message : String(cause);
  return new LogError(
    `${path}: the run log cannot be written: ${why}`,
    hints[code] ?? 'Look at the disk, or write the run somewhere else.',
    { cause },
  );
};
