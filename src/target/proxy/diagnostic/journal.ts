/**
 * The journal of requests: attempts gathered under their request until it ends, for all who count,
 * log and show.
 *
 *     watch ──▶ attempts … ──▶ ended ──▶ one summary
 *
 * A request in background ends for the client before its attempts do; those are told one by one.
 */

import type { Attempt } from '../../../log/entry.ts';
import type { Usage } from '../../../protocol/generation.ts';
import type { Clock } from '../../../time/clock.ts';
import type { RequestFacts, RequestWatch } from '../proxy.ts';

export type RecordedAttempt = Omit<Attempt, 'arm'>;

/** One request, once it is over. */
export interface RequestSummary {
  readonly request: RequestFacts;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Absent when nothing was sent: the client left before. */
  readonly status?: number;
  /** Of the error that was the whole answer. */
  readonly code?: string;
  readonly hasLeft: boolean;
  readonly attempts: readonly RecordedAttempt[];
}

/** A request that was refused before anything was done for it: a wrong key, body or path. */
export interface Refusal {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

export interface JournalReader {
  /** `before` is the attempt of the same request that came before it. */
  onAttempt?(
    attempt: RecordedAttempt,
    request: RequestFacts,
    before: RecordedAttempt | undefined,
  ): void;
  onRequest?(summary: RequestSummary): void;
  onRefusal?(refusal: Refusal): void;
}

interface Open {
  status: number | undefined;
  code: string | undefined;
  attempts: RecordedAttempt[];
}

export class Journal {
  readonly #clock: Clock;
  readonly #readers: readonly JournalReader[];
  readonly #open = new Map<string, Open>();

  constructor(clock: Clock, readers: readonly JournalReader[]) {
    this.#clock = clock;
    this.#readers = readers;
  }

  record(attempt: RecordedAttempt, request: RequestFacts): void {
    const open = this.#open.get(request.requestId);
    const before = open?.attempts.at(-1);
    open?.attempts.push(attempt);
    for (const reader of this.#readers) reader.onAttempt?.(attempt, request, before);
  }

  refuse(refusal: Refusal): void {
    for (const reader of this.#readers) reader.onRefusal?.(refusal);
  }

  watch(request: RequestFacts): RequestWatch {
    const open: Open = { status: undefined, code: undefined, attempts: [] };
    const startedAt = this.#clock.now();
    this.#open.set(request.requestId, open);
    return {
      answered: (status) => {
        open.status ??= status;
      },
      refused: (code) => {
        open.code = code;
      },
      ended: (hasLeft) => {
        // Another request of the same id, over the same socket, may have taken the place.
        if (this.#open.get(request.requestId) === open) this.#open.delete(request.requestId);
        const summary: RequestSummary = {
          request,
          startedAt,
          endedAt: this.#clock.now(),
          ...(open.status !== undefined && { status: open.status }),
          ...(open.code !== undefined && { code: open.code }),
          hasLeft,
          attempts: open.attempts,
        };
        // The map's old tables may point to it for a while; to its attempts they need not.
        open.attempts = [];
        for (const reader of this.#readers) reader.onRequest?.(summary);
      },
    };
  }
}

/** Time to the first token of the backend that served, from the request's arrival. */
export const firstTokenMsOf = ({ attempts, startedAt }: RequestSummary): number | undefined => {
  const first = attempts.find(({ firstTokenAt }) => firstTokenAt !== undefined)?.firstTokenAt;
  return first === undefined ? undefined : Math.max(0, first - startedAt);
};

/** Tokens of all attempts, as they are billed. */
export const usageOf = (attempts: readonly RecordedAttempt[]): Usage | undefined => {
  const usages = attempts.map(({ usage }) => usage).filter((usage) => usage !== undefined);
  return usages.length === 0
    ? undefined
    : {
        inputTokens: usages.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
        outputTokens: usages.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
      };
};
