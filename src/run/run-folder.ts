/** The folder a run leaves behind: `reports/<date>-<scenario>-<id>/`. */

import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { RunError } from './run-error.ts';

/** Makes the folder for a run; `latest` beside it points to it. */
export const openRunFolder = (
  reports: string,
  name: string,
  startedAt: Date,
  runId: string,
): string => {
  const stamp = startedAt.toISOString().replaceAll(/[-:]/g, '').slice(0, 15);
  const folder = join(reports, `${stamp}-${name}-${runId}`);
  try {
    makeFolder(folder);
  } catch (cause) {
    const hint = `Check that ${reports} is a folder you may write to and the disk is not full.`;
    throw new RunError(`cannot make the run folder ${folder}: ${reasonOf(cause)}`, hint, { cause });
  }
  pointLatestTo(folder);
  return folder;
};

/** Writes the rendered files: all of them, or, on a disk that is full, none. */
export const writeFiles = (
  folder: string,
  files: ReadonlyMap<string, string | Uint8Array>,
): void => {
  const paths = [...files.keys()].map((name) => join(folder, name));
  try {
    for (const [name, content] of files) {
      const path = join(folder, name);
      makeFolder(dirname(path));
      writeFileSync(partOf(path), content);
    }
    for (const path of paths) renameSync(partOf(path), path);
  } catch (cause) {
    for (const path of paths) rmSync(partOf(path), { recursive: true, force: true });
    const hint = `The log is kept; free some space and run: spillway report ${folder}`;
    throw new RunError(`cannot write the report: ${reasonOf(cause)}`, hint, { cause });
  }
};

/** What a file is called until all are written. */
const partOf = (path: string): string => `${path}.part`;

/** Step by step: Node's own `recursive` never returns below a folder like `/proc`. */
const makeFolder = (folder: string): void => {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
};

/** A convenience: where links are not to be had, there is none. */
const pointLatestTo = (folder: string): void => {
  const link = join(dirname(folder), 'latest');
  try {
    rmSync(link, { force: true });
    symlinkSync(basename(folder), link);
  } catch {
    // Some file systems and Windows accounts have no symbolic links.
  }
};

const reasonOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause);
