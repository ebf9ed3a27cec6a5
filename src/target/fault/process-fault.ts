/**
 * Faults done by commands: one breaks something as a window opens, one mends it as it closes.
 *
 *     ── healed before the run ──┤ command ├── … ──┤ heal ├── … ── healed at the end, always ──
 *
 * Mending must be safe to do twice: it is tried before the run, so that a run that could not be
 * mended never begins, and done once more however the run ends. Commands never overlap.
 */

import { spawn } from 'node:child_process';

import type { FaultAct } from '../../log/entry.ts';
import type { Clock } from '../../time/clock.ts';
import { FaultError } from './fault-error.ts';
import type { PlannedFault } from './fault.ts';
import { kindOf } from './kind/list.ts';
import { endsAt, opensAfter } from './window.ts';

export interface ProcessFaultParts {
  readonly faults: readonly PlannedFault[];
  readonly clock: Clock;
  /** The run's arm is added by the receiver. */
  readonly emit: (entry: Omit<FaultAct, 'arm'>) => void;
}

export interface ProcessFaults {
  /** The arm begins at this instant of the clock. */
  arm(origin: number): void;
  /** Ends what still runs, and mends everything. Rejects when something could not be mended. */
  close(): Promise<void>;
}

/** A command that takes longer is killed: a run must end. */
const commandMsMax = 10_000;

/** Whether a fault is done by commands. */
export const isProcessFault = (fault: PlannedFault): boolean =>
  kindOf(fault.action).isProcess === true;

/** Mends everything once. Throws a `FaultError` for the first command that fails. */
export const healOnce = async (faults: readonly PlannedFault[], clock: Clock): Promise<void> => {
  const commands = faults.flatMap(({ action }) => (action.heal ? [action.heal] : []));
  for (const [, heal] of new Map(commands.map((it) => [JSON.stringify(it), it])))
    await execute(heal, clock);
};

/** Watches the windows of process faults. The heal commands are tried before, with `healOnce`. */
export const openProcessFaults = ({ faults, clock, emit }: ProcessFaultParts): ProcessFaults => {
  const timers = new Set<Disposable>();
  let isClosed = false;
  /** What is being done, one thing at a time. */
  let work: Promise<void> = Promise.resolve();

  const at = (instant: number, run: () => void): void => {
    const timer = clock.at(instant, () => {
      timers.delete(timer);
      run();
    });
    timers.add(timer);
  };
  const then = (task: () => Promise<void>): void => {
    // A command that failed did nothing: its act is missing from the log, and the run invalid.
    work = work.then(task).catch(() => undefined);
  };
  const watch = (fault: PlannedFault, origin: number, from: number): void => {
    at(origin + from, () => {
      then(() => act(fault));
      const { heal } = fault.action;
      const until = endsAt(fault, from);
      if (heal && until < Number.POSITIVE_INFINITY)
        at(origin + until, () => then(() => execute(heal, clock)));
      const next = opensAfter(fault, from);
      if (next !== undefined) watch(fault, origin, next);
    });
  };
  const act = async ({ index, action, backend }: PlannedFault): Promise<void> => {
    if (isClosed) return;
    const actedAt = clock.now();
    await execute(action.command ?? [], clock);
    emit({ kind: 'act', fault: index, what: action.kind, backend, at: actedAt });
  };

  return {
    arm: (origin) => {
      for (const fault of faults.filter(isProcessFault)) watch(fault, origin, fault.from);
    },
    close: async () => {
      isClosed = true;
      for (const timer of timers) timer[Symbol.dispose]();
      await work;
      await healOnce(faults.filter(isProcessFault), clock);
    },
  };
};

/** Runs a command to its end. Rejects with a `FaultError` unless it succeeds in time. */
const execute = (argv: readonly string[], clock: Clock): Promise<void> =>
  new Promise((resolve, reject) => {
    const [program = '', ...rest] = argv;
    const shown = argv.join(' ');
    const child = spawn(program, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
    let told = '';
    let isLate = false;
    const deadline = clock.at(clock.now() + commandMsMax, () => {
      isLate = true;
      child.kill('SIGKILL');
    });
    const fail = (why: string): void => {
      deadline[Symbol.dispose]();
      const hint = 'Run it by hand, and correct `command` or `heal` of the fault.';
      reject(new FaultError(`\`${shown}\` ${why}`, hint));
    };
    child.stderr.on('data', (bytes: Buffer) => {
      told = (told + bytes.toString()).slice(0, toldCharsMax);
    });
    child.on('error', (error) => fail(`cannot be run: ${error.message}`));
    // Not `close`: what the command left running may hold its output open for good.
    child.on('exit', (code, signal) => {
      deadline[Symbol.dispose]();
      child.stderr.destroy();
      if (code === 0) resolve();
      else if (isLate) fail(`took longer than ${commandMsMax} ms`);
      else fail(`failed with ${code ?? signal}${told === '' ? '' : `: ${told.trim()}`}`);
    });
  });

const toldCharsMax = 300;
