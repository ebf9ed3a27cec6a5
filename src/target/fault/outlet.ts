/**
 * The way back to the client: passes an answer on as it is, or as faults will have it.
 *
 *     pieces ──▶ frames ──▶ rewriters ──▶ framing ──▶ gathered, paced, in segments ──▶ client
 *                └── only while a fault that sees frames may act ──┘
 *
 * Without such a fault no byte is changed. With one, an answer in plain text is framed anew, each
 * frame in a chunk of its own, so that it can be ended in a valid way wherever a fault wants to.
 */

import type { Socket } from 'node:net';

import type { Clock } from '../../time/clock.ts';
import type { CertificateFlaw } from './certificate.ts';
import {
  commentIn,
  contentTypeOf,
  type Dialect,
  type Frame,
  FrameCutter,
  isToolCall,
} from './frame.ts';
import type { Head, Piece } from './http-scan.ts';
import type { FaultedConnection, FrameRewriter, OwnAnswer } from './kind/kind.ts';

/** What becomes of the bytes: passed on, swallowed, or there is nobody left to pass them to. */
export type Fate = 'relayed' | 'swallowed' | 'over';

/** How the body of an answer is delimited: as it came, in chunks of ours, or by its end. */
export type Framing = 'as-is' | 'chunked' | 'close';

export interface OutletParts {
  readonly clock: Clock;
  /** Bytes that may pass before a fault wants to be asked. */
  readonly bytesToTrigger: () => number;
  readonly onBytes: (bytes: number) => void;
  readonly showCertificate: (flaw: CertificateFlaw) => void;
  /** The client's side has ended. */
  readonly onOver: () => void;
}

/** How long a client may take to close a connection that we have closed. */
const lingerMs = 5000;

/** Bytes are paced in slices of this many a second. */
export const slicesPerSecond = 20;

/** Gathered bytes beyond this are passed on at once. */
const gatheredBytesMax = 4 << 20;

const endOfChunks = Buffer.from('0\r\n\r\n');

export class Outlet implements FaultedConnection {
  dialect: Dialect = 'responses';
  readonly #client: Socket;
  readonly #parts: OutletParts;
  readonly #ending = new AbortController();
  #fate: Fate = 'relayed';
  #framing: Framing = 'as-is';
  #cutter = new FrameCutter();
  #rewriters: FrameRewriter[] = [];
  #isHeadSent = false;
  #isInTool = false;
  #lastToken: Buffer = Buffer.alloc(0);
  #isWriting = false;
  /** What waits for the write under way, so that it does not land within a chunk. */
  readonly #deferred: (() => void)[] = [];
  #heldUntil = 0;
  #endHeldMs = 0;
  #pace: { readonly until: number; tokensPerSecond?: number; bytesPerSecond?: number } | undefined;
  #lastTokenAt = 0;
  #segment: { readonly bytes: number; readonly pauseMs: number } | undefined;
  #gatherMs = 0;
  #gathered: Buffer[] = [];

  constructor(client: Socket, parts: OutletParts) {
    this.#client = client;
    this.#parts = parts;
  }

  get fate(): Fate {
    return this.#fate;
  }

  /** Whether the frame passed last carried a piece of a tool call. */
  get isInTool(): boolean {
    return this.#isInTool;
  }

  get isBegun(): boolean {
    return this.#isHeadSent;
  }

  get lastToken(): string {
    return this.#lastToken.toString();
  }

  /** Another attempt begins on the connection: what was done to the last one is over. */
  beginAttempt(): void {
    this.#framing = 'as-is';
    this.#cutter = new FrameCutter();
    this.#rewriters = [];
    this.#isHeadSent = false;
    this.requestBytesPerSecond = undefined;
    this.#heldUntil = 0;
    this.#endHeldMs = 0;
    this.#pace = undefined;
    this.#segment = undefined;
    this.#gatherMs = 0;
  }

  /** How this answer is to be framed. Its head has not been passed yet. */
  frame(framing: Framing): void {
    this.#framing = framing;
  }

  /** At which the request is passed on; at once when absent. */
  requestBytesPerSecond: number | undefined;

  /** The instant until which the fault about to act is there. */
  actUntil = Number.POSITIVE_INFINITY;

