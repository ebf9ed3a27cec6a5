/**
 * Connections to one backend: who is dialled, how long that may take, and which socket an answer
 * comes over.
 *
 * One deadline covers DNS, TCP, the way through an HTTP proxy, and TLS, on our own clock, because
 * undici's timers tick twice a second and a relay such as Tailscale Funnel accepts TCP for a node
 * that is dead. All of undici's own timers but the idle one are off; the heart holds the deadlines.
 *
 * Each request has a connection to itself (HTTP/1.1, no pipelining), so leaving one request is
 * destroying one socket, also while it still connects, and never disturbs another. Between requests
 * a connection waits to be used again:
 *
 *     dial ──▶ request ──▶ answer whole ──▶ idle ──▶ request …
 *                 │                           └── the server closes, or `idleMs` pass ──▶ gone
 *                 └── error, or left ──▶ destroyed
 *
 * One may also be dialled ahead, and wait in the same way for its first request: who fails over has
 * no time for handshakes.
 *
 * A server may close an idle connection in the instant we write to it. Such a request, sent over a
 * used socket and without a byte of an answer, is sent once more over a fresh one.
 */

import { readFileSync } from 'node:fs';
import { type LookupFunction, Socket } from 'node:net';
import { getCACertificates } from 'node:tls';

import { buildConnector, Client } from 'undici';

import type { Via } from '../../system/system.ts';
import { type Clock, DeadlineError } from '../../time/clock.ts';
import { atDeadline } from '../../time/lateness.ts';
import { ConnectError } from './failure.ts';
import { type HttpAnswer, HttpExchange, type HttpRequest } from './http-exchange.ts';
import { openTunnel } from './tunnel.ts';

export interface Endpoint {
  /** Scheme, host and port: `https://spark.example.ts.net`. */
  readonly origin: string;
  /** Dial this instead of the first host on the way; TLS still names the origin's host. */
  readonly via?: Via;
  /** An HTTP proxy on the way. */
  readonly proxy?: string;
  /** Certificates to trust besides the machine's own: a PEM file. */
  readonly caFile?: string;
  readonly connectMs: number;
  readonly clock: Clock;
  /** Resolves host names; the machine's own resolver when absent. */
  readonly lookup?: LookupFunction;
}

/** Most connections of one endpoint at once; the proxy's admission keeps far below. */
const connectionsMax = 1024;
/** Shorter than the 72 s after which our own servers close, and no longer than most others. */
const idleMs = 30_000;
/** A server that was closing says so within a round trip; later, it had begun to work. */
const staleMsMax = 1000;

export class ConnectionPool {
  readonly #endpoint: Endpoint;
  readonly #dial: Dial;
  readonly #open = new Set<Connection>();
  /** The last one used comes first: it is the least likely to have been closed. */
  readonly #idle: Connection[] = [];
  #isPreparing = false;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.#dial = dialOf(endpoint);
  }

  /** Sends a request and waits for the head of the answer. Aborting rejects at once. */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    signal.throwIfAborted();
    const used = this.#takeIdle();
    if (!used) return this.#fresh().send(request, signal);
    try {
      return await used.send(request, signal);
    } catch (error) {
      if (!used.wasStale || signal.aborted) throw error;
      return this.#fresh().send(request, signal);
    }
  }

  /** Sends a request over a connection that nobody has used. */
  async sendFresh(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    signal.throwIfAborted();
    return this.#fresh().send(request, signal);
  }

  /** Dials ahead, unless a connection waits or is on its way. */
  prepare(): void {
    const isNeeded = !this.#isPreparing && !this.#idle.some(({ isAlive }) => isAlive);
    if (!isNeeded || this.#open.size >= connectionsMax) return;
    this.#isPreparing = true;
    this.#fresh().dialAhead(() => {
      this.#isPreparing = false;
    });
  }

  /** Destroys every connection, in use or idle. */
  async close(): Promise<void> {
    const open = [...this.#open];
    await Promise.all(open.map((connection) => connection.destroy(new Error('the pool closed'))));
  }

  #takeIdle(): Connection | undefined {
    for (let next = this.#idle.pop(); next; next = this.#idle.pop()) if (next.isAlive) return next;
    return undefined;
  }

  #fresh(): Connection {
    if (this.#open.size >= connectionsMax) {
      throw Object.assign(new Error(`${connectionsMax} connections are open`), { code: 'ENOBUFS' });
    }
    const connection = new Connection(this.#endpoint, this.#dial, {
      onFree: () => this.#idle.push(connection),
      onGone: () => {
        this.#open.delete(connection);
        const at = this.#idle.indexOf(connection);
        if (at >= 0) this.#idle.splice(at, 1);
      },
    });
    this.#open.add(connection);
    return connection;
  }
}

