/**
 * One connection through the shim: two pumps of bytes, and what faults do to them.
 *
 *     client ══▶ request scan ══▶ target        a head is shown to the decision before it leaves
 *     client ◀══ response scan ◀══ target       so are a response's head and first token;
 *                                               each later token once it has left
 *
 * A pump reads no more until what it read is written, so a slow reader slows the writer, and no
 * more than one segment and one head are held in either direction.
 */

import { type Socket, connect } from 'node:net';

import { readTraceparent } from '../../protocol/trace.ts';
import type { TokenScan } from '../../protocol/token-scan.ts';
import type { Clock } from '../../time/clock.ts';
import { byteScans } from './byte-scan.ts';
import type { Act, AttemptFaults, AttemptName, FaultDecision } from './decision.ts';
import type { FaultAction } from './fault.ts';
import { type Head, HttpScan, type Mark, type Piece } from './http-scan.ts';

export interface RelayParts {
  readonly target: { readonly host: string; readonly port: number };
  /** Absent on TLS. */
  readonly tokens?: () => TokenScan;
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

/** What becomes of the bytes: passed on, swallowed, or there is nobody left to pass them to. */
type Fate = 'relayed' | 'swallowed' | 'over';

/** How long a client may take to close a connection that we have closed. */
const lingerMs = 5000;

/** Bytes are paced in slices of this many a second. */
const slicesPerSecond = 20;

export class Relay {
  readonly #parts: RelayParts;
  readonly #client: Socket;
  readonly #ending = new AbortController();
  #target: Socket | undefined;
  #fate: Fate = 'relayed';
  #attempt: AttemptFaults | undefined;
  #name: AttemptName | undefined;
  #isFresh = true;
  #isHead = false;
  #heldUntil = 0;
  #pace: { readonly until: number; readonly action: FaultAction & { kind: 'slow' } } | undefined;
  #lastTokenAt = 0;

  constructor(client: Socket, parts: RelayParts) {
    this.#client = client;
    this.#parts = parts;
    client.on('error', ignore);
  }

