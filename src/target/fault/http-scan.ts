/**
 * Reads along on one direction of an HTTP/1.1 connection, and gives every byte back.
 *
 * The stream is cut into pieces that end where something a fault may wait for ends: a head, a frame
 * that carries a token, a body. The pieces put together are the stream, byte for byte. Only a head
 * is held back until it is whole, so that a fault can act before any of it is forwarded.
 *
 * What is not understood (an upgrade, a head beyond the bound, a chunk size that is none) turns the
 * rest of the connection opaque: forwarded as it comes, and never looked into.
 */

import type { TokenScan } from '../../protocol/token-scan.ts';

/** What a piece ends with; absent where it ends because the segment did. */
export type Mark = 'begin' | 'head' | 'token' | 'end';

export interface Piece {
  readonly bytes: Buffer;
  readonly mark?: Mark;
  /** With mark `head` only. */
  readonly head?: Head;
  /** The parts of the bytes that belong to the body itself and not to its framing. */
  readonly payload?: readonly Buffer[];
}

export interface Head {
  readonly start: string;
  /** The lines below the first, names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

/** No proxy of ours sends or accepts more. */
const headBytesMax = 64 * 1024;

const endOfHead = Buffer.from('\r\n\r\n');
const empty: Buffer = Buffer.alloc(0);

/** Offsets of a part of the body in a segment. */
interface Part {
  readonly from: number;
  readonly to: number;
}

type Body =
  | { readonly kind: 'length'; left: number }
  | {
      readonly kind: 'chunked';
      part: 'size' | 'data' | 'data-end' | 'trailer';
      left: number;
      line: string;
    }
  | { readonly kind: 'opaque' };

export class HttpScan {
  readonly #side: 'request' | 'response';
  readonly #tokens: (() => TokenScan) | undefined;
  #scan: TokenScan | undefined;
  #held: Buffer = empty;
  #body: Body | undefined;
  #isBodiless = false;

  /** `tokens` starts the token scan of each body; without it, no token is marked. */
  constructor(side: 'request' | 'response', tokens?: () => TokenScan) {
    this.#side = side;
    this.#tokens = tokens;
  }

  /** The next response has no body, whatever its head says: its request was a HEAD. */
  expectNoBody(): void {
    this.#isBodiless = true;
  }

  /** The pieces that these bytes complete. */
  push(chunk: Buffer): Piece[] {
    const pieces: Piece[] = [];
    let rest = chunk;
    while (rest.length > 0)
      rest = this.#body ? this.#readBody(this.#body, rest, pieces) : this.#readHead(rest, pieces);
    return pieces;
  }

  /** What was held back when the stream ended. */
  end(): Buffer {
    const held = this.#held;
    this.#held = empty;
    return held;
  }

