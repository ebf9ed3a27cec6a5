/** The last failovers: when, which model, from where to where, why, and how long it took. */

import type { Attempt } from '../../../log/entry.ts';
import type { RequestFacts } from '../proxy.ts';
import type { JournalReader, RecordedAttempt } from './journal.ts';

export interface Failover {
  /** When the first backend was given up. */
  readonly at: number;
  readonly model: string;
  readonly from: string;
  readonly to: string;
  readonly reason: Attempt['reason'];
  /** The client had seen part of the answer, and it went on from there. */
  readonly isContinued: boolean;
  readonly isServed: boolean;
  /** From giving up the first to the first token of the next; absent when there came none. */
  readonly tookMs?: number;
}

/** What is kept, for people to look at. */
const keptMax = 50;

export class FailoverList implements JournalReader {
  #kept: readonly Failover[] = [];

  /** The latest first. */
  get latest(): readonly Failover[] {
    return this.#kept;
  }

  onAttempt(
    attempt: RecordedAttempt,
    { model }: RequestFacts,
    before: RecordedAttempt | undefined,
  ): void {
    if (attempt.cause !== 'failover' && attempt.cause !== 'continue') return;
    if (!before) return;
    const failover: Failover = {
      at: before.endedAt,
      model,
      from: before.backend,
      to: attempt.backend,
      reason: before.reason,
      isContinued: attempt.cause === 'continue',
      isServed: attempt.outcome === 'served',
      ...(attempt.firstTokenAt !== undefined && {
        tookMs: attempt.firstTokenAt - before.endedAt,
      }),
    };
    this.#kept = [failover, ...this.#kept].slice(0, keptMax);
  }
}
