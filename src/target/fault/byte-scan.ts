/**
 * What can be known of a conversation that cannot be read: who speaks.
 *
 * Under TLS a request shows only as bytes from the client after bytes from the server, and its
 * answer as the bytes that come back. Each such turn counts as an attempt, the handshake's too, and
 * the first bytes of an answer as its head and its only token.
 */

import type { Piece } from './http-scan.ts';

const empty = Buffer.alloc(0);

/** The two directions of one connection. */
export const byteScans = (): Readonly<
  Record<'request' | 'response', { push(chunk: Buffer): Piece[] }>
> => {
  let speaker: 'client' | 'server' = 'server';
  return {
    request: {
      push: (chunk) => {
        if (speaker === 'client') return [{ bytes: chunk }];
        speaker = 'client';
        return [
          { bytes: empty, mark: 'begin' },
          { bytes: chunk, mark: 'head' },
        ];
      },
    },
    response: {
      push: (chunk) => {
        if (speaker === 'server') return [{ bytes: chunk }];
        speaker = 'server';
        return [
          { bytes: chunk, mark: 'head' },
          { bytes: empty, mark: 'token' },
        ];
      },
    },
  };
};
