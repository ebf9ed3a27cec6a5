/**
 * How an answer reaches the client: as a stream of events, or as one JSON body.
 *
 *     stream   hold ──commit──▶ head, everything held ──▶ frame by frame ──▶ terminal, [DONE]
 *                └──15 s──▶ head early, comments; the events are still held
 *     JSON     nothing until the end, so nothing is ever committed
 *
 * What is held can be taken back: a second backend then answers as if the first had never been
 * asked. What is committed cannot.
 */

import { EventEncoder } from '../../protocol/event-encoder.ts';
import type { ResponseEvent, ResponseResource } from '../../protocol/responses.ts';
import { sseComment, sseDone } from '../../protocol/sse.ts';
import { type Clock, within } from '../../time/clock.ts';
import { type ApiError, errorBody, errorHeaders } from './api-error.ts';
import type { Reply } from './proxy.ts';

export interface Delivery {
  /** The client has seen content. */
  readonly isCommitted: boolean;
  /** The head has been sent: the status can no longer change. */
  readonly isHeadSent: boolean;
  /** The client has left, or reads so slowly that it counts as gone. */
  readonly isLost: boolean;
  /** Forgets what is held: another backend begins anew. */
  restart(): void;
  /**
   * Takes events to the client, or holds them until something commits. Nothing is to be waited for
   * unless the client reads slowly.
   */
  send(events: readonly ResponseEvent[], mayHold: boolean): Promise<void> | undefined;
  /** The terminal event, and the end. */
  finish(terminal: readonly ResponseEvent[], resource: ResponseResource): Promise<void>;
  /** An error instead of a response; only before the head. */
  refuse(error: ApiError): void;
  /** Stops all timers. */
  [Symbol.dispose](): void;
}

export interface DeliveryParts {
  readonly reply: Reply;
  readonly clock: Clock;
  /** Which backend answers and after how many attempts, as known when the head is sent. */
  readonly headers: () => Readonly<Record<string, string>>;
}

/** Between two signs of life. */
export const keepAliveMs = 15_000;
/** How long a reader may leave what was written unread. */
const readerMsMax = 30_000;
/** What is held at most; more than that is committed, whatever it is. */
export const heldEventsMax = 8192;
const heldCharsMax = 4 * 2 ** 20;

/** The head of a stream, which no relay on the way is to collect. */
export const eventStreamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
} as const;

/**
 * Waits for a slow reader; false when it does not read at all. One that leaves is no slow reader.
 */
export const isRead = async (reply: Reply, clock: Clock): Promise<boolean> => {
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  const onGone = (): void => leave();
  reply.gone.addEventListener('abort', onGone, { once: true });
  try {
    const either = Promise.race([reply.drained(), left]);
    await within(clock, readerMsMax, 'reading the answer', either);
    return true;
  } catch {
    return false;
  } finally {
    reply.gone.removeEventListener('abort', onGone);
  }
};

export class StreamDelivery implements Delivery {
  readonly #reply: Reply;
  readonly #clock: Clock;
  readonly #headers: DeliveryParts['headers'];
  readonly #encoder = new EventEncoder();
  #held: string[] = [];
  #heldChars = 0;
  #isCommitted = false;
  #isHeadSent = false;
  #isStuck = false;
  #lastWriteAt: number;
  #timer: Disposable;

  constructor({ reply, clock, headers }: DeliveryParts) {
    this.#reply = reply;
    this.#clock = clock;
    this.#headers = headers;
    this.#lastWriteAt = clock.now();
    this.#timer = this.#arm();
  }

  get isCommitted(): boolean {
    return this.#isCommitted;
  }

  get isHeadSent(): boolean {
    return this.#isHeadSent;
  }

  get isLost(): boolean {
    return this.#isStuck || this.#reply.gone.aborted;
  }

  restart(): void {
    this.#held = [];
    this.#heldChars = 0;
  }

