/** SIGHUP: the file is read again, and what is running is not disturbed. */

import { writeSync } from 'node:fs';

import type { Hybrid } from '../run/hybrid.ts';
import type { Notice } from '../run/request-sink.ts';
import type { System } from '../system/system.ts';
import { describeRemarks } from './describe-system.ts';
import { explain } from './explain.ts';
import type { LoadedSystem } from './listen.ts';

export interface ReloadOptions {
  readonly hybrid: Pick<Hybrid, 'reload'>;
  /** Reads the file; throws what is wrong with it. */
  readonly load: () => LoadedSystem;
  /** What the command line says in place of the file. */
  readonly override: (system: System) => System;
  readonly tell: Notice;
}

/** Reads the file again. A mistake in it changes nothing. */
export const reload = ({ hybrid, load, override, tell }: ReloadOptions): void => {
  try {
    const { system, remarks } = load();
    const waiting = hybrid.reload(override(system));
    tell('reloaded; running answers end as they began');
    for (const key of waiting) tell(`\`${key}\` has changed: only a restart brings that about`);
    for (const line of describeRemarks(remarks)) tell(line);
  } catch (error) {
    tell(explain(error), 'error');
    tell('nothing was reloaded: the proxy goes on as before', 'error');
  }
};

/**
 * Calls `onHangUp` at each SIGHUP. It is also what a terminal sends when its window is closed; then
 * nothing can be written to it any more, and `onGone` is called.
 */
export const hangUps = (onHangUp: () => void, onGone: () => void): Disposable => {
  const listen = (): void => {
    if (process.stderr.isTTY && !canWrite()) onGone();
    else onHangUp();
  };
  process.on('SIGHUP', listen);
  return { [Symbol.dispose]: () => void process.off('SIGHUP', listen) };
};

const canWrite = (): boolean => {
  try {
    writeSync(process.stderr.fd, 'SIGHUP: reading the file again\n');
    return true;
  } catch {
    return false;
  }
};