/** Dials, and gives a way to leave while that takes its time. */
type Dial = (
  options: buildConnector.Options,
  settle: (error: unknown, socket: Socket | null) => void,
) => { leave(): void };

/** How an endpoint is dialled. Made once for all its connections: it remembers TLS sessions. */
const dialOf = ({ via, proxy, caFile, lookup }: Endpoint): Dial => {
  const ca = authoritiesOf(caFile, via?.ca);
  const dial = buildConnector({
    timeout: 0,
    allowH2: false,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 250,
    ...(ca ? { ca } : {}),
    ...(lookup ? { lookup } : {}),
  });
  return (options, settle) => {
    let dialled: unknown;
    let isLeft = false;
    if (proxy === undefined) dialled = dial(redirected(options, via), settle);
    else {
      const isTls = options.protocol === 'https:';
      const port = Number(options.port) || (isTls ? 443 : 80);
      const whole = { proxy, host: options.hostname, port };
      const more = { ...(via && { via }), ...(ca && { ca }), ...(lookup && { lookup }) };
      dialled = openTunnel({ ...whole, ...more }, (error, socket) => {
        if (!socket || isLeft || !isTls) settle(error, socket);
        else dialled = dial({ ...options, httpSocket: socket }, settle);
      });
    }
    return {
      leave: () => {
        isLeft = true;
        // undici gives back the socket that is still connecting, though its types do not say so.
        if (dialled instanceof Socket) dialled.destroy();
      },
    };
  };
};

/** Naming certificates replaces the machine's own, so those are named as well. */
const authoritiesOf = (caFile: string | undefined, ca: string | undefined): string[] | undefined =>
  caFile === undefined && ca === undefined
    ? undefined
    : [
        ...getCACertificates('default'),
        ...(caFile === undefined ? [] : [readFileSync(caFile, 'utf8')]),
        ...(ca === undefined ? [] : [ca]),
      ];

interface ConnectionEvents {
  /** The answer was whole and the socket lives. */
  readonly onFree: () => void;
  readonly onGone: () => void;
}

/** One socket, from its dialling to its end, and the one request on it. */
class Connection {
  readonly #clock: Clock;
  readonly #client: Client;
  readonly #events: ConnectionEvents;
  readonly #origin: string;
  readonly #connect: buildConnector.connector;
  #leaveDialling: (() => void) | undefined;
  #socket: Socket | undefined;
  /** Waits for the first request. */
  #ahead: Socket | undefined;
  #aheadTimer: Disposable | undefined;
  #isReused = false;
  #bytesReadBefore = 0;
  #givenAt = 0;
  #isDestroyed = false;

