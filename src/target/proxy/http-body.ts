/**
 * The bodies of requests, from bytes to JSON: unpacked if they came packed, and never more of one
 * than we are willing to hold, however small it was on the way.
 *
 *     bytes ──▶ held ──▶ (unpacked, a few at a time) ──▶ JSON
 *                 └── more than 32 MiB: 413 · more than 256 MiB with all others: 503
 */

import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';

import { atTurnEnd } from '../../time/turn-end.ts';
import { ApiError, notJson } from './api-error.ts';
import { bodiesTooLarge, bodyBytesMax, bodyTooLarge } from './http-error.ts';
import { asRecord, parseJson } from './json.ts';

type Unpack = (
  packed: Buffer,
  options: { readonly maxOutputLength: number },
  done: (error: Error | null, unpacked: Buffer) => void,
) => void;

const unpacks: Readonly<Record<string, Unpack>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  deflate: inflate,
  br: brotliDecompress,
  zstd: zstdDecompress,
};

/** Bytes of all bodies together that have come and have not been read whole. */
const heldBytesMax = 256 * 2 ** 20;
/** Bodies unpacked at once: each may become as large as we read, from next to nothing. */
const unpackingMax = 4;

/** The headers that say how a body is sent. */
export interface BodyHeaders {
  readonly length: string | undefined;
  readonly encoding: string | undefined;
}

/** Told once: what was wrong, or the value. */
export type BodyDone = (error: Error | null, value?: unknown) => void;

/** Reads the bodies of one service. */
export class BodyReader {
  readonly #heldBytesMax: number;
  #heldBytes = 0;
  #unpackingCount = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(bytesMax = heldBytesMax) {
    this.#heldBytesMax = bytesMax;
  }

  /** Reads a body; nothing is an empty object, since some clients announce JSON and send none. */
  read(body: Readable, { length, encoding }: BodyHeaders, done: BodyDone): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const leave = (): void => {
      body.off('data', onData).off('end', onEnd).off('error', onError);
    };
    const settle: BodyDone = (error, value) => {
      this.#heldBytes -= bytes;
      done(error, value);
    };
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      bytes += chunk.length;
      this.#heldBytes += chunk.length;
      if (bytes > bodyBytesMax) onError(bodyTooLarge());
      else if (this.#heldBytes > this.#heldBytesMax) onError(bodiesTooLarge());
    };
    const onError = (error: Error): void => {
      leave();
      settle(error);
    };
    const onEnd = (): void => {
      leave();
      const whole = Buffer.concat(chunks, bytes);
      const name = (encoding ?? 'identity').trim().toLowerCase();
      const isPacked = bytes > 0 && name !== 'identity' && name !== '';
      if (isPacked) this.#unpack(whole, name, settle);
      else jsonOf(whole, settle);
    };
    if (Number(length) > bodyBytesMax) done(bodyTooLarge());
    else body.on('data', onData).on('end', onEnd).on('error', onError);
  }

  #unpack(bytes: Buffer, name: string, done: BodyDone): void {
    if (this.#unpackingCount === unpackingMax) {
      this.#waiting.push(() => this.#unpack(bytes, name, done));
      return;
    }
    this.#unpackingCount++;
    unpacked(bytes, name, (error, whole) => {
      this.#unpackingCount--;
      if (whole) jsonOf(whole, done);
      else done(error);
      this.#waiting.shift()?.();
    });
  }
}

/** Reading a longer one takes a while, and so does what follows: others get a turn in between. */
const promptBytesMax = 2 ** 20;

const jsonOf = (bytes: Buffer, done: BodyDone): void => {
  const text = bytes.length === 0 ? '{}' : isUtf8(bytes) ? bytes.toString() : '';
  const value = parseJson(text);
  const tell = (): void => {
    if (value === undefined) done(notJson('body of your request', text));
    else done(null, value);
  };
  if (bytes.length > promptBytesMax) atTurnEnd(tell);
  else tell();
};

const unpacked = (
  bytes: Buffer,
  name: string,
  done: (error: Error | null, whole?: Buffer) => void,
): void => {
  const unpack = Object.hasOwn(unpacks, name) ? unpacks[name] : undefined;
  if (!unpack) {
    const names = Object.keys(unpacks).join(', ');
    const message = `Unsupported content encoding '${name.slice(0, 40)}'. Use one of: ${names}.`;
    done(new ApiError({ status: 415, message }));
    return;
  }
  unpack(bytes, { maxOutputLength: bodyBytesMax }, (error, whole) => {
    if (!error) done(null, whole);
    else if (asRecord(error)?.['code'] === 'ERR_BUFFER_TOO_LARGE') done(bodyTooLarge());
    else
      done(
        new ApiError({
          status: 400,
          message: `The request body could not be unpacked (${name}).`,
        }),
      );
  });
};
