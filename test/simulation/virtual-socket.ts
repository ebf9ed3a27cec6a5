/** One WebSocket without a wire: a session of the proxy, and its client, who asks one by one. */

import { asRecord, parseJson } from '../../src/target/proxy/json.ts';
import type { Caller, Reply } from '../../src/target/proxy/proxy.ts';
import { SocketSession, type SocketWire } from '../../src/target/proxy/socket-session.ts';
import { type Body, isOfStore, type Manner } from './reader.ts';
import type { World } from './world.ts';

/** What is read on the socket at present. */
interface Reading {
  readonly caller: Caller;
  readonly reply: Reply;
  readonly over: () => void;
}

/** How one of the socket's requests is asked. */
export interface SocketAsking {
  readonly caller: Caller;
  readonly reply: Reply;
  readonly manner: Manner;
}

/** The lane of what is asked without waiting for the answer before it. */
const aside = 'aside';

export class VirtualSocket {
  readonly #gone = new AbortController();
  readonly #session: SocketSession;
  readonly #odd: (what: string) => void;
  #work: Promise<void> = Promise.resolve();
  #reading: Reading | undefined;
  #isBegun = false;
  #isEnded = false;
  /** Errors that the client expects before its answer. */
  #errorsDue = 0;
  /** Settles with the id of a state that was prepared; without one where that failed. */
  #prepared: ((id: string | undefined) => void) | undefined;

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
      log: (error) => {
        if (!isOfStore(error)) odd(`socket: ${String(error)}`);
      },
      track: (work) => {
        this.#work = work;
      },
    });
  }

  get isClosed(): boolean {
    return this.#gone.signal.aborted;
  }

  /** Asks; settles when the answer has ended and nothing of it is left running. */
  async ask(body: Body, { caller, reply, manner }: SocketAsking): Promise<void> {
    const over = Promise.withResolvers<void>();
    this.#reading = { caller, reply, over: over.resolve };
    this.#isBegun = false;
    this.#isEnded = false;
    const onGone = (): void => this.close();
    reply.gone.addEventListener('abort', onGone, { once: true });
    if (manner.onSocket === 'garbage') {
      this.#errorsDue++;
      this.#session.receive('{"type":"response.cancel"}');
    }
    const id = manner.onSocket === 'prepares' ? await this.#prepare(body) : undefined;
    this.#send(id === undefined ? body : { ...body, previous_response_id: id });
    if (manner.onSocket === 'does-not-wait')
      this.#send({ ...preparation(body), previous_response_id: undefined, stream_id: aside });
    await over.promise;
    reply.gone.removeEventListener('abort', onGone);
    await this.#work;
    this.#reading = undefined;
  }

  /** Has the state made that a question then goes on from. */
  #prepare(body: Body): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#prepared = (id) => {
      this.#prepared = undefined;
      resolve(id);
    };
    this.#send(preparation(body));
    return promise;
  }

  #send(body: Body): void {
    if (!this.isClosed) this.#session.receive(JSON.stringify({ ...body, type: 'response.create' }));
  }

  close(): void {
    this.#gone.abort();
    this.#prepared?.(undefined);
    this.#end();
  }

  #end(): void {
    if (!this.#reading || this.#isEnded) return;
    this.#isEnded = true;
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
    if (event['stream_id'] === aside) {
      if (!this.#isEnded) this.#odd(`socket: ${type} came before its turn`);
      return true;
    }
    if (this.#errorsDue > 0) {
      this.#errorsDue--;
      if (type !== 'error') this.#odd(`socket: garbage was answered ${type}`);
      return true;
    }
    if (this.#prepared) {
      if (type === 'error') this.#prepared(undefined);
      const response = asRecord(event['response']);
      if (type === 'response.completed') this.#prepared(String(response?.['id']));
      return true;
    }
    if (this.#isEnded) this.#odd(`socket: ${type} came after the end`);
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

/** The same request, of which only the state is made. */
const preparation = ({ model, previous_response_id: previousId, metadata }: Body): Body => ({
  model,
  metadata,
  previous_response_id: previousId,
  input: [{ type: 'message', role: 'developer', content: 'Be brief.' }],
  store: false,
  generate: false,
});
