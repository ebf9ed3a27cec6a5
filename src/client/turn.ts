/**
 * Performs one turn: sends a request, streams the answer into a record, and keeps the deadline.
 *
 * Whatever the target does is a value; `performTurn` never rejects, and never tries twice. The one
 * deadline runs on the run's clock. Leaving settles at once, also while undici still connects,
 * which it cannot break off; its connection is dropped as soon as it lets go.
 */

import type { Dispatcher } from 'undici';

import type { FunctionTool, Item, TextFormat } from '../protocol/responses.ts';
import { traceparent } from '../protocol/trace.ts';
import type { Clock } from '../time/clock.ts';
import { ExchangeRecorder, type TurnRecord } from './exchange-recorder.ts';
import type { ResponsesClient } from './responses-client.ts';

/** What is asked in one turn, apart from who asks. */
export interface TurnQuestion {
  readonly model: string;
  readonly input: string | readonly Item[];
  readonly instructions?: string;
  readonly previousResponseId?: string;
  readonly tools?: readonly FunctionTool[];
  readonly format?: TextFormat;
  readonly maxOutputTokens?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface TurnRequest extends TurnQuestion {
  /** Names the exchange: 32 hexadecimal digits, from `traceId`. */
  readonly trace: string;
  readonly key?: string;
}

export interface TurnOptions {
  readonly clock: Clock;
  readonly pool: ResponsesClient;
  /** From sending to the last byte. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** Told how many tokens have come, it says what the reader does besides reading on. */
  readonly onTokens?: (tokens: number) => ReaderMove | undefined;
}

/** What a reader may do in the middle of an answer: close the connection, or not read for a time. */
export type ReaderMove =
  | { readonly kind: 'leave' }
  | { readonly kind: 'pause'; readonly ms: number };

/** How long a stream may take to end once its terminal event has come. */
const drainMs = 1000;

/** Sends one turn and records what comes back. */
export const performTurn = (request: TurnRequest, options: TurnOptions): Promise<TurnRecord> => {
  const turn = new Turn(request.trace, options);
  turn.begin(request);
  return turn.done;
};

class Turn implements Dispatcher.DispatchHandler {
  readonly done: Promise<TurnRecord>;
  readonly #options: TurnOptions;
  readonly #recorder: ExchangeRecorder;
  readonly #settled = Promise.withResolvers<TurnRecord>();
  #controller: Dispatcher.DispatchController | undefined;
  #timer: Disposable | undefined;
  #isSettled = false;

  constructor(trace: string, options: TurnOptions) {
    this.#options = options;
    this.#recorder = new ExchangeRecorder(trace);
    this.done = this.#settled.promise;
  }

  begin(request: TurnRequest): void {
    const { signal, pool, clock, deadlineMs } = this.#options;
    if (signal?.aborted) {
      this.#leave();
      return;
    }
    signal?.addEventListener('abort', this.#leave, { once: true });
    const sentAt = clock.now();
    this.#recorder.sent(sentAt);
    this.#expectBy(sentAt + deadlineMs);
    pool.pool.dispatch(wireRequest(request, pool.path), this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isSettled) controller.abort(left);
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    this.#recorder.headers(this.#options.clock.now(), status, headers);
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#isSettled) return;
    const { clock } = this.#options;
    const wasOver = this.#recorder.isOver;
    try {
      this.#recorder.bytes(chunk, clock.now());
    } catch (error) {
      // A frame beyond all bounds: what follows cannot be read.
      this.#recorder.failed(clock.now(), error);
      this.#drop();
      return;
    }
    if (this.#recorder.isOver && !wasOver) this.#expectBy(clock.now() + drainMs);
    else if (!wasOver) this.#move(this.#options.onTokens?.(this.#recorder.tokens));
  }

  onResponseEnd(): void {
    this.#recorder.ended(this.#options.clock.now());
    this.#settle();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#recorder.failed(this.#options.clock.now(), error);
    this.#settle();
  }

  #move(move: ReaderMove | undefined): void {
    if (move?.kind === 'leave') this.#leave();
    if (move?.kind !== 'pause') return;
    const { clock } = this.#options;
    this.#controller?.pause();
    clock.at(clock.now() + move.ms, () => this.#controller?.resume());
  }

  readonly #leave = (): void => {
    this.#recorder.cancelled(this.#options.clock.now());
    this.#drop();
  };

  #expectBy(instant: number): void {
    const { clock } = this.#options;
    this.#timer?.[Symbol.dispose]();
    this.#timer = clock.at(instant, () => {
      this.#recorder.hung(clock.now());
      this.#drop();
    });
  }

  /** Goes on at once, whatever the connection does later. */
  #drop(): void {
    this.#settle();
    this.#controller?.abort(left);
  }

  #settle(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#timer?.[Symbol.dispose]();
    this.#options.signal?.removeEventListener('abort', this.#leave);
    this.#settled.resolve(this.#recorder.record());
  }
}

const left = new Error('the client has left');

const wireRequest = (request: TurnRequest, path: string): Dispatcher.DispatchOptions => ({
  method: 'POST',
  path,
  headers: {
    'content-type': 'application/json',
    accept: 'text/event-stream',
    // Session, turn and salt name the client's own span: never all zero.
    traceparent: traceparent(request.trace, request.trace.slice(16)),
    ...(request.key === undefined ? {} : { authorization: `Bearer ${request.key}` }),
  },
  body: JSON.stringify({
    model: request.model,
    input: request.input,
    stream: true,
    instructions: request.instructions,
    previous_response_id: request.previousResponseId,
    tools: request.tools,
    text: request.format && { format: request.format },
    max_output_tokens: request.maxOutputTokens,
    metadata: request.metadata,
  }),
});
