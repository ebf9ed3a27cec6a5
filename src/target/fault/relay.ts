/**
 * One connection through the shim: two pumps of bytes, and what faults do to them.
 *
 *     client ══▶ request scan ══▶ target           a head is shown to the decision before it leaves
 *     client ◀══ outlet ◀══ response scan ◀══ target     so are a response's head and first token;
 *                                                        each later token once it has left
 *
 * A pump reads no more until what it read is written, so a slow reader slows the writer, and no
 * more than one segment and one head are held in either direction.
 */

import { type Socket, connect } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

import { readTraceparent } from '../../protocol/trace.ts';
import type { TokenScan } from '../../protocol/token-scan.ts';
import type { Clock } from '../../time/clock.ts';
import { byteScans } from './byte-scan.ts';
import type { CertificateFlaw, Identity } from './certificate.ts';
import type { Act, AttemptFaults, AttemptName, FaultDecision } from './decision.ts';
import { type Dialect, dialectOf } from './frame.ts';
import { type Head, HttpScan, type Mark, type Piece } from './http-scan.ts';
import { kindOf } from './kind/list.ts';
import { Outlet, slicesPerSecond, written } from './outlet.ts';

export interface RelayParts {
  readonly target: { readonly host: string; readonly port: number };
  /** Absent on TLS. */
  readonly tokens?: () => TokenScan;
  /** What a fault shows in place of the server's certificate; absent where there is none. */
  readonly certificate?: (flaw: CertificateFlaw) => Identity;
  /** How the backend talks where the request's path does not tell. */
  readonly dialect: Dialect;
  readonly clock: Clock;
  /** The instant the arm's faults count from; Infinity until it has begun. */
  readonly origin: () => number;
  readonly decision: () => FaultDecision;
  readonly onAct: (act: Act, name: AttemptName | undefined, remotePort: number | undefined) => void;
}

/** One direction, read along: as HTTP, or as bytes only. */
interface Scan {
  push(chunk: Buffer): Piece[];
  end?(): Buffer;
  expectNoBody?(): void;
}

export class Relay {
  readonly #parts: RelayParts;
  readonly #client: Socket;
  readonly #outlet: Outlet;
  #target: Socket | undefined;
  #attempt: AttemptFaults | undefined;
  #name: AttemptName | undefined;
  #isFresh = true;
  #isHead = false;
  /** Settles when a client that is shown a bad certificate has left. */
  #shown: Promise<void> | undefined;

