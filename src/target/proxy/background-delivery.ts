/**
 * How the answer of a background response is delivered: to nobody, and into its log.
 *
 * Who asked has been answered already, so there is no head and no status to be changed: a failure
 * becomes a failed response. Without a log nobody can read along, so nothing is ever committed and
 * any backend may begin anew until the end. With one, events are held until something commits, as
 * they are for a client that waits.
 */

import type { ResponseEvent, ResponseResource } from '../../protocol/responses.ts';
import { type Delivery, heldEventsMax } from './delivery.ts';
import type { EventLog } from './event-log.ts';

export interface BackgroundDeliveryParts {
  /** Set when the response was asked for as a stream. */
  readonly log: EventLog | undefined;
  /** Aborts when the response is cancelled. */
  readonly gone: AbortSignal;
  /** A backend has been asked for the first time. */
  readonly onBegin: () => void;
  readonly onEnd: (resource: ResponseResource) => void;
}

export class BackgroundDelivery implements Delivery {
  readonly isHeadSent = true;
  readonly #parts: BackgroundDeliveryParts;
  #held: ResponseEvent[] = [];
  #isCommitted = false;

  constructor(parts: BackgroundDeliveryParts) {
    this.#parts = parts;
  }

  get isCommitted(): boolean {
    return this.#isCommitted;
  }

  get isLost(): boolean {
    return this.#parts.gone.aborted;
  }

  restart(): void {
    this.#held = [];
  }

  send(events: readonly ResponseEvent[], mayHold: boolean): undefined {
    this.#parts.onBegin();
    const { log } = this.#parts;
    if (!log) return;
    if (this.#isCommitted) {
      log.append(events);
      return;
    }
    this.#held.push(...events);
    if (mayHold && this.#held.length <= heldEventsMax) return;
    this.#isCommitted = true;
    log.append(this.#held);
    this.#held = [];
  }

  async finish(terminal: readonly ResponseEvent[], resource: ResponseResource): Promise<void> {
    this.send(terminal, false);
    this.#parts.onEnd(resource);
  }

  refuse(): void {
    // The head has been sent, so this is never asked.
  }

  [Symbol.dispose](): void {
    // No timers.
  }
}