  send(events: readonly ResponseEvent[], mayHold: boolean): Promise<void> | undefined {
    const frames = events.map((event) => this.#encoder.encode(event));
    if (this.#isCommitted) return this.#writeAll(frames, 0);
    this.#held.push(...frames);
    for (const frame of frames) this.#heldChars += frame.length;
    const isFull = this.#held.length > heldEventsMax || this.#heldChars > heldCharsMax;
    if (mayHold && !isFull) return undefined;
    this.#isCommitted = true;
    const held = this.#held;
    this.restart();
    return this.#writeAll(held, 0);
  }

  async finish(terminal: readonly ResponseEvent[]): Promise<void> {
    await this.send(terminal, false);
    await this.#writeAll([sseDone], 0);
    this[Symbol.dispose]();
    this.#reply.end();
  }

  refuse(error: ApiError): void {
    this[Symbol.dispose]();
    this.#isHeadSent = true;
    refuse(this.#reply, error, this.#headers());
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  /** Writes the frames from one on; what is written while the client reads is written at once. */
  #writeAll(frames: readonly string[], from: number): Promise<void> | undefined {
    this.#sendHead();
    this.#lastWriteAt = this.#clock.now();
    for (let at = from; at < frames.length; at++) {
      if (this.isLost) return undefined;
      if (!this.#reply.write(frames[at] ?? ''))
        return this.#drained().then(() => this.#writeAll(frames, at + 1));
    }
    return undefined;
  }

  async #drained(): Promise<void> {
    if (await isRead(this.#reply, this.#clock)) return;
    this.#isStuck = true;
    this.#reply.end();
  }

  #sendHead(): void {
    if (this.#isHeadSent || this.isLost) return;
    this.#isHeadSent = true;
    this.#reply.head(200, { ...eventStreamHeaders, ...this.#headers() });
  }

  /** One timer looks after the whole stream: it finds the last write moved, and is set again. */
  #arm(): Disposable {
    return this.#clock.at(this.#lastWriteAt + keepAliveMs, () => {
      if (this.isLost) return;
      if (this.#clock.now() >= this.#lastWriteAt + keepAliveMs) {
        this.#sendHead();
        this.#lastWriteAt = this.#clock.now();
        this.#reply.write(sseComment('keep-alive'));
      }
      this.#timer = this.#arm();
    });
  }
}

/** Half of the time after which Azure App Service cuts a request that is idle. */
const longAnswerMs = 115_000;

export class JsonDelivery implements Delivery {
  readonly isCommitted = false;
  readonly #parts: DeliveryParts;
  readonly #beganAt: number;
  #isHeadSent = false;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#beganAt = parts.clock.now();
  }

  get isHeadSent(): boolean {
    return this.#isHeadSent;
  }

  get isLost(): boolean {
    return this.#parts.reply.gone.aborted;
  }

  restart(): void {
    // Nothing is held: the resource is made at the end.
  }

  send(): undefined {
    // Nothing is sent before the end.
  }

  async finish(_terminal: readonly ResponseEvent[], resource: ResponseResource): Promise<void> {
    const { reply, headers } = this.#parts;
    this.#isHeadSent = true;
    reply.head(200, {
      'content-type': 'application/json; charset=utf-8',
      ...headers(),
      ...this.#advice(),
    });
    reply.write(JSON.stringify(resource));
    reply.end();
  }

  refuse(error: ApiError): void {
    this.#isHeadSent = true;
    refuse(this.#parts.reply, error, this.#parts.headers());
  }

  /**
   * Another answer like this one may be cut by whatever stands between; better not to wait for
   * it.
   */
  #advice(): Readonly<Record<string, string>> {
    const tookMs = this.#parts.clock.now() - this.#beganAt;
    if (tookMs < longAnswerMs) return {};
    const advice =
      `this answer took ${Math.round(tookMs / 1000)} s without streaming; ` +
      'hosts cut idle requests after some 230 s: ask with background: true, or stream it';
    return { warning: `299 spillway "${advice}"` };
  }

  [Symbol.dispose](): void {
    // No timers.
  }
}

/** Answers with an error and nothing else. */
export const refuse = (
  reply: Reply,
  error: ApiError,
  headers: Readonly<Record<string, string>>,
): void => {
  if (reply.gone.aborted) return;
  reply.head(error.status, { ...errorHeaders(error), ...headers });
  reply.write(errorBody(error));
  reply.end();
};
