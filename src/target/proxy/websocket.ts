/**
 * WebSocket beside HTTP: the handshake, the sockets that are open, and their end.
 *
 *     GET /v1/responses, upgrade: websocket ──▶ key, origin, room ──▶ 101 ──▶ session
 *                                                    └── no ──▶ an HTTP error, in OpenAI's shape
 *
 * A socket that does not answer a ping is dead. One that is not asked anything costs next to
 * nothing, so thousands may be idle.
 */

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import { type WebSocket, WebSocketServer } from 'ws';

import type { Clock } from '../../time/clock.ts';
import { ApiError, shuttingDown } from './api-error.ts';
import { isLoopback } from './authentication.ts';
import { bodyBytesMax, ourFault, refuseRaw } from './http-error.ts';
import { pathAsOurs } from './path-alias.ts';
import type { Caller, StateStore } from './proxy.ts';
import type { Proxy } from './respond.ts';
import { SocketSession, type SocketWire } from './socket-session.ts';

export interface WebSocketDoorParts {
  readonly clock: Clock;
  readonly proxy: Proxy;
  readonly store: StateStore;
  /** Anyone may ask: there are no keys. */
  readonly isOpen: () => boolean;
  readonly requestId: () => string;
  /** Who asks, by the headers of the handshake; throws an `ApiError`. */
  readonly callerOf: (headers: IncomingHttpHeaders, requestId: string) => Caller;
  readonly log: (requestId: string, error: unknown) => void;
  /** Told of work that goes on though its socket may be closed. */
  readonly track: (work: Promise<void>) => void;
}

const socketsMax = 10_000;
/** Relays on the way cut what is silent for a minute or more. */
const pingEveryMs = 25_000;
/** Written and not yet taken by the client's machine; beyond it the backend is not read. */
const unsentBytesMax = 256 * 1024;
/** Beyond it nor is the client, which could ask for ever without ever reading what we say to it. */
const deafBytesMax = 4 * unsentBytesMax;
/** Messages shorter than this are not worth packing. */
const packedBytesMin = 1024;

const path = /^\/v1\/responses\/?(?:\?|$)/;

const options = {
  noServer: true,
  clientTracking: false,
  maxPayload: bodyBytesMax,
  // How long a client may take to say goodbye as well.
  closeTimeout: 1000,
  perMessageDeflate: {
    threshold: packedBytesMin,
    // A window kept for each socket would cost more memory than all the rest of it.
    serverNoContextTakeover: true,
    clientNoContextTakeover: true,
    zlibDeflateOptions: { level: 1 },
  },
};

export class WebSocketDoor {
  readonly #parts: WebSocketDoorParts;
  readonly #server = new WebSocketServer(options);
  readonly #open = new Map<WebSocket, OpenSocket>();
  readonly #requestIds = new WeakMap<IncomingMessage, string>();
  #isDraining = false;
  #pinging: Disposable | undefined;

