/** A socket in virtual time: what a client sends into a session, and what comes back. */

import { getEventListeners } from 'node:events';

import { encodeSse, sseDone } from '../../src/protocol/sse.ts';
import { asRecord, type JsonObject } from '../../src/target/proxy/json.ts';
import type { Caller } from '../../src/target/proxy/proxy.ts';
import { SocketSession, type SocketWire } from '../../src/target/proxy/socket-session.ts';
import type { ProxyWorld } from './proxy-world.ts';
import { type ReadStream, readStream } from './response-grammar.ts';

/** What a socket received for one request: the events to their terminal one, or an error. */
export interface SocketAnswer {
  readonly messages: readonly JsonObject[];
  readonly error: JsonObject | undefined;
  /** Checked against the grammar; throws when the answer is an error. */
  readonly stream: ReadStream;
}

const terminals = /^response\.(?:completed|incomplete|failed)$/;

/** Cuts what came over a socket into one answer per request. */
export const socketAnswers = (texts: readonly string[]): readonly SocketAnswer[] => {
  const answers: SocketAnswer[] = [];
  let open: JsonObject[] = [];
  for (const text of texts) {
    const message = asRecord(JSON.parse(text)) ?? {};
    open.push(message);
    const isRefusal = message['type'] === 'error' && 'status' in message;
    if (!isRefusal && !terminals.test(String(message['type']))) continue;
    const messages = open;
    open = [];
    answers.push({
      messages,
      error: isRefusal ? message : undefined,
      get stream() {
        const frames = messages.map((event) => encodeSse(String(event['type']), event));
        return readStream(frames.join('') + sseDone);
      },
    });
  }
  return answers;
};

export class SocketWorld {
  readonly sent: string[] = [];
  readonly faults: unknown[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  pings = 0;
  /** False makes every message say that the reader is slow. */
  isReading = true;
  readonly session: SocketSession;
  readonly #world: ProxyWorld;
  readonly #gone = new AbortController();
  readonly #work = new Set<Promise<void>>();
  #requests = 0;

  constructor(world: ProxyWorld, who: Partial<Caller> = {}) {
    this.#world = world;
    const wire: SocketWire = {
      gone: this.#gone.signal,
      send: (message) => {
        if (!this.closed) this.sent.push(message);
        return this.isReading;
      },
      drained: () => new Promise(() => undefined),
      ping: () => {
        this.pings++;
      },
      close: (code, reason) => {
        this.closed ??= { code, reason };
        this.leave();
      },
    };
    this.session = new SocketSession({
      proxy: world.proxy,
      store: world.store,
      clock: world.clock,
      wire,
      caller: () => {
        const number = String(++this.#requests);
        return {
          name: 'anonymous',
          residency: 'local-first',
          trace: number.padStart(32, 'f'),
          requestId: `req_ws_${number}`,
          ...who,
        };
      },
      log: (error) => this.faults.push(error),
      track: (work) => {
        this.#work.add(work);
        void work.finally(() => this.#work.delete(work));
      },
    });
  }

  /** How many wait for the socket to be closed. */
  get listenerCount(): number {
    return getEventListeners(this.#gone.signal, 'abort').length;
  }

  get answers(): readonly SocketAnswer[] {
    return socketAnswers(this.sent);
  }

  leave(): void {
    this.#gone.abort(new Error('the client left'));
  }

  /** Sends without waiting. */
  create(body: JsonObject = {}): void {
    this.session.receive(
      JSON.stringify({ type: 'response.create', model: 'm', input: 'Hello', ...body }),
    );
  }

  /** Lets virtual time run until nothing is being answered. */
  async settle(): Promise<void> {
    const { clock } = this.#world;
    await clock.runUntil(Promise.all(this.#work), clock.now() + 3_600_000);
  }

  /** Sends, and gives the answer. */
  async ask(body: JsonObject = {}): Promise<SocketAnswer> {
    const before = this.answers.length;
    this.create(body);
    await this.settle();
    const answer = this.answers[before];
    if (!answer) throw new Error('the socket was not answered');
    return answer;
  }
}