  /** Relays until both sides have ended, or a fault has ended them. Never rejects. */
  async run(): Promise<void> {
    this.#beginAttempt();
    const { target } = this.#parts;
    const scans = this.#parts.tokens
      ? { request: new HttpScan('request'), response: new HttpScan('response', this.#parts.tokens) }
      : byteScans();
    try {
      const pumps = [this.#pumpUp(scans.request, scans.response)];
      if (this.#fate === 'relayed') {
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

  /** The port is about to close: whatever is open dies with it. */
  reset(): void {
    this.onTime();
    this.#end((client) => client.resetAndDestroy());
  }

  close(): void {
    this.#end((client) => client.destroy());
    this.#client.destroy();
  }

  #now(): number {
    return this.#parts.clock.now() - this.#parts.origin();
  }

  #beginAttempt(): void {
    this.#name = undefined;
    this.#attempt = this.#parts.decision().attempt();
    this.#take(this.#attempt.onConnect(this.#now()));
  }

  async #pumpUp(scan: Scan, answers: Scan): Promise<void> {
    try {
      for await (const chunk of segmentsOf(this.#client))
        for (const piece of scan.push(chunk)) {
          this.#readRequest(piece.mark, piece.head);
          if (this.#isHead) answers.expectNoBody?.();
          if (this.#fate === 'relayed') await written(this.#target, piece.bytes);
        }
      // Nobody waits for a swallowed answer any more, so nobody needs to make it.
      if (this.#fate === 'swallowed') this.#target?.destroy();
      if (this.#fate !== 'relayed') return;
      await written(this.#target, scan.end?.() ?? Buffer.alloc(0));
      this.#target?.end();
    } catch {
      this.#target?.destroy();
    }
  }

  #readRequest(mark: Mark | undefined, head: Head | undefined): void {
    this.#isHead = head?.start.startsWith('HEAD ') ?? false;
    if (mark === 'begin') {
      if (!this.#isFresh) this.#beginAttempt();
      this.#isFresh = false;
    }
    if (mark === 'head') {
      this.#name = readTraceparent(head?.headers.get('traceparent'));
      this.#take(this.#attempt?.onRequestHead(this.#name, this.#now()) ?? []);
    }
  }

  async #pumpDown(target: Socket, scan: Scan): Promise<void> {
    try {
      for await (const chunk of segmentsOf(target))
        for (const piece of scan.push(chunk)) await this.#forward(piece);
      if (this.#fate !== 'relayed') return;
      await written(this.#client, scan.end?.() ?? Buffer.alloc(0));
      this.#client.end();
    } catch {
      // The target was not there, or reset: the client is to learn it the same way.
      if (this.#fate === 'relayed') this.#client.resetAndDestroy();
    }
  }

  async #forward({ bytes, mark }: Piece): Promise<void> {
    const attempt = this.#attempt;
    if (mark === 'head') this.#take(attempt?.onResponseHead(this.#now()) ?? []);
    if (mark === 'token' && attempt?.tokens === 0) this.#take(attempt.onFirstToken(this.#now()));
    await this.#whenDue(mark);
    await this.#writeDown(bytes);
    if (this.#fate !== 'relayed') return;

    if (mark === 'head') this.#take(attempt?.onHeadForwarded(this.#now()) ?? []);
    if (mark === 'token' && attempt) this.#take(attempt.onToken(attempt.tokens + 1, this.#now()));
    if (mark === 'end' && this.#attempt === attempt) this.#attempt = undefined;
  }

  /** Waits while the stream is held, and for the token's turn where tokens are paced. */
  async #whenDue(mark: Mark | undefined): Promise<void> {
    const { clock } = this.#parts;
    while (this.#fate === 'relayed' && clock.now() < this.#heldUntil)
      await this.#sleepUntil(this.#heldUntil);
    const rate = this.#paceNow()?.tokensPerSecond;
    if (mark !== 'token' || rate === undefined) return;
    await this.#sleepUntil(this.#lastTokenAt + 1000 / rate);
    this.#lastTokenAt = clock.now();
  }

  async #writeDown(bytes: Buffer): Promise<void> {
    let left = bytes;
    while (left.length > 0 && this.#fate === 'relayed') {
      const rate = this.#paceNow()?.bytesPerSecond;
      const sliceBytes =
        rate === undefined ? left.length : Math.max(1, Math.ceil(rate / slicesPerSecond));
      const slice = left.subarray(0, sliceBytes);
      left = left.subarray(slice.length);
      if (rate !== undefined)
        await this.#sleepUntil(this.#parts.clock.now() + (slice.length * 1000) / rate);
      if (this.#fate === 'relayed') await written(this.#client, slice);
    }
  }

  #paceNow(): { tokensPerSecond?: number; bytesPerSecond?: number } | undefined {
    return this.#pace && this.#now() < this.#pace.until ? this.#pace.action : undefined;
  }

  async #sleepUntil(instant: number): Promise<void> {
    const { clock } = this.#parts;
    await clock.sleep(instant - clock.now(), this.#ending.signal).catch(ignore);
  }

  #take(acts: readonly Act[]): void {
    for (const act of acts) {
      this.#parts.onAct(act, this.#name, this.#client.remotePort);
      this.#perform(act);
    }
  }

  #perform({ fault: { action, until } }: Act): void {
    const { clock } = this.#parts;
    switch (action.kind) {
      case 'refuse':
      case 'reset':
        this.#end((client) => client.resetAndDestroy());
        return;
      case 'cut':
        this.#end((client) => this.#finish(client));
        return;
      case 'reject':
        this.#end((client) => {
          client.write(rejection(action));
          this.#finish(client);
        });
        return;
      case 'silent':
        this.#fate = 'swallowed';
        return;
      case 'delay':
        this.#heldUntil = Math.max(this.#heldUntil, clock.now() + action.delayMs);
        return;
      case 'stall':
        this.#heldUntil = Math.max(this.#heldUntil, clock.now() + action.stallMs);
        return;
      case 'slow':
        this.#pace = { until, action };
        this.#lastTokenAt = clock.now();
    }
  }

  /** Ends the relaying, the client's side in the given way. */
  #end(leave: (client: Socket) => void): void {
    if (this.#fate === 'over') return;
    this.#fate = 'over';
    this.#attempt = undefined;
    leave(this.#client);
    this.#target?.destroy();
    this.#ending.abort();
  }

  /**
   * Sends a FIN and lets the client close. Its bytes are still read and thrown away, because closing
   * on unread bytes would send a reset.
   */
  #finish(client: Socket): void {
    client.end();
    const linger = this.#parts.clock.at(this.#parts.clock.now() + lingerMs, () => client.destroy());
    client.once('close', () => linger[Symbol.dispose]());
  }
}

/** What arrives, until the other side's FIN, which leaves our own side open. */
const segmentsOf = (socket: Socket): AsyncIterable<Buffer> =>
  socket.iterator({ destroyOnReturn: false });

/** Resolves once the bytes are handed to the kernel, or cannot be. */
const written = (socket: Socket | undefined, bytes: Buffer): Promise<void> =>
  new Promise((resolve) => {
    if (!socket || socket.destroyed || bytes.length === 0) resolve();
    else socket.write(bytes, () => resolve());
  });

const rejection = (action: FaultAction & { kind: 'reject' }): string => {
  const headers: Record<string, string> = {
    'content-type': action.body.startsWith('{') ? 'application/json' : 'text/plain; charset=utf-8',
    ...Object.fromEntries(
      Object.entries(action.headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    'content-length': String(Buffer.byteLength(action.body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);

  return `HTTP/1.1 ${action.status} Injected\r\n${lines.join('')}\r\n${action.body}`;
};

const ignore = (): void => undefined;
