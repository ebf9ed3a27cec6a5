/**
 * Faults of a simulated box: they happen to the machine behind the wire, by the same plan and the
 * same clock as those on the way to it.
 *
 *     ──┤ begun ├────────────┤ mended ├──      a real box is broken by `exec`
 */

import type { FaultAct } from '../../log/entry.ts';
import type { Clock } from '../../time/clock.ts';
import type { PlannedFault } from './fault.ts';
import type { FaultedBox } from './kind/kind.ts';
import { kindOf } from './kind/list.ts';
import { endsAt, opensAfter } from './window.ts';

export interface BoxFaultParts {
  /** The backend's name. */
  readonly name: string;
  readonly box: FaultedBox;
  readonly faults: readonly PlannedFault[];
  readonly clock: Clock;
  /** The run's arm is added by the receiver. */
  readonly emit: (entry: Omit<FaultAct, 'arm'>) => void;
}

interface Watched {
  timer: Disposable | undefined;
  mend: (() => void) | undefined;
}

/** Whether a fault happens to the box itself. */
export const isBoxFault = ({ action }: Pick<PlannedFault, 'action'>): boolean =>
  kindOf(action).onBox !== undefined;

export class BoxFaults {
  readonly #parts: BoxFaultParts;
  /** What undoes each, the timer of its next edge among it. */
  readonly #watched = new Map<PlannedFault, Watched>();
  #origin = 0;

  constructor(parts: BoxFaultParts) {
    this.#parts = parts;
  }

  /** The arm begins at this instant of the clock. */
  arm(origin: number): void {
    this.#origin = origin;
    for (const fault of this.#parts.faults) this.#watch(fault);
  }

  /** Watches one more; its instants count from the beginning of the arm as well. */
  async add(fault: PlannedFault): Promise<boolean> {
    this.#watch(fault);
    return true;
  }

  /** Mends it, and watches it no more. */
  async remove(fault: PlannedFault): Promise<void> {
    this.#forget(fault);
  }

  close(): void {
    for (const fault of this.#watched.keys()) this.#forget(fault);
  }

  #watch(fault: PlannedFault): void {
    if (!isBoxFault(fault)) return;
    this.#forget(fault);
    this.#watched.set(fault, { timer: undefined, mend: undefined });
    this.#begin(fault, fault.from);
  }

  #forget(fault: PlannedFault): void {
    const watched = this.#watched.get(fault);
    this.#watched.delete(fault);
    watched?.timer?.[Symbol.dispose]();
    watched?.mend?.();
  }

  #begin(fault: PlannedFault, from: number): void {
    this.#at(fault, from, (watched) => {
      const { name, box, emit, clock } = this.#parts;
      const kind = kindOf(fault.action);
      watched.mend = kind.onBox?.(box, fault.action);
      // Of a port that is closed the shim tells.
      if (kind.outage === undefined)
        emit({
          kind: 'act',
          fault: fault.index,
          what: kind.kind,
          backend: name,
          at: clock.now(),
        });
      this.#end(fault, from);
    });
  }

  #end(fault: PlannedFault, from: number): void {
    const until = endsAt(fault, from);
    if (until === Number.POSITIVE_INFINITY) return;
    this.#at(fault, until, (watched) => {
      watched.mend?.();
      watched.mend = undefined;
      const next = opensAfter(fault, from);
      if (next !== undefined) this.#begin(fault, next);
    });
  }

  #at(fault: PlannedFault, instant: number, run: (watched: Watched) => void): void {
    const watched = this.#watched.get(fault);
    if (!watched) return;
    watched.timer = this.#parts.clock.at(this.#origin + instant, () => run(watched));
  }
}
