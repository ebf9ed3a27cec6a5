/**
 * Faults that are armed and disarmed while the hybrid runs: by the trials of a suite, or by hand.
 *
 *     arm ──▶ in force at every shim it names ──▶ disarmed, or over after its time ──▶ logged
 *
 * What the log says of such a fault is written when it is over, since only then is it known how
 * long it lasted.
 */

import type { FaultArmed } from '../log/entry.ts';
import { isBoxFault } from '../target/fault/box-fault.ts';
import type { PlannedFault } from '../target/fault/fault.ts';
import { isNameFault } from '../target/fault/faulty-lookup.ts';
import { isReaderFault } from '../target/fault/plan.ts';
import { isProcessFault } from '../target/fault/process-fault.ts';
import type { Shim } from '../target/fault/shim.ts';
import type { Clock } from '../time/clock.ts';
import { RunError } from './run-error.ts';

/** What is to be armed. Only how long each fault lasts is read of its window. */
export interface ArmOrder {
  /** Names it until it is disarmed. */
  readonly id: string;
  readonly faults: readonly PlannedFault[];
}

/** A fault in force, for people. */
export interface InForceNote {
  readonly id: string;
  readonly backend: string;
  readonly what: string;
  /** How long it has been there. */
  readonly forMs: number;
  /** How long it will last; until it is mended when absent. */
  readonly leftMs?: number;
}

/**
 * A shim, and before which address of which backend it stands: the first is path 1. What stands
 * for the simulated box itself is path 0.
 */
export interface PlacedShim {
  readonly backend: string;
  readonly path: number;
  readonly shim: Pick<Shim, 'arm' | 'add' | 'remove'>;
}

export interface LiveFaultParts {
  readonly shims: readonly PlacedShim[];
  readonly clock: Clock;
  /** The run's arm is added by the receiver. */
  readonly emit: (entry: Omit<FaultArmed, 'arm'>) => void;
}

interface InForce {
  readonly faults: readonly PlannedFault[];
  readonly since: number;
  readonly timer: Disposable | undefined;
}

export class LiveFaults {
  readonly #parts: LiveFaultParts;
  readonly #inForce = new Map<string, InForce>();
  #origin = 0;

  constructor(parts: LiveFaultParts) {
    this.#parts = parts;
  }

  /** The arm begins at this instant of the clock. */
  begin(origin: number): void {
    this.#origin = origin;
  }

  /** Arms them now; resolves once they are in force. Rejects where one could not act. */
  async arm({ id, faults }: ArmOrder): Promise<void> {
    for (const fault of faults) this.#expectPlace(fault);
    await this.disarm(id);
    const { clock } = this.#parts;
    const since = clock.now();
    const from = since - this.#origin;
    const placed = faults.map((fault) => {
      const { wave: _, ...rest } = fault;
      return { ...rest, from, until: from + (fault.until - fault.from) };
    });
    const untilAt = this.#origin + Math.max(...placed.map(({ until }) => until));
    const timer =
      untilAt < Number.POSITIVE_INFINITY
        ? clock.at(untilAt, () => void this.disarm(id))
        : undefined;
    this.#inForce.set(id, { faults: placed, since, timer });
    const are = await Promise.all(
      placed.flatMap((fault) => this.#shimsOf(fault).map((shim) => shim.add(fault))),
    );
    const hidden = are.includes(false) ? placed[0] : undefined;
    if (!hidden) return;
    await this.disarm(id);
    throw new RunError(
      `\`${hidden.action.kind}\` cannot act on ${hidden.backend}, which is reached by TLS`,
      'Use a kind that needs no more than bytes, such as reset, cut, stall or silent.',
    );
  }

  /** Resolves once nothing of it is in force any more; false when nothing was. */
  async disarm(id: string): Promise<boolean> {
    const over = this.#inForce.get(id);
    if (!over) return false;
    this.#inForce.delete(id);
    over.timer?.[Symbol.dispose]();
    const until = this.#parts.clock.now();
    await Promise.all(
      over.faults.flatMap((fault) => this.#shimsOf(fault).map((shim) => shim.remove(fault))),
    );
    for (const { index, action, backend, when } of over.faults)
      this.#parts.emit({
        kind: 'fault',
        fault: index,
        what: action.kind,
        backend,
        from: over.since,
        until,
        when,
      });
    return true;
  }

  /** What is in force, one note for each backend it acts on. */
  list(): readonly InForceNote[] {
    const now = this.#parts.clock.now();
    return [...this.#inForce].flatMap(([id, { faults, since }]) =>
      faults.map(({ backend, action, until }) => ({
        id,
        backend,
        what: action.kind,
        forMs: now - since,
        ...(until < Number.POSITIVE_INFINITY && { leftMs: this.#origin + until - now }),
      })),
    );
  }

  /** Disarms everything. */
  async close(): Promise<void> {
    await Promise.all([...this.#inForce.keys()].map((id) => this.disarm(id)));
  }

  #shimsOf({ backend, path }: PlannedFault): readonly PlacedShim['shim'][] {
    return this.#parts.shims
      .filter((it) => it.backend === backend && it.path === (path ?? it.path))
      .map(({ shim }) => shim);
  }

  #expectPlace(fault: PlannedFault): void {
    const onWay = this.#parts.shims.filter(({ path }) => path > 0);
    const names = [...new Set(onWay.map(({ backend }) => backend))];
    if (!names.includes(fault.backend))
      throw new RunError(
        `no backend called '${fault.backend}' can be broken here`,
        `There ${names.length === 1 ? 'is' : 'are'}: ${names.join(', ') || 'none'}.`,
      );
    const hasBox = this.#parts.shims.some((it) => it.backend === fault.backend && it.path === 0);
    if (isBoxFault(fault) && !hasBox)
      throw new RunError(
        `\`${fault.action.kind}\` happens to a simulated box, and ${fault.backend} is none`,
        'Break a real one by hand, or choose a kind that acts on the way to it.',
      );
    if (isNameFault(fault) || isReaderFault(fault))
      throw new RunError(
        `\`${fault.action.kind}\` does not happen on a connection to a backend`,
        'Choose a kind that does, such as refuse; or write a scenario with this one.',
      );
    if (isProcessFault(fault))
      throw new RunError(
        `\`${fault.action.kind}\` runs a command, which only a scenario may do`,
        'Run the command by hand instead.',
      );
  }
}
