/**
 * The Responses API on one socket: a message asks, messages answer, one response after the other.
 *
 *     {"type":"response.create", …} ──▶ queue ──▶ heart ──▶ the same events as over SSE, as messages
 *                                         └── bounded: what exceeds it is refused, not kept
 *
 * A socket remembers its own answers, so a client that stores nothing need not repeat itself. What
 * a client gets wrong costs it an error message, never the socket.
 */

import { sseData } from '../../protocol/sse.ts';
import type { Clock } from '../../time/clock.ts';
import {
  ApiError,
  type WireError,
  badRequest,
  notJson,
  serverError,
  shuttingDown,
  wireError,
  wrongValue,
} from './api-error.ts';
import { type ConnectionStore, connectionStore } from './connection-store.ts';
import { withDefaultModel } from './default-model.ts';
import { fieldsOf, flagField, requiredString, stringField } from './field.ts';
import { type JsonObject, asRecord, parseJson } from './json.ts';
import type { Caller, Reply, StateStore } from './proxy.ts';
import { parseRequest } from './request.ts';
import type { Proxy } from './respond.ts';

/** The socket as the session knows it. */
export interface SocketWire {
  /** False when the reader is slow: await `drained` before sending more. */
  send(message: string): boolean;
  drained(): Promise<void>;
  ping(): void;
  close(code: number, reason: string): void;
  /** Aborts when the socket is closed. */
  readonly gone: AbortSignal;
}

export interface SocketSessionParts {
  readonly proxy: Proxy;
  readonly store: StateStore;
  readonly clock: Clock;
  readonly wire: SocketWire;
  /** Who asks, looked at anew for each message; throws an `ApiError`. */
  readonly caller: () => Caller;
  /** Told of our own faults. */
  readonly log: (error: unknown) => void;
  /** Told of work that goes on though the socket may be closed. */
  readonly track: (work: Promise<void>) => void;
}

/** As long as OpenAI keeps a socket. */
const lifeMsMax = 3_600_000;
/** Messages that wait while one is answered, and their length together. */
const queuedMax = 16;
const queuedCharsMax = 32 * 2 ** 20;

/** RFC 6455, section 7.4.1. */
const closeCode = { normal: 1000, goingAway: 1001, policy: 1008 } as const;

/** Why the socket ends once the running response has. */
interface Ending {
  readonly error: ApiError | undefined;
  readonly code: number;
}

export class SocketSession {
  readonly #parts: SocketSessionParts;
  readonly #store: ConnectionStore;
  readonly #queue: string[] = [];
  readonly #life: Disposable;
  #queuedChars = 0;
  #isBusy = false;
  #ending: Ending | undefined;

  constructor(parts: SocketSessionParts) {
    this.#parts = parts;
    this.#store = connectionStore(parts.store);
    const { clock, wire } = parts;
    this.#life = clock.at(clock.now() + lifeMsMax, () =>
      this.#endWith({ error: lifeIsOver(), code: closeCode.normal }),
    );
    wire.gone.addEventListener('abort', () => this.#forgetAll(), { once: true });
  }

