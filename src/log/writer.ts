/**
 * Appends a run log to a file.
 *
 * Entries are kept in memory until the file has taken the ones before them, and no more than
 * `bufferBytesMax` of them: a caller who awaits `write` is held back by a slow disk. A disk that
 * fails is reported once, to whoever asks first; after that nothing more is written, and what the
 * file holds by then is still a readable log.
 */

import { type FileHandle, open } from 'node:fs/promises';

import { encodeLine } from './codec.ts';
import type { LogEntry, Manifest } from './entry.ts';
import { LogError } from './log-error.ts';

export interface LogWriter extends AsyncDisposable {
  /** Takes entries, in order. Resolves when there is room for more. */
  write(entries: readonly (Manifest | LogEntry)[]): Promise<void>;
  /** Resolves when the file has everything that was taken. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const bufferBytesMax = 4 * 1024 * 1024;

/** Creates the file, which must not exist: a log is never written over. */
export const openLogWriter = async (path: string): Promise<LogWriter> => {
  try {
    return logWriterOn(path, await open(path, 'ax'));
  } catch (cause) {
    throw writeError(path, cause);
  }
};

/** Writes to a file that is open already; `path` is what errors call it. */
export const logWriterOn = (path: string, file: FileHandle): LogWriter =>
  new FileLogWriter(path, file);

class FileLogWriter implements LogWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #pump: Promise<void> | undefined;
  #failure: LogError | undefined;
  #isDead = false;
  #isClosed = false;

  constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  async write(entries: readonly (Manifest | LogEntry)[]): Promise<void> {
    if (entries.length > 0 && !this.#isDead && !this.#isClosed) {
      for (const entry of entries) {
        const line = `${encodeLine(entry)}\n`;
        this.#waiting.push(line);
        this.#waitingBytes += line.length;
      }
      this.#pump ??= this.#drain();
      if (this.#waitingBytes > bufferBytesMax) await this.#pump;
    }
    this.#tellFailure();
  }

  async flush(): Promise<void> {
    await this.#pump;
    this.#tellFailure();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#pump;
    await this.#file.close().catch((cause: unknown) => this.#fail(cause));
    this.#tellFailure();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const text = this.#waiting.join('');
        this.#waiting = [];
        this.#waitingBytes = 0;
        await this.#file.writeFile(text);
      }
    } catch (cause) {
      this.#fail(cause);
    }
    this.#pump = undefined;
  }

  #fail(cause: unknown): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#failure = writeError(this.#path, cause);
  }

  #tellFailure(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
  }
}

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
