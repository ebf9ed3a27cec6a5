/**
 * The circuits of one backend: that of the host, and one for each model that was asked of it.
 *
 * A request passes where both are closed. What is wrong with one model leaves the others alone, and
 * the health of a path to the host is kept where paths are (`backend-path.ts`).
 */

import type { Failure } from '../../protocol/generation.ts';
import type { Random } from '../../random/random.ts';
import type { Clock } from '../../time/clock.ts';
import { BoundedMap, modelsMax } from './bounded-map.ts';
import { Circuit, type BreakerChange } from './circuit.ts';
import type { BreakerPolicy, BreakerState } from './circuit-breaker.ts';
import { judge } from './failure-scope.ts';
import type { Alarm, CircuitEntry } from './proxy.ts';

export interface CircuitsParts {
  readonly backend: string;
  readonly policy: BreakerPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly tell: (entry: CircuitEntry) => void;
  /** Both reject while what is asked has not come back. */
  readonly probeHost: () => Promise<unknown>;
  readonly probeModel: (model: string) => Promise<unknown>;
  /** The host serves users again. */
  readonly onReturn: () => void;
}

/** A model whose circuit is, or was, not closed. */
export interface ModelCircuit {
  readonly model: string;
  readonly breaker: BreakerState['kind'];
  readonly changes: readonly BreakerChange[];
}

export class Circuits {
  readonly host: Circuit;
  readonly #parts: CircuitsParts;
  readonly #models = new BoundedMap<string, Circuit>(modelsMax, (circuit) => circuit.close());

  constructor(parts: CircuitsParts) {
    this.#parts = parts;
    this.host = this.#circuit(undefined, parts.probeHost);
  }

  /** Whether a user's request for the model may be sent. */
  mayServe(model: string): boolean {
    return this.host.mayServe && this.#models.get(model)?.mayServe !== false;
  }

  /** How long until the circuit in the way is probed; undefined where none is. */
  probeInMs(model: string): number | undefined {
    const waits = [this.host, this.#models.get(model)].flatMap((it) => it?.probeInMs ?? []);
    return waits.length === 0 ? undefined : Math.max(...waits);
  }

  /** The models that have had trouble. */
  get models(): readonly ModelCircuit[] {
    return [...this.#models]
      .filter(([, { changes }]) => changes.length > 0)
      .map(([model, { kind: breaker, changes }]) => ({ model, breaker, changes }));
  }

  /** What people must mend before it serves again. */
  get alarms(): readonly Alarm[] {
    const ofModels = [...this.#models].flatMap(([model, { alarm }]) =>
      alarm ? [{ model, ...alarm }] : [],
    );
    return this.host.alarm ? [this.host.alarm, ...ofModels] : ofModels;
  }

  /** Probes what is in the way of the model before its time, if that may be. */
  async revive(model: string): Promise<void> {
    await this.host.revive();
    if (this.host.mayServe) await this.#models.get(model)?.revive();
  }

  succeed(model: string): void {
    this.host.succeed();
    this.#models.get(model)?.succeed();
  }

  /**
   * An attempt failed; a circuit may open. False where it speaks against nobody. `told` is what may
   * be shown of it.
   */
  fail(model: string, failure: Failure, told = failure): boolean {
    const judgement = judge(failure);
    if (judgement.against === 'nobody') return false;
    const circuit = judgement.against === 'host' ? this.host : this.#circuitOf(model);
    circuit.fail(told, judgement.failure);
    return true;
  }

  close(): void {
    for (const circuit of [this.host, ...this.#models.values()]) circuit.close();
  }

  #circuitOf(model: string): Circuit {
    const known = this.#models.get(model);
    if (known) return known;
    const circuit = this.#circuit(model, () => this.#parts.probeModel(model));
    this.#models.set(model, circuit);
    return circuit;
  }

  #circuit(model: string | undefined, probe: () => Promise<unknown>): Circuit {
    const { backend, policy, clock, random, tell, onReturn } = this.#parts;
    const whose = { backend, ...(model !== undefined && { model }) };
    return new Circuit({
      policy,
      clock,
      random: random.fork(model === undefined ? 'host' : `model ${model}`),
      probe,
      onProbe: (told) => tell({ kind: 'probe', ...whose, ...told }),
      onChange: ({ at, to, failure }) => {
        const reason = failure && { reason: failure.reason };
        tell({ kind: 'circuit', ...whose, at, to, ...reason });
        if (model === undefined && to === 'closed') onReturn();
      },
    });
  }
}
