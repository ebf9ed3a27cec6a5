/**
 * HTTP over one socket that has been opened already: a few short questions, each with a deadline.
 */

import type { Socket } from 'node:net';

import { Client } from 'undici';

import { type Clock, DeadlineError, within } from '../time/clock.ts';
import { messageOf } from './path.ts';

/** What came back, or why nothing did. */
export type Answer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** The body if it is JSON and not too long. */
      readonly json: unknown;
      readonly tookMs: number;
    }
  | { readonly kind: 'silent'; readonly tookMs: number }
  | { readonly kind: 'broken'; readonly message: string; readonly tookMs: number };

export interface Conversation extends AsyncDisposable {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

/** How long one answer may take. */
export const answerMsMax = 5000;
/** A list of models is far shorter. */
const bodyBytesMax = 2 ** 21;

/** Talks over `socket`, and over that one alone: once it is closed, everything is broken. */
export const conversation = (origin: string, socket: Socket, clock: Clock): Conversation => {
  let isGiven = false;
  const client = new Client(origin, {
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (_options, callback) => {
      if (isGiven || socket.destroyed) {
        callback(new Error('the server closed the connection'), null);
        return;
      }
      isGiven = true;
      // undici does not notice a socket that it is given before its own turn is over.
      queueMicrotask(() => callback(null, socket));
    },
  });
  const ask = async (
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly json: unknown }> => {
    const { statusCode, body } = await client.request({ method: 'GET', path, headers });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body) {
      const piece = Buffer.from(chunk);
      bytes += piece.length;
      if (bytes > bodyBytesMax) throw new Error(`the answer is longer than ${bodyBytesMax} bytes`);
      chunks.push(piece);
    }
    return { status: statusCode, json: parsed(Buffer.concat(chunks).toString()) };
  };

  return {
    async get(path, headers = {}) {
      const began = clock.now();
      try {
        const answer = await within(clock, answerMsMax, path, ask(path, headers));
        return { kind: 'answer', ...answer, tookMs: clock.now() - began };
      } catch (error) {
        const tookMs = clock.now() - began;
        if (error instanceof DeadlineError) return { kind: 'silent', tookMs };
        return { kind: 'broken', message: messageOf(error), tookMs };
      }
    },
    async [Symbol.asyncDispose]() {
      await client.destroy();
      socket.destroy();
    },
  };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