  /** Takes a message, which is answered after those before it. */
  receive(message: string): void {
    if (this.#ending) return this.#tell(this.#ending.error ?? shuttingDown());
    if (message.includes(steerType) && this.#refusesSteer(message)) return;
    const isFull =
      this.#queue.length >= queuedMax || this.#queuedChars + message.length > queuedCharsMax;
    if (isFull && this.#isBusy) return this.#tell(queueIsFull());
    this.#queue.push(message);
    this.#queuedChars += message.length;
    if (!this.#isBusy) this.#parts.track(this.#work());
  }

  /** Says at once that a running response cannot be steered; false for any other message. */
  #refusesSteer(message: string): boolean {
    const fields = asRecord(parseJson(message));
    if (fields?.['type'] !== steerType) return false;
    try {
      this.#parts.wire.send(steerFailed(fields));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#tell(error);
    }
    return true;
  }

  /** Takes no more messages, and closes the socket when the running response has ended. */
  drain(): void {
    this.#endWith({ error: undefined, code: closeCode.goingAway });
  }

  #endWith(ending: Ending): void {
    this.#ending ??= ending;
    if (!this.#isBusy) this.#end();
  }

  #end(): void {
    if (!this.#ending) return;
    const { error, code } = this.#ending;
    while (this.#queue.shift() !== undefined) this.#tell(error ?? shuttingDown());
    if (error) this.#tell(error);
    this.#parts.wire.close(code, error?.code ?? 'going away');
  }

  #forgetAll(): void {
    this.#life[Symbol.dispose]();
    this.#queue.length = 0;
    void this.#store.close();
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#queuedChars -= next.length;
      await this.#answer(next);
      if (this.#ending || this.#parts.wire.gone.aborted) break;
    }
    this.#isBusy = false;
    this.#end();
  }

  async #answer(message: string): Promise<void> {
    const { proxy } = this.#parts;
    let { wire } = this.#parts;
    let reply = new SocketReply(wire);
    let continued: string | undefined;
    try {
      const { isPreparation, lane, body } = readCreate(message);
      if (lane !== undefined) wire = onLane(wire, lane);
      reply = new SocketReply(wire);
      const named = body['previous_response_id'];
      continued = typeof named === 'string' ? named : undefined;
      const asked = withDefaultModel({ ...body, stream: true }, proxy.defaultModel);
      const request = parseRequest(asked);
      const connection = { store: this.#store, isPreparation };
      await proxy.respond(request, this.#parts.caller(), reply, connection);
    } catch (error) {
      if (!(error instanceof ApiError)) this.#parts.log(error);
      if (!reply.isOver) {
        reply.fail();
        const told = error instanceof ApiError ? error : serverError('The proxy failed to answer.');
        this.#tell(told, wire);
      }
    }
    if (reply.hasFailed && continued !== undefined) this.#store.forget(continued);
  }

  #tell(error: ApiError, wire = this.#parts.wire): void {
    wire.send(errorMessage(error.status, wireError(error), error.retryAfterMs));
  }
}

/** One response on its way over a socket: frames become messages, an error status an error. */
class SocketReply implements Reply {
  readonly #wire: SocketWire;
  #status = 200;
  #retryAfter: string | undefined;
  #body = '';
  #isOver = false;
  #hasFailed = false;

  constructor(wire: SocketWire) {
    this.#wire = wire;
  }

  get gone(): AbortSignal {
    return this.#wire.gone;
  }

  /** The client has been told how it ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  fail(): void {
    this.#isOver = true;
    this.#hasFailed = true;
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    this.#status = status;
    this.#retryAfter = headers['retry-after'];
  }

  write(chunk: string): boolean {
    if (this.#status >= 400) {
      this.#body += chunk;
      return true;
    }
    const data = sseData(chunk);
    if (data === undefined) {
      this.#wire.ping();
      return true;
    }
    if (data === '[DONE]') {
      this.#isOver = true;
      return true;
    }
    if (data.startsWith('{"type":"response.failed"')) this.#hasFailed = true;
    return this.#wire.send(data);
  }

  drained(): Promise<void> {
    return this.#wire.drained();
  }

  end(): void {
    if (this.#status >= 400) {
      this.fail();
      const error = asRecord(asRecord(parseJson(this.#body))?.['error']) ?? {};
      const retryAfterMs = this.#retryAfter === undefined ? undefined : +this.#retryAfter * 1000;
      this.#wire.send(errorMessage(this.#status, error, retryAfterMs));
    } else if (!this.#isOver) {
      // Whoever does not read for so long is not waiting either.
      this.#wire.close(closeCode.policy, 'the answer was not read');
    }
  }
}

interface CreateMessage {
  /** Only the state is to be prepared: nothing is generated. */
  readonly isPreparation: boolean;
  /** What the client calls this of several conversations on one socket. */
  readonly lane: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The same wire, on which each message says which lane it belongs to. */
const onLane = (wire: SocketWire, lane: string): SocketWire => ({
  ...wire,
  send: (message) => wire.send(`${message.slice(0, -1)},"stream_id":${JSON.stringify(lane)}}`),
});

/** Reads a client's message; what belongs to HTTP alone is dropped. Throws an `ApiError`. */
const readCreate = (message: string): CreateMessage => {
  const value = parseJson(message);
  if (value === undefined) throw notJson('of your message', message);
  const fields = fieldsOf(value, 'message');
  const { type, generate: _generate, background: _background, stream_id: _lane, ...body } = fields;
  if (type !== 'response.create') throw wrongValue('type', type, ['response.create']);
  const isPreparation = flagField(fields, 'generate') === false;
  return { isPreparation, lane: stringField(fields, 'stream_id'), body };
};

const steerType = 'response.steer';

/** What OpenAI says where a model or a mode does not take input in the middle of an answer. */
const steerFailed = (fields: JsonObject): string => {
  const lane = stringField(fields, 'stream_id');
  return JSON.stringify({
    type: 'response.steer.failed',
    sequence_number: 0,
    steer: {
      input: fields['input'] ?? [],
      previous_response_id: requiredString(fields, 'previous_response_id'),
    },
    error: {
      type: 'invalid_request_error',
      code: 'steering_not_supported',
      message:
        'A running response cannot be steered here. ' +
        "Await its end, and send the input with 'previous_response_id'.",
    },
    ...(lane !== undefined && { stream_id: lane }),
  });
};

const errorMessage = (
  status: number,
  error: Partial<WireError>,
  retryAfterMs: number | undefined,
): string =>
  JSON.stringify({
    type: 'error',
    status,
    error,
    ...(retryAfterMs === undefined
      ? {}
      : { headers: { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) } }),
  });

const lifeIsOver = (): ApiError =>
  badRequest(
    'This WebSocket has reached its limit of 60 minutes. Open another one to continue.',
    'connection',
    'websocket_connection_limit_reached',
  );

const queueIsFull = (): ApiError =>
  new ApiError({
    status: 429,
    type: 'too_many_requests',
    code: 'rate_limit_exceeded',
    message: `Too many messages wait on this WebSocket: at most ${queuedMax}. Await an answer first.`,
  });
