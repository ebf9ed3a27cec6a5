/** What may happen to a simulated box, in virtual time; as `simulated-ollama.ts` has it happen. */

import type { Box } from '../../src/engine/box.ts';
import { ollamaMessage } from '../../src/protocol/ollama.ts';
import type { Failure } from '../../src/protocol/generation.ts';
import type { FaultedBox } from '../../src/target/fault/kind/kind.ts';
import { cutFailure } from '../../src/target/fault/kind/cut.ts';
import { failureInBand, failureOfStatus } from '../../src/target/proxy/failure.ts';
import type { Clock } from '../../src/time/clock.ts';

export interface VirtualBoxParts {
  readonly box: Box;
  /** The models on its disk. */
  readonly tags: readonly string[];
  readonly clock: Clock;
  /** Something has changed that the pacer does not know of. */
  readonly onChange: () => void;
}

export class VirtualBox implements FaultedBox {
  readonly #parts: VirtualBoxParts;
  #wedged: { readonly at: number; readonly failingMs: number } | undefined;
  #losing = new AbortController();

  constructor(parts: VirtualBoxParts) {
    this.#parts = parts;
  }

  /** Aborts when what runs now is lost. */
  get lost(): AbortSignal {
    return this.#losing.signal;
  }

  /** Why it does not answer, if it does not: it fails, or it says nothing. */
  get trouble(): Failure | 'hanging' | undefined {
    const { clock } = this.#parts;
    if (!this.#wedged) return undefined;
    return clock.now() < this.#wedged.at + this.#wedged.failingMs ? outOfMemory(0) : 'hanging';
  }

  throttle(slowdown: number): void {
    this.#change((box, now) => box.throttle(slowdown, now));
  }

  evict(): void {
    this.#change((box, now) => {
      for (const tag of this.#parts.tags) box.unload(tag, now);
    });
  }

  delayLoads(ms: number): void {
    this.#change((box, now) => box.delayLoads(ms, now));
  }

  /** How an answer that is lost fails, of which so many tokens were sent. */
  lossOf(sentTokens: number): Failure {
    return this.#wedged ? outOfMemory(sentTokens) : cutFailure;
  }

  wedge(failingMs: number): void {
    this.restart();
    this.#wedged = { at: this.#parts.clock.now(), failingMs };
  }

  restart(): void {
    this.#wedged = undefined;
    this.#losing.abort();
    this.#losing = new AbortController();
    this.#change((box, now) => box.restart(now));
  }

  #change(change: (box: Box, now: number) => void): void {
    change(this.#parts.box, this.#parts.clock.now());
    this.#parts.onChange();
  }
}

/** How an answer fails of which so many tokens were sent. */
const outOfMemory = (sentTokens: number): Failure => {
  const error = ollamaMessage.outOfMemory;
  return sentTokens > 0
    ? failureInBand({ message: error }, {}, 0)
    : failureOfStatus({ status: 500, headers: {}, body: JSON.stringify({ error }) }, 0);
};
