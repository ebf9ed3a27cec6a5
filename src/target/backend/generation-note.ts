/**
 * What a simulated backend writes down about one request: one log entry, once, when it is over.
 *
 * It is the truth that the client cannot see: what arrived, how much of it was in the cache, how
 * many tokens left, and whether they were still wanted.
 */

import type { Generation } from '../../log/entry.ts';
import { readTraceparent } from '../../protocol/trace.ts';
import type { BackendSystem } from '../../system/system.ts';
import type { Clock } from '../../time/clock.ts';

/** Takes an entry; whoever owns the run adds the arm. */
export type EmitGeneration = (entry: Omit<Generation, 'arm'>) => void;

type Known = Omit<Generation, 'arm' | 'kind' | 'endedAt' | 'outcome'>;

export class GenerationNote {
  readonly #clock: Clock;
  readonly #emit: EmitGeneration;
  #known: Known;
  #isOver = false;

  constructor(
    backend: BackendSystem,
    clock: Clock,
    emit: EmitGeneration,
    traceparent: string | undefined,
  ) {
    const trace = readTraceparent(traceparent)?.trace;
    this.#clock = clock;
    this.#emit = emit;
    this.#known = {
      backend: backend.name,
      residency: backend.residency,
      ...(trace !== undefined && { trace }),
      model: '',
      receivedAt: clock.now(),
      promptTokens: 0,
      cachedTokens: 0,
      outputTokens: 0,
    };
  }

  /** Trace id of the exchange it belongs to, where one was sent. */
  get trace(): string | undefined {
    return this.#known.trace;
  }

  get receivedAt(): number {
    return this.#known.receivedAt;
  }

  add(more: Partial<Known>): void {
    this.#known = { ...this.#known, ...more };
  }

  /** Notes that so many tokens have left by now. */
  sent(outputTokens: number): void {
    this.add({ outputTokens, firstTokenAt: this.#known.firstTokenAt ?? this.#clock.now() });
  }

  /** Tells; only the first time counts. */
  finish(outcome: Generation['outcome']): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#emit({ kind: 'generation', ...this.#known, endedAt: this.#clock.now(), outcome });
  }
}
