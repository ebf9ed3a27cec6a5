/**
 * How far one gets to each backend, looked at while somebody looks.
 *
 * A look is kept for a few seconds, whoever asks and however often. Each backend is looked at by
 * itself, so that one that does not answer holds up no other.
 */

import { candidatesOn, diagnoseBackend } from '../../../diagnosis/diagnose.ts';
import type { BackendDiagnosis } from '../../../diagnosis/finding.ts';
import type { BackendSystem, System } from '../../../system/system.ts';
import { type Clock, within } from '../../../time/clock.ts';

export interface Look {
  readonly lookedAt: number;
  readonly diagnosis: BackendDiagnosis;
}

export interface ReachabilityParts {
  readonly system: Pick<System, 'backends' | 'models'>;
  readonly clock: Clock;
  readonly diagnose?: typeof diagnoseBackend;
}

/** For how long a look is good. */
const freshMs = 5000;
/** How long the first one to look waits; then the page says that it is being looked at. */
const firstWaitMs = 800;

export class Reachability {
  readonly #parts: ReachabilityParts;
  readonly #closing = new AbortController();
  readonly #looks = new Map<string, Look>();
  readonly #pending = new Map<string, Promise<void>>();

  constructor(parts: ReachabilityParts) {
    this.#parts = parts;
  }

  /** What was last seen of each backend; those not seen yet are absent. */
  async looks(): Promise<ReadonlyMap<string, Look>> {
    const { system, clock } = this.#parts;
    for (const backend of system.backends) this.#look(backend);
    const unseen = [...this.#pending].filter(([name]) => !this.#looks.has(name));
    const first = Promise.all(unseen.map(([, pending]) => pending));
    await within(clock, firstWaitMs, 'the first look', first).catch(() => undefined);

    return new Map(this.#looks);
  }

  close(): void {
    this.#closing.abort();
  }

  #look(backend: BackendSystem): void {
    const { system, clock, diagnose = diagnoseBackend } = this.#parts;
    const { name } = backend;
    const last = this.#looks.get(name);
    if (this.#pending.has(name) || this.#closing.signal.aborted) return;
    if (last && clock.now() - last.lookedAt < freshMs) return;
    const parts = { clock, closing: this.#closing.signal };
    const pending = diagnose(backend, candidatesOn(system, name), parts)
      .then((diagnosis) => {
        this.#looks.set(name, { lookedAt: clock.now(), diagnosis });
      })
      .finally(() => this.#pending.delete(name));
    this.#pending.set(name, pending);
  }
}
