/**
 * The events of one background response, kept so that a reader may come late, leave and come back.
 *
 *     turn ──append──▶ 0 created │ 1 queued │ 2 in_progress │ 3 … ──▶ any number of readers
 *                                     each from where it stopped ┘
 *
 * A frame's place is its sequence number, because numbers have no gaps. What grows beyond its bound
 * loses its eldest half: readers who are abreast notice nothing, and who asks for more is refused.
 */

import type { ResponseEvent } from '../../protocol/responses.ts';
import { encodeSse, sseComment, sseDone } from '../../protocol/sse.ts';
import type { Clock } from '../../time/clock.ts';
import { eventStreamHeaders, isRead, keepAliveMs } from './delivery.ts';
import type { Reply } from './proxy.ts';

/** Of one response: some 100,000 tokens. */
const charsMax = 32 * 2 ** 20;

export class EventLog {
  #frames: string[] = [];
  /** Sequence number of the eldest frame kept. */
  #firstAt = 0;
  #chars = 0;
  #isEnded = false;
  readonly #watchers = new Set<() => void>();

  get chars(): number {
    return this.#chars;
  }

  /** Nothing will be added. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Sequence number of the eldest event kept, and of the one to come. */
  get range(): { readonly firstAt: number; readonly nextAt: number } {
    return { firstAt: this.#firstAt, nextAt: this.#firstAt + this.#frames.length };
  }

  frame(at: number): string | undefined {
    return this.#frames[at - this.#firstAt];
  }

  append(events: readonly ResponseEvent[]): void {
    for (const event of events) {
      const frame = encodeSse(event.type, event);
      this.#frames.push(frame);
      this.#chars += frame.length;
    }
    if (this.#chars > charsMax) this.#shorten();
    this.#wake();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  /** Calls once something has changed; disposing stops watching. */
  watch(onChange: () => void): Disposable {
    this.#watchers.add(onChange);
    return { [Symbol.dispose]: () => this.#watchers.delete(onChange) };
  }

  #shorten(): void {
    const dropped = this.#frames.splice(0, Math.ceil(this.#frames.length / 2));
    this.#firstAt += dropped.length;
    for (const frame of dropped) this.#chars -= frame.length;
  }

  #wake(): void {
    for (const onChange of this.#watchers) onChange();
  }
}

export interface FollowInput {
  readonly log: EventLog;
  /** Sequence number of the first event wanted. */
  readonly from: number;
  readonly reply: Reply;
  readonly clock: Clock;
  readonly headers: Readonly<Record<string, string>>;
}

/** Gives a reader what is there, and then what comes, to the end or until it leaves. */
export const follow = async ({ log, from, reply, clock, headers }: FollowInput): Promise<void> => {
  reply.head(200, { ...eventStreamHeaders, ...headers });
  let at = from;
  let writtenAt = clock.now();
  const write = async (chunk: string): Promise<boolean> => {
    writtenAt = clock.now();
    return reply.write(chunk) || (await isRead(reply, clock));
  };
  while (!reply.gone.aborted) {
    const frame = log.frame(at);
    if (frame !== undefined) {
      at++;
      if (!(await write(frame))) break;
    } else if (log.isEnded || at < log.range.firstAt) {
      // A reader that the log has overtaken is cut short, not told that this was all.
      if (at >= log.range.nextAt) await write(sseDone);
      break;
    } else {
      await changeOf(log, reply.gone, clock, writtenAt + keepAliveMs);
      if (clock.now() >= writtenAt + keepAliveMs) await write(sseComment('keep-alive'));
    }
  }
  reply.end();
};

/** Resolves when the log has changed, the reader has left, or the instant is there. */
const changeOf = (log: EventLog, gone: AbortSignal, clock: Clock, instant: number): Promise<void> =>
  new Promise((resolve) => {
    const settle = (): void => {
      timer[Symbol.dispose]();
      watching[Symbol.dispose]();
      gone.removeEventListener('abort', settle);
      resolve();
    };
    const timer = clock.at(instant, settle);
    const watching = log.watch(settle);
    gone.addEventListener('abort', settle, { once: true });
  });