  #readHead(chunk: Buffer, pieces: Piece[]): Buffer {
    if (this.#held.length === 0) pieces.push({ bytes: empty, mark: 'begin' });
    const all = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const at = all.indexOf(endOfHead, Math.max(0, this.#held.length - endOfHead.length));
    if (at < 0 && all.length <= headBytesMax) {
      this.#held = all;
      return empty;
    }
    this.#held = empty;
    if (at < 0) {
      this.#body = { kind: 'opaque' };
      return all;
    }
    const bytes = all.subarray(0, at + endOfHead.length);
    const head = headOf(bytes);
    this.#body = this.#bodyOf(head);
    this.#scan = this.#tokens?.();
    const isInterim = this.#side === 'response' && / 1\d\d/.test(head.start.slice(0, 12));
    if (isInterim && this.#body === undefined) pieces.push({ bytes });
    else {
      pieces.push({ bytes, mark: 'head', head });
      if (this.#body === undefined) pieces.push({ bytes: empty, mark: 'end' });
      this.#isBodiless = false;
    }
    return all.subarray(bytes.length);
  }

  /** How the body is delimited (RFC 9112, section 6.3); undefined when there is none. */
  #bodyOf({ start, headers }: Head): Body | undefined {
    const status = this.#side === 'response' ? Number(start.split(' ')[1]) : 0;
    if (status === 101) return { kind: 'opaque' };
    if (this.#isBodiless || (status >= 100 && status < 200) || status === 204 || status === 304)
      return undefined;
    if (/\bchunked\b/i.test(headers.get('transfer-encoding') ?? ''))
      return { kind: 'chunked', part: 'size', left: 0, line: '' };
    const length = headers.get('content-length');
    if (length !== undefined) return lengthBody(Number(length));

    // A request without either has no body; a response goes on until the connection ends.
    return this.#side === 'request'
      ? undefined
      : { kind: 'length', left: Number.POSITIVE_INFINITY };
  }

  #readBody(body: Body, chunk: Buffer, pieces: Piece[]): Buffer {
    const tokenEnds: number[] = [];
    const parts: Part[] = [];
    const onPayload = (start: number, end: number): void => {
      if (start < end) parts.push({ from: start, to: end });
      for (const tokenEnd of this.#scan?.push(chunk.subarray(start, end)) ?? [])
        tokenEnds.push(start + tokenEnd);
    };
    const endAt = advance(body, chunk, onPayload);
    if (endAt === 'opaque') this.#body = { kind: 'opaque' };
    const to = typeof endAt === 'number' ? endAt : chunk.length;
    let from = 0;
    let part = 0;
    const pieceTo = (end: number, mark?: Mark): void => {
      const payload: Buffer[] = [];
      for (let it = parts[part]; it && it.from < end; it = parts[part]) {
        payload.push(chunk.subarray(Math.max(it.from, from), Math.min(it.to, end)));
        if (it.to > end) break;
        part++;
      }
      pieces.push({ bytes: chunk.subarray(from, end), ...(mark && { mark }), payload });
      from = end;
    };
    for (const end of tokenEnds) pieceTo(end, 'token');
    if (typeof endAt === 'number') {
      pieceTo(to, 'end');
      this.#body = undefined;
    } else if (from < to) pieceTo(to);
    return chunk.subarray(to);
  }
}

/** Where the body ends in the chunk; undefined when it goes on, `opaque` when it makes no sense. */
const advance = (
  body: Body,
  chunk: Buffer,
  payload: (from: number, to: number) => void,
): number | undefined | 'opaque' => {
  switch (body.kind) {
    case 'opaque':
      return undefined;
    case 'length': {
      const to = Math.min(body.left, chunk.length);
      payload(0, to);
      body.left -= to;
      return body.left === 0 ? to : undefined;
    }
    case 'chunked': {
      let at = 0;
      while (at < chunk.length) {
        if (body.part === 'data') {
          const to = Math.min(at + body.left, chunk.length);
          payload(at, to);
          body.left -= to - at;
          at = to;
          if (body.left === 0) body.part = 'data-end';
          continue;
        }
        const newlineAt = chunk.indexOf(0x0a, at);
        const lineEnd = newlineAt < 0 ? chunk.length : newlineAt + 1;
        body.line += chunk.toString('latin1', at, lineEnd);
        at = lineEnd;
        if (body.line.length > headBytesMax) return 'opaque';
        if (newlineAt < 0) break;
        const line = body.line.trim();
        body.line = '';
        if (body.part === 'trailer' && line === '') return at;
        if (body.part === 'data-end') body.part = 'size';
        else if (body.part === 'size') {
          if (!/^[0-9a-f]{1,8}(\s*;|$)/i.test(line)) return 'opaque';
          body.left = Number.parseInt(line, 16);
          body.part = body.left === 0 ? 'trailer' : 'data';
        }
      }
      return undefined;
    }
  }
};

const lengthBody = (length: number): Body | undefined => {
  if (!Number.isSafeInteger(length) || length < 0) return { kind: 'opaque' };
  return length === 0 ? undefined : { kind: 'length', left: length };
};

const headOf = (bytes: Buffer): Head => {
  const [start = '', ...lines] = bytes.toString('latin1').trim().split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colonAt = line.indexOf(':');
    if (colonAt > 0)
      headers.set(line.slice(0, colonAt).trim().toLowerCase(), line.slice(colonAt + 1).trim());
  }
  return { start, headers };
};
