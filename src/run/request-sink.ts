/** Where the proxy's log of requests goes: stderr, or a file that is appended to. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

import { RunError } from './run-error.ts';

export interface RequestLogInput {
  readonly level: 'off' | 'error' | 'info';
  readonly format: 'json' | 'text';
  /** stderr when absent. */
  readonly file?: string;
}

export interface RequestSink {
  write(line: string): void;
  close(): Promise<void>;
}

/** Opens it. Throws a `RunError` when the file cannot be written. */
export const openRequestSink = async (file: string | undefined): Promise<RequestSink> => {
  if (file === undefined)
    return {
      write: (line) => void process.stderr.write(`${line}\n`),
      close: async () => undefined,
    };
  const stream = createWriteStream(file, { flags: 'a' });
  try {
    await once(stream, 'open');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint = 'Name a file that may be written in `log.file`.';
    throw new RunError(`the log cannot be opened: ${reason}`, hint, { cause });
  }
  let isTold = false;
  stream.on('error', (error) => {
    // A full disk must not end the service; one line says that the log has ended.
    if (!isTold) process.stderr.write(`log: ${error.message}\n`);
    isTold = true;
  });
  return {
    write: (line) => void stream.write(`${line}\n`),
    close: () => new Promise((resolve) => void stream.end(() => resolve())),
  };
};
