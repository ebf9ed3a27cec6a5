/**
 * Where the proxy's log of requests goes: stderr, or a file that is appended to.
 *
 * Where requests are lines of JSON on stderr, so is all else that is said there, or a program that
 * reads it would stumble over the first word meant for people.
 */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

import type { Clock } from '../time/clock.ts';
import { RunError } from './run-error.ts';

export interface RequestLogInput {
  readonly level: 'off' | 'error' | 'info';
  readonly format: 'json' | 'text';
  /** stderr when absent. */
  readonly file?: string;
}

export interface RequestSink {
  write(line: string): void;
  /** Goes on in a new file where the old one has been moved away. */
  reopen(): void;
  close(): Promise<void>;
}

/** Says something on stderr that is not about one request. */
export type Notice = (message: string, level?: 'info' | 'error') => void;

/** Whether stderr is read by a program: requests are told there, as JSON. */
export const isStderrJson = (input: RequestLogInput | undefined): boolean =>
  input?.format === 'json' && input.file === undefined && input.level !== 'off';

/** Notices in the form that the log of requests has on stderr. */
export const noticesBeside =
  (input: RequestLogInput | undefined, clock: Pick<Clock, 'wall'>): Notice =>
  (message, level = 'info') => {
    const time = new Date(clock.wall()).toISOString();
    const line = isStderrJson(input)
      ? JSON.stringify({ time, level, event: 'notice', message })
      : message;
    process.stderr.write(`${line}\n`);
  };

/** Opens it. Throws a `RunError` when the file cannot be written. */
export const openRequestSink = async (file: string | undefined): Promise<RequestSink> => {
  if (file === undefined)
    return {
      write: (line) => void process.stderr.write(`${line}\n`),
      reopen: () => undefined,
      close: async () => undefined,
    };
  let stream = createWriteStream(file, { flags: 'a' });
  try {
    await once(stream, 'open');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = 'Name a file that may be written in `log.file`.';
    throw new RunError(`the log cannot be opened: ${reason}`, hint, { cause });
  }
  stream.on('error', tell);
  return {
    write: (line) => void stream.write(`${line}\n`),
    reopen() {
      stream.end();
      stream = createWriteStream(file, { flags: 'a' }).on('error', tell);
    },
    close: () => new Promise((resolve) => void stream.end(() => resolve())),
  };
};

/**
 * A full disk must not end the service; a stream that has failed takes no more, and says so once.
 */
const tell = (error: Error): void => {
  process.stderr.write(`log: ${error.message}; requests are logged no more\n`);
};
