/** One WebSocket without a wire: a session of the proxy, and its client, who asks one by one. */

import { asRecord, parseJson } from '../../src/target/proxy/json.ts';
import type { Caller, Reply } from '../../src/target/proxy/proxy.ts';
import { SocketSession, type SocketWire } from '../../src/target/proxy/socket-session.ts';
import type { Body } from './reader.ts';
import type { World } from './world.ts';

/** What is read on the socket at present. */
interface Reading {
  readonly caller: Caller;
  readonly reply: Reply;
  readonly over: () => void;
}

export class VirtualSocket {
  readonly #gone = new AbortController();
  readonly #session: SocketSession;
  readonly #odd: (what: string) => void;
  #work: Promise<void> = Promise.resolve();
  #reading: Reading | undefined;
  #isBegun = false;

  constructor({ proxy, store, clock }: World, odd: (what: string) => void) {
    this.#odd = odd;
    const wire: SocketWire = {
      send: (message) => this.#take(message),
      drained: () => this.#reading?.reply.drained() ?? Promise.resolve(),
      ping: () => undefined,
      close: () => this.close(),
      gone: this.#gone.signal,
    };
    this.#session = new SocketSession({
      proxy,
      store,
      clock,
      wire,
      caller: () => {
        if (!this.#reading) throw new Error('nobody asks');
        return this.#reading.caller;
      },
      log: (error) => odd(`socket: ${String(error)}`),
      track: (work) => {
        this.#work = work;
      },
    });
  }

  get isClosed(): boolean {
    return this.#gone.signal.aborted;
  }

  /** Asks; settles when the answer has ended and nothing of it is left running. */
  async ask(body: Body, caller: Caller, reply: Reply): Promise<void> {
    const over = Promise.withResolvers<void>();
    this.#reading = { caller, reply, over: over.resolve };
    this.#isBegun = false;
    const onGone = (): void => this.close();
    reply.gone.addEventListener('abort', onGone, { once: true });
    this.#session.receive(JSON.stringify({ ...body, type: 'response.create' }));
    await over.promise;
    reply.gone.removeEventListener('abort', onGone);
    await this.#work;
    this.#reading = undefined;
  }

  close(): void {
    this.#gone.abort();
    this.#end();
  }

  #end(): void {
    if (!this.#reading) return;
    this.#reading.reply.end();
    this.#reading.over();
  }

  /** Messages are recorded as the frames that they would be over HTTP. */
  #take(message: string): boolean {
    const { reply } = this.#reading ?? {};
    const event = asRecord(parseJson(message)) ?? {};
    const type = String(event['type']);
    if (!reply) {
      this.#odd(`socket: ${type} came unasked`);
      return true;
    }
    if (type === 'error' && typeof event['status'] === 'number' && !this.#isBegun) {
      reply.head(event['status'], { 'content-type': 'application/json' });
      reply.write(message);
      this.#end();
      return true;
    }
    if (!this.#isBegun) reply.head(200, { 'content-type': 'text/event-stream' });
    this.#isBegun = true;
    const isRead = reply.write(`event: ${type}\ndata: ${message}\n\n`);
    if (/^response\.(?:completed|incomplete|failed)$/.test(type)) {
      reply.write('data: [DONE]\n\n');
      this.#end();
    }
    return isRead;
  }
}
