/**
 * Reads a run log, also one that was cut.
 *
 * A run that was killed leaves a log whose last line is half a line. Everything before it counts.
 * Only the first line is indispensable: without the manifest nothing can be said about the rest.
 */

import { createReadStream } from 'node:fs';

import { parseLine, parseManifest } from './codec.ts';
import type { LogEntry, Manifest } from './entry.ts';
import { LogError } from './log-error.ts';

/** A run log in memory. */
export interface RunLog {
  readonly manifest: Manifest;
  readonly entries: LogEntry[];
  /** Whether the log has its `end`. */
  readonly isWhole: boolean;
  /** Lines that could not be read. */
  readonly cutLines: number;
}

/** Reads the whole file; throws `LogError` when it is not there or has no manifest. */
export const readLog = async (path: string): Promise<RunLog> => {
  let manifest: Manifest | undefined;
  const entries: LogEntry[] = [];
  let cutLines = 0;
  try {
    for await (const line of linesOf(path)) {
      if (!manifest) {
        manifest = parseManifest(line);
        if (!manifest) break;
        continue;
      }
      const entry = parseLine(line);
      if (entry) entries.push(entry);
      else cutLines++;
    }
  } catch (cause) {
    throw readError(path, cause);
  }
  if (!manifest) {
    throw new LogError(
      `${path}: expected a manifest in the first line of a run log, found none that can be read`,
      'Give the log.ndjson of a run folder. A log cut within its first line holds nothing yet.',
    );
  }

  return { manifest, entries, isWhole: entries.some(({ kind }) => kind === 'end'), cutLines };
};

/** Split here, because `readline` also splits at U+2028, which JSON leaves as it is. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = '';
  const stream: AsyncIterable<string> = createReadStream(path, 'utf8');
  for await (const piece of stream) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
  }
  if (rest !== '') yield rest;
}

const readError = (path: string, cause: unknown): LogError => {
  const isFolder = cause instanceof Error && 'code' in cause && cause.code === 'EISDIR';
  const why = cause instanceof Error ? cause.message : String(cause);
  return new LogError(
    `${path}: the run log cannot be read: ${why}`,
    isFolder
      ? 'This is a folder: give the log.ndjson in it.'
      : 'Give the log.ndjson of a run folder.',
    { cause },
  );
};