  constructor(parts: WebSocketDoorParts) {
    this.#parts = parts;
    this.#server.on('headers', (lines, request) =>
      lines.push(`x-request-id: ${this.#requestIds.get(request) ?? ''}`),
    );
    this.#server.on('wsClientError', ({ message }, stream, request) => {
      const error = new ApiError({ status: 400, message: `The handshake failed: ${message}.` });
      refuseRaw(stream, error, this.#requestIds.get(request) ?? '');
    });
  }

  /** Whether a request asks for a socket here; any other upgrade is answered over HTTP. */
  wants({ method, url, headers }: IncomingMessage): boolean {
    return (
      method === 'GET' &&
      headers.upgrade?.toLowerCase() === 'websocket' &&
      path.test(pathAsOurs(url ?? ''))
    );
  }

  /** Opens a socket, or says why not. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const requestId = this.#parts.requestId();
    this.#requestIds.set(request, requestId);
    try {
      this.#admit(request, requestId);
    } catch (error) {
      if (!(error instanceof ApiError)) this.#parts.log(requestId, error);
      refuseRaw(stream, error instanceof ApiError ? error : ourFault(), requestId);
      return;
    }
    this.#server.handleUpgrade(request, stream, head, (socket) => this.#welcome(socket, request));
  }

  /**
   * Opens no more sockets; those that are open are closed once their running response has ended.
   */
  drain(): void {
    this.#isDraining = true;
    for (const { session } of this.#open.values()) session.drain();
  }

  /** Cuts what is still open. */
  close(): void {
    this.#pinging?.[Symbol.dispose]();
    for (const socket of this.#open.keys()) socket.terminate();
  }

  #admit({ headers }: IncomingMessage, requestId: string): void {
    this.#parts.callerOf(headers, requestId);
    // A browser sends its pages' WebSockets anywhere; without keys any page could ask.
    if (this.#parts.isOpen() && !isFromHere(headers.origin))
      throw new ApiError({
        status: 403,
        message: 'A proxy without keys takes no WebSocket from a web page of another host.',
      });
    if (this.#isDraining) throw shuttingDown();
    if (this.#open.size >= socketsMax)
      throw new ApiError({
        status: 503,
        message: 'Too many WebSockets are open.',
        retryAfterMs: 5000,
      });
  }

  #welcome(socket: WebSocket, { headers }: IncomingMessage): void {
    const { clock, proxy, store, callerOf, requestId } = this.#parts;
    const gone = new AbortController();
    let id = requestId();
    const session = new SocketSession({
      proxy,
      store,
      clock,
      wire: wireOf(socket, gone.signal),
      caller: () => {
        id = requestId();
        return callerOf({ ...headers, traceparent: undefined }, id);
      },
      log: (error) => this.#parts.log(id, error),
      track: this.#parts.track,
    });
    const open: OpenSocket = { session, isAlive: true };
    this.#open.set(socket, open);
    this.#pinging ??= this.#armPing();
    const live = (): void => {
      open.isAlive = true;
    };
    socket.on('pong', live).on('ping', live);
    socket.on('message', (data, isBinary) => {
      live();
      session.receive(isBinary ? '' : textOf(data));
    });
    // Garbage on the wire: the library has closed it with the code that says what was wrong.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#open.delete(socket);
      gone.abort(new Error('the client left'));
    });
  }

  /** One timer for all sockets, while there are any. */
  #armPing(): Disposable {
    const { clock } = this.#parts;
    return clock.at(clock.now() + pingEveryMs, () => {
      for (const [socket, open] of this.#open) {
        if (!open.isAlive) {
          socket.terminate();
          continue;
        }
        open.isAlive = false;
        socket.ping();
      }
      this.#pinging = this.#open.size === 0 ? undefined : this.#armPing();
    });
  }
}

interface OpenSocket {
  readonly session: SocketSession;
  /** It has been heard of since the last ping. */
  isAlive: boolean;
}

const wireOf = (socket: WebSocket, gone: AbortSignal): SocketWire => {
  let unsentBytes = 0;
  let waiting: (() => void)[] = [];
  const settle = (): void => {
    const settled = waiting;
    waiting = [];
    for (const resolve of settled) resolve();
  };
  gone.addEventListener('abort', settle, { once: true });

  return {
    gone,
    send(message) {
      if (socket.readyState !== socket.OPEN) return true;
      unsentBytes += message.length;
      if (unsentBytes > deafBytesMax) socket.pause();
      socket.send(message, () => {
        unsentBytes -= message.length;
        if (unsentBytes > unsentBytesMax / 2) return;
        socket.resume();
        settle();
      });
      return unsentBytes <= unsentBytesMax;
    },
    drained: () =>
      new Promise((resolve) => {
        if (gone.aborted || unsentBytes <= unsentBytesMax / 2) resolve();
        else waiting.push(resolve);
      }),
    ping: () => {
      if (socket.readyState === socket.OPEN) socket.ping();
    },
    close: (code, reason) => socket.close(code, reason),
  };
};

const textOf = (data: Buffer | ArrayBuffer | Buffer[]): string => {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return (data instanceof ArrayBuffer ? Buffer.from(data) : data).toString();
};

/** No browser, or a page of this machine. */
const isFromHere = (origin: string | undefined): boolean =>
  origin === undefined ||
  (URL.canParse(origin) && isLoopback(new URL(origin).hostname.replace(/^\[(.*)\]$/, '$1')));