  /** Waits while the answer is held, and for the token's turn where tokens are paced. */
  async whenDue(isToken: boolean): Promise<void> {
    const { clock } = this.#parts;
    while (this.#fate === 'relayed' && clock.now() < this.#heldUntil)
      await this.#sleepUntil(this.#heldUntil);
    const rate = this.#paceNow()?.tokensPerSecond;
    if (!isToken || rate === undefined) return;
    await this.#sleepUntil(this.#lastTokenAt + 1000 / rate);
    this.#lastTokenAt = clock.now();
  }

  /** Passes a piece of the answer on. */
  async pass({ bytes, mark, head, payload = [] }: Piece): Promise<void> {
    if (mark === 'head') this.#isHeadSent = true;
    if (this.#framing === 'as-is') return this.#write(bytes);
    if (mark === 'head' && head) return this.#write(headOf(head, this.#framing));
    for (const [at, part] of payload.entries())
      for (const frame of this.#cutter.push(part, mark === 'token' && at === payload.length - 1))
        await this.#writeFrame(frame);
    if (mark === 'end') await this.#passEnd();
  }

  /** Passes on what was held back when the connection ended. */
  async passRest(bytes: Buffer): Promise<void> {
    await this.#write(bytes);
    await this.#flush();
    if (this.#fate === 'relayed') this.#client.end();
  }

  close(): void {
    this.#end(() => this.#client.destroy());
  }

  reset(): void {
    this.#end(() => this.#client.resetAndDestroy());
  }

  finish(bytes?: Buffer): void {
    this.#end(() => {
      if (bytes) this.#client.write(bytes);
      this.#leave();
    });
  }

  answer({ status, headers, body, missingBytes = 0 }: OwnAnswer): void {
    const text = {
      ...Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
      ),
      'content-length': String(Buffer.byteLength(body) + missingBytes),
      connection: 'close',
    };
    const lines = Object.entries(text).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = Buffer.from(`HTTP/1.1 ${status} Injected\r\n${lines.join('')}\r\n`);
    this.finish(Buffer.concat([head, Buffer.from(body)]));
  }

  fallSilent(): void {
    this.#fate = 'swallowed';
  }

  holdFor(ms: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, this.#parts.clock.now() + ms);
  }

  holdUntilOver(): void {
    if (this.actUntil === Number.POSITIVE_INFINITY) this.fallSilent();
    else this.#heldUntil = Math.max(this.#heldUntil, this.actUntil);
  }

  holdEndFor(ms: number): void {
    this.#endHeldMs = ms;
  }

  paceTo(rate: { readonly tokensPerSecond?: number; readonly bytesPerSecond?: number }): void {
    this.#pace = { until: this.actUntil, ...rate };
    this.#lastTokenAt = this.#parts.clock.now();
  }

  segment(bytes: number, pauseMs: number): void {
    this.#segment = { bytes, pauseMs };
  }

  gatherFor(ms: number): void {
    this.#gatherMs = ms;
  }

  rewrite(rewriter: FrameRewriter): void {
    this.#rewriters.push(rewriter);
  }

  say(frames: string, headers: Readonly<Record<string, string>> = {}): void {
    this.#whenFree(() => {
      this.#beginAnswer(headers);
      this.#client.write(this.#framed(Buffer.from(frames)));
    });
  }

  keepSaying(frames: string, everyMs: number): void {
    const said = frames === '' ? commentIn(this.dialect) : frames;
    this.#whenFree(() => {
      this.#fate = 'swallowed';
      this.say(said);
      void this.#repeat(() => this.say(said), everyMs);
    });
  }

  drip(first: string, more: string, everyMs: number): void {
    this.#fate = 'swallowed';
    this.#client.write(first);
    void this.#repeat(() => this.#client.write(more), everyMs);
  }

  paceRequestTo(bytesPerSecond: number): void {
    this.requestBytesPerSecond = bytesPerSecond;
  }

  showCertificate(flaw: CertificateFlaw): void {
    this.#fate = 'swallowed';
    this.#parts.showCertificate(flaw);
  }

  breakFraming(bytes: string): void {
    this.#whenFree(() => this.#client.write(bytes));
  }

  endBody(): void {
    this.#whenFree(() => {
      this.#beginAnswer({});
      this.finish(this.#framing === 'chunked' ? endOfChunks : undefined);
    });
  }

  async #repeat(say: () => void, everyMs: number): Promise<void> {
    const { clock } = this.#parts;
    while (this.#fate === 'swallowed' && !this.#client.destroyed) {
      await this.#sleepUntil(clock.now() + everyMs);
      if (this.#fate === 'swallowed') say();
    }
  }

  #beginAnswer(headers: Readonly<Record<string, string>>): void {
    if (this.#isHeadSent) return;
    this.#isHeadSent = true;
    this.#framing = 'chunked';
    const fields = Object.entries({
      'content-type': contentTypeOf(this.dialect),
      ...headers,
      'transfer-encoding': 'chunked',
    });
    const lines = fields.map(([name, value]) => `${name.toLowerCase()}: ${value}\r\n`);
    this.#client.write(`HTTP/1.1 200 OK\r\n${lines.join('')}\r\n`);
  }

  async #writeFrame(frame: Frame): Promise<void> {
    if (frame.isToken) {
      this.#isInTool = isToolCall(frame);
      this.#lastToken = frame.bytes;
    }
    let parts: readonly Buffer[] | undefined;
    for (const rewriter of this.#rewriters) parts ??= rewriter(frame);
    for (const part of parts ?? [frame.bytes]) await this.#write(this.#framed(part));
  }

  async #passEnd(): Promise<void> {
    for (const frame of this.#cutter.flush()) await this.#writeFrame(frame);
    await this.#flush();
    if (this.#endHeldMs > 0) await this.#sleepUntil(this.#parts.clock.now() + this.#endHeldMs);
    if (this.#framing === 'chunked') return this.#write(endOfChunks);
    if (this.#fate === 'relayed') this.finish();
  }

  #framed(bytes: Buffer): Buffer {
    if (this.#framing !== 'chunked' || bytes.length === 0) return bytes;
    const size = Buffer.from(`${bytes.length.toString(16)}\r\n`);
    return Buffer.concat([size, bytes, Buffer.from('\r\n')]);
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#gatherMs > 0) return this.#gather(bytes);
    const { clock, bytesToTrigger, onBytes } = this.#parts;
    let left = bytes;
    this.#isWriting = true;
    while (left.length > 0 && this.#fate === 'relayed') {
      const rate = this.#paceNow()?.bytesPerSecond;
      const bytesMax = Math.min(
        rate === undefined ? left.length : Math.max(1, Math.ceil(rate / slicesPerSecond)),
        this.#segment?.bytes ?? left.length,
        bytesToTrigger(),
      );
      const slice = left.subarray(0, bytesMax);
      left = left.subarray(slice.length);
      if (rate !== undefined) await this.#sleepUntil(clock.now() + (slice.length * 1000) / rate);
      if (this.#fate !== 'relayed') break;
      await written(this.#client, slice);
      onBytes(slice.length);
      if (this.#segment && this.#segment.pauseMs > 0)
        await this.#sleepUntil(clock.now() + this.#segment.pauseMs);
    }
    this.#isWriting = false;
    for (const act of this.#deferred.splice(0)) act();
  }

  #gather(bytes: Buffer): Promise<void> {
    const { clock } = this.#parts;
    if (this.#gathered.length === 0)
      clock.at(clock.now() + this.#gatherMs, () => void this.#flush());
    this.#gathered.push(bytes);
    const total = this.#gathered.reduce((sum, { length }) => sum + length, 0);
    return total > gatheredBytesMax ? this.#flush() : Promise.resolve();
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#gathered);
    this.#gathered = [];
    if (bytes.length === 0 || this.#fate !== 'relayed') return;
    await written(this.#client, bytes);
    this.#parts.onBytes(bytes.length);
  }

  #paceNow(): { tokensPerSecond?: number; bytesPerSecond?: number } | undefined {
    return this.#pace && this.#parts.clock.now() < this.#pace.until ? this.#pace : undefined;
  }

  async #sleepUntil(instant: number): Promise<void> {
    const { clock } = this.#parts;
    await clock.sleep(instant - clock.now(), this.#ending.signal).catch(() => undefined);
  }

  #whenFree(act: () => void): void {
    if (this.#isWriting) this.#deferred.push(act);
    else act();
  }

  /** Ends the relaying, the client's side in the given way. */
  #end(leave: () => void): void {
    if (this.#fate === 'over') return;
    this.#fate = 'over';
    leave();
    this.#ending.abort();
    this.#parts.onOver();
  }

  /**
   * Sends a FIN and lets the client close. Its bytes are still read and thrown away, because
   * closing on unread bytes would send a reset.
   */
  #leave(): void {
    const client = this.#client;
    client.end();
    const linger = this.#parts.clock.at(this.#parts.clock.now() + lingerMs, () => client.destroy());
    client.once('close', () => linger[Symbol.dispose]());
  }
}

/** Resolves once the bytes are handed to the kernel, or cannot be. */
export const written = (socket: Socket | undefined, bytes: Buffer): Promise<void> =>
  new Promise((resolve) => {
    if (!socket || socket.destroyed || bytes.length === 0) resolve();
    else socket.write(bytes, () => resolve());
  });

/** The head of an answer that is framed anew. */
const headOf = ({ start, headers }: Head, framing: Framing): Buffer => {
  const left = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive']);
  const lines = [...headers]
    .filter(([name]) => !left.has(name))
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const own = framing === 'chunked' ? 'transfer-encoding: chunked\r\n' : 'connection: close\r\n';
  return Buffer.from(`${start}\r\n${lines.join('')}${own}\r\n`);
};
