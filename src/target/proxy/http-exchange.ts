/**
 * One HTTP request and its answer, from undici's callbacks to a promise and an async iterable.
 *
 * Leaving is the point. undici does not settle a request that is aborted while it connects or
 * waits; here the waiting side is told at once, whatever the socket does later. And an answer whose
 * last event has been read need not have ended: `finish` lets the rest drain for a moment, so that
 * the connection can serve again.
 */

import type { Dispatcher } from 'undici';

import type { Clock } from '../../time/clock.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Told when the first byte is about to be handed to the socket. */
  readonly onSent?: (at: number, localPort?: number) => void;
  /** Told when the response head has come. */
  readonly onHeaders?: (at: number) => void;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Yields what has come since the last time; throws what the socket throws. Read once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Nothing more will be read: the rest drains for a moment, then the socket is destroyed. */
  finish(): void;
  /** Nobody wants the rest: the socket is destroyed, unless the answer is whole or draining. */
  leave(): void;
}

export interface ExchangeEvents {
  readonly onSent: () => void;
  /** The answer came whole. */
  readonly onWhole: () => void;
  /** The answer will not be whole, or nobody wants it: the socket is of no more use. */
  readonly onBroken: (error: Error) => void;
}

type State =
  | { readonly kind: 'open' }
  | { readonly kind: 'whole' }
  | { readonly kind: 'broken'; readonly error: Error };

/** Bytes read ahead of the reader before the socket is paused. */
const aheadBytesMax = 256 * 2 ** 10;
/** How long an answer that has been read to its last event may take to end. */
const drainMs = 1000;

export class HttpExchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<HttpAnswer>;
  readonly #clock: Clock;
  readonly #request: HttpRequest;
  readonly #events: ExchangeEvents;
  readonly #answered = Promise.withResolvers<HttpAnswer>();
  #controller: Dispatcher.DispatchController | undefined;
  #state: State = { kind: 'open' };
  #chunks: Uint8Array[] = [];
  #aheadBytes = 0;
  #isDraining = false;
  #wake: (() => void) | undefined;
  #drainTimer: Disposable | undefined;

  constructor(clock: Clock, request: HttpRequest, events: ExchangeEvents) {
    this.#clock = clock;
    this.#request = request;
    this.#events = events;
    this.answer = this.#answered.promise;
    // The caller may have left before this settles.
    this.answer.catch(() => undefined);
  }

  /**
   * Breaks the exchange off when the signal aborts. It is to be of this exchange alone, since it is
   * never left: what would leave it, once kept here, kept each answer until a full collection.
   */
  leaveOn(signal: AbortSignal): void {
    signal.addEventListener('abort', () => {
      if (!this.#isDraining) this.#break(reasonOf(signal));
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#events.onSent();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: HttpAnswer['headers'],
  ): void {
    if (status < 200) return;
    this.#request.onHeaders?.(this.#clock.now());
    const leave = (): void => {
      if (this.#state.kind === 'open' && !this.#isDraining)
        this.#break(new Error('the reader left'));
    };
    this.#answered.resolve({
      status,
      headers,
      body: { [Symbol.asyncIterator]: () => ({ next: () => this.#read() }) },
      finish: () => this.#finish(),
      leave,
    });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#isDraining || this.#state.kind !== 'open') return;
    this.#chunks.push(chunk);
    this.#aheadBytes += chunk.length;
    if (this.#aheadBytes > aheadBytesMax) controller.pause();
    this.#wake?.();
  }

  onResponseEnd(): void {
    if (this.#state.kind !== 'open') return;
    this.#state = { kind: 'whole' };
    this.#drainTimer?.[Symbol.dispose]();
    this.#events.onWhole();
    this.#wake?.();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    // What had arrived before the error is still given to the reader first.
    this.#end(error);
  }

  #break(error: Error): void {
    this.#chunks = [];
    this.#end(error);
  }

  #end(error: Error): void {
    if (this.#state.kind !== 'open') return;
    this.#state = { kind: 'broken', error };
    this.#drainTimer?.[Symbol.dispose]();
    this.#answered.reject(error);
    this.#wake?.();
    this.#events.onBroken(error);
  }

  #finish(): void {
    if (this.#state.kind !== 'open' || this.#isDraining) return;
    this.#isDraining = true;
    this.#controller?.resume();
    this.#drainTimer = this.#clock.at(this.#clock.now() + drainMs, () => {
      this.#break(new Error(`the answer did not end within ${drainMs} ms of its last event`));
    });
  }

  async #read(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#chunks.length === 0 && this.#state.kind === 'open') await this.#arrival();
    const [first, ...others] = this.#chunks;
    if (first) {
      const value = others.length === 0 ? first : Buffer.concat(this.#chunks);
      this.#chunks = [];
      this.#aheadBytes = 0;
      if (this.#controller?.paused === true) this.#controller.resume();
      return { done: false, value };
    }
    if (this.#state.kind === 'broken') throw this.#state.error;
    return { done: true, value: undefined };
  }

  #arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

const reasonOf = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