  constructor(endpoint: Endpoint, dial: Dial, events: ConnectionEvents) {
    this.#clock = endpoint.clock;
    this.#events = events;
    this.#origin = endpoint.origin;
    this.#connect = this.#connectorFor(endpoint, dial);
    this.#client = new Client(endpoint.origin, {
      pipelining: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      connectTimeout: 0,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      keepAliveTimeoutThreshold: 1000,
      connect: (options, callback) => {
        const ahead = this.#takeAhead();
        // undici takes no notice of an answer that comes before it has finished asking.
        if (ahead) queueMicrotask(() => callback(null, ahead));
        else this.#connect(options, callback);
      },
    });
    this.#client.on('disconnect', () => void this.destroy(new Error('disconnected')));
  }

  get isAlive(): boolean {
    return !this.#isDestroyed && this.#socket !== undefined && !this.#socket.destroyed;
  }

  /** The last request was given a used socket, which broke at once without a byte of an answer. */
  get wasStale(): boolean {
    const wasAtOnce = this.#clock.now() - this.#givenAt < staleMsMax;
    return this.#isReused && wasAtOnce && this.#socket?.bytesRead === this.#bytesReadBefore;
  }

  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    this.#isReused = this.#socket !== undefined;
    this.#bytesReadBefore = this.#socket?.bytesRead ?? 0;
    this.#givenAt = this.#clock.now();
    const exchange = new HttpExchange(this.#clock, request, {
      onSent: () => request.onSent?.(this.#clock.now(), this.#socket?.localPort),
      onWhole: () => this.#rest(),
      onBroken: (error) => void this.destroy(error),
    });
    exchange.leaveOn(signal);
    this.#client.dispatch(
      {
        method: request.method,
        path: request.path,
        headers: request.headers,
        body: request.body ?? null,
      },
      exchange,
    );
    return exchange.answer;
  }

  /** Connects before there is a request; one that finds none in time is closed. */
  dialAhead(onSettled: () => void): void {
    const { protocol, host, hostname, port } = new URL(this.#origin);
    const bare = hostname.replaceAll(/[[\]]/g, '');
    this.#connect({ protocol, host, hostname: bare, port }, (_error, socket) => {
      onSettled();
      if (!socket || this.#isDestroyed) {
        socket?.destroy();
        void this.destroy(new Error('not connected'));
        return;
      }
      this.#ahead = socket;
      socket.on('error', () => undefined);
      socket.once('close', () => {
        if (this.#ahead) void this.destroy(new Error('closed before its first request'));
      });
      this.#aheadTimer = this.#clock.at(this.#clock.now() + idleMs, () => {
        if (this.#ahead) void this.destroy(new Error('nobody needed it'));
      });
      this.#events.onFree();
    });
  }

  async destroy(error: Error): Promise<void> {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#leaveDialling?.();
    this.#takeAhead()?.destroy();
    this.#events.onGone();
    await this.#client.destroy(error);
  }

  #takeAhead(): Socket | undefined {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    this.#aheadTimer?.[Symbol.dispose]();
    return ahead;
  }

  #rest(): void {
    if (this.isAlive) this.#events.onFree();
    else void this.destroy(new Error('disconnected'));
  }

  /** undici's connector, with the address it dials and the time it has put in our hands. */
  #connectorFor({ via, proxy, connectMs, clock }: Endpoint, dial: Dial): buildConnector.connector {
    return (options, callback) => {
      const named = via ? `${via.host}:${via.port}` : (options.host ?? options.hostname);
      const where = proxy === undefined ? named : `${named} through ${new URL(proxy).host}`;
      let isSettled = false;
      const settle = (error: unknown, socket: Socket | null): void => {
        if (isSettled) {
          socket?.destroy();
          return;
        }
        isSettled = true;
        timer[Symbol.dispose]();
        this.#socket = socket ?? undefined;
        if (socket) callback(null, socket);
        else callback(new ConnectError(`cannot connect to ${where}`, { cause: error }), null);
      };
      const give = (error: Error): void => {
        settle(error, null);
        dialling.leave();
      };
      const timer = atDeadline(clock, clock.now() + connectMs, () =>
        give(new DeadlineError(`connecting to ${where} took longer than ${connectMs} ms`)),
      );
      this.#leaveDialling = () => {
        if (!isSettled) give(new Error('left while connecting'));
      };
      const dialling = dial(options, settle);
    };
  }
}

/** The connector's options with another address to dial, under the name of the first. */
const redirected = (
  options: buildConnector.Options,
  via: Endpoint['via'],
): buildConnector.Options => {
  if (!via) return options;
  const dialled = { ...options, hostname: via.host, port: String(via.port) };
  return options.protocol === 'https:' ? { ...dialled, servername: options.hostname } : dialled;
};