  constructor(client: Socket, parts: RelayParts) {
    this.#client = client;
    this.#parts = parts;
    client.on('error', ignore);
    this.#outlet = new Outlet(client, {
      clock: parts.clock,
      bytesToTrigger: () => this.#attempt?.bytesToTrigger ?? Number.POSITIVE_INFINITY,
      onBytes: (bytes) => this.#take(this.#attempt?.onBytes(bytes, this.#now()) ?? []),
      showCertificate: (flaw) => {
        const identity = parts.certificate?.(flaw);
        if (identity) this.#shown = showCertificate(client, identity);
      },
      onOver: () => {
        this.#attempt = undefined;
        this.#target?.destroy();
      },
    });
  }

  /** Relays until both sides have ended, or a fault has ended them. Never rejects. */
  async run(): Promise<void> {
    this.#beginAttempt(false);
    const { target } = this.#parts;
    const scans = this.#parts.tokens
      ? { request: new HttpScan('request'), response: new HttpScan('response', this.#parts.tokens) }
      : byteScans();
    try {
      if (this.#shown) return await this.#shown;
      const pumps = [this.#pumpUp(scans.request, scans.response)];
      if (this.#outlet.fate === 'relayed') {
        this.#target = connect({ ...target, allowHalfOpen: true, noDelay: true });
        this.#target.on('error', ignore);
        pumps.push(this.#pumpDown(this.#target, scans.response));
      }
      await Promise.all(pumps);
    } finally {
      this.close();
    }
  }

  /** Time has passed: a window may have opened. */
  onTime(): void {
    if (this.#attempt && !this.#isFresh) this.#take(this.#attempt.onTime(this.#now()));
  }

  /** The port is about to close: whatever is open dies with it, or falls silent. */
  leave(how: 'reset' | 'silence'): void {
    this.onTime();
    if (how === 'reset') this.#outlet.reset();
    else if (this.#outlet.fate === 'relayed') this.#outlet.fallSilent();
  }

  close(): void {
    this.#outlet.close();
    this.#client.destroy();
  }

  #now(): number {
    return this.#parts.clock.now() - this.#parts.origin();
  }

  #beginAttempt(isReused: boolean): void {
    this.#name = undefined;
    // Under TLS an answer cannot be told from a handshake: what was done to one goes on.
    if (this.#parts.tokens) this.#outlet.beginAttempt();
    this.#attempt = this.#parts.decision().attempt(isReused);
    this.#take(this.#attempt.onConnect(this.#now()));
  }

  async #pumpUp(scan: Scan, answers: Scan): Promise<void> {
    try {
      for await (const chunk of segmentsOf(this.#client))
        for (const piece of scan.push(chunk)) {
          this.#readRequest(piece.mark, piece.head);
          if (this.#isHead) answers.expectNoBody?.();
          await this.#passRequest(piece.bytes);
        }
      // Nobody waits for a swallowed answer any more, so nobody needs to make it.
      if (this.#outlet.fate === 'swallowed') this.close();
      if (this.#outlet.fate !== 'relayed') return;
      await written(this.#target, scan.end?.() ?? Buffer.alloc(0));
      this.#target?.end();
    } catch {
      this.#target?.destroy();
    }
  }

  /** Passes on a piece of the request, as fast as it may. */
  async #passRequest(bytes: Buffer): Promise<void> {
    const { clock } = this.#parts;
    for (let left = bytes; left.length > 0 && this.#outlet.fate === 'relayed';) {
      const rate = this.#outlet.requestBytesPerSecond;
      const slice = left.subarray(0, rate && Math.max(1, Math.ceil(rate / slicesPerSecond)));
      left = left.subarray(slice.length);
      if (rate !== undefined) await clock.sleep((slice.length * 1000) / rate);
      await written(this.#target, slice);
    }
  }

  #readRequest(mark: Mark | undefined, head: Head | undefined): void {
    this.#isHead = head?.start.startsWith('HEAD ') ?? false;
    if (mark === 'begin') {
      if (!this.#isFresh) this.#beginAttempt(true);
      this.#isFresh = false;
    }
    if (mark !== 'head') return;
    this.#name = readTraceparent(head?.headers.get('traceparent'));
    this.#outlet.dialect = dialectOf(head?.start ?? '', this.#parts.dialect);
    const isAsk = head?.start.startsWith('POST ') ?? false;
    this.#take(this.#attempt?.onRequestHead(this.#name, this.#now(), isAsk) ?? []);
  }

  async #pumpDown(target: Socket, scan: Scan): Promise<void> {
    try {
      for await (const chunk of segmentsOf(target))
        for (const piece of scan.push(chunk)) await this.#forward(piece);
      if (this.#outlet.fate === 'relayed')
        await this.#outlet.passRest(scan.end?.() ?? Buffer.alloc(0));
    } catch {
      // The target was not there, or reset: the client is to learn it the same way.
      if (this.#outlet.fate === 'relayed') this.#client.resetAndDestroy();
    }
  }

  async #forward(piece: Piece): Promise<void> {
    const attempt = this.#attempt;
    const { mark, head } = piece;
    if (mark === 'head' && attempt) {
      const framing = isStreamed(head) ? attempt.framing : 'as-is';
      this.#outlet.frame(framing);
      this.#take(attempt.onResponseHead(this.#now(), framing !== 'as-is'));
    }
    if (mark === 'token' && attempt?.tokens === 0) this.#take(attempt.onFirstToken(this.#now()));
    await this.#outlet.whenDue(mark === 'token');
    await this.#outlet.pass(piece);
    if (this.#outlet.fate !== 'relayed') return;

    if (mark === 'head') this.#take(attempt?.onHeadForwarded(this.#now()) ?? []);
    if (mark === 'token' && attempt) {
      const isInTool = this.#outlet.isInTool;
      this.#take(attempt.onToken(attempt.tokens + 1, this.#now(), isInTool));
    }
    if (mark === 'end' && this.#attempt === attempt) this.#attempt = undefined;
  }

  #take(acts: readonly Act[]): void {
    for (const act of acts) {
      this.#parts.onAct(act, this.#name, this.#client.remotePort);
      this.#outlet.actUntil = act.until + this.#parts.origin();
      kindOf(act.fault.action).onWire(this.#outlet, act.words);
    }
  }
}

/** Shakes hands with a certificate that is bad; who accepts it all the same is told nothing. */
const showCertificate = (client: Socket, identity: Identity): Promise<void> => {
  const tls = new TLSSocket(client, {
    isServer: true,
    secureContext: createSecureContext(identity),
    ALPNProtocols: ['http/1.1'],
  });
  tls.on('error', ignore);
  tls.resume();
  return new Promise((resolve) => {
    client.once('close', () => resolve());
    tls.once('close', () => resolve());
  });
};

/** Only an answer that is told piece by piece is worth taking apart. */
const isStreamed = (head: Head | undefined): boolean =>
  / 200(?: |$)/.test(head?.start ?? '') &&
  /^(?:text\/event-stream|application\/x-ndjson)/i.test(head?.headers.get('content-type') ?? '') &&
  !head?.headers.has('content-encoding');

/** What arrives, until the other side's FIN, which leaves our own side open. */
const segmentsOf = (socket: Socket): AsyncIterable<Buffer> =>
  socket.iterator({ destroyOnReturn: false });

const ignore = (): void => undefined;
