/**
 * An answer on its way to an HTTP client: what the heart writes, as it goes over the socket.
 *
 * A stream's head leaves at once, in one segment with the first frames written in the same turn of
 * the event loop: a head sent alone and frames that trickle after it are what makes delayed
 * acknowledgements cost 40 ms. A body that is not a stream is sent whole, with its length.
 *
 * The chunks of a stream are framed here. Node writes a chunk in four pieces, its length and its
 * ends each by itself, and of what a token costs that is no small part.
 */

import type { ServerResponse } from 'node:http';

import type { Clock } from '../../time/clock.ts';
import type { Reply } from './proxy.ts';

/** How long a client may take to read what is left once the answer has ended. */
const lastReadMsMax = 30_000;

/** Cuts an answer that has ended, and is not read in time. */
export const cutUnread = (response: ServerResponse, clock: Clock): void => {
  const deadline = clock.at(clock.now() + lastReadMsMax, () => response.destroy());
  response.once('close', () => deadline[Symbol.dispose]());
};

/** One chunk of HTTP/1.1's chunked coding (RFC 9112, 7.1); an empty one would be the last. */
const framed = (chunk: string): string =>
  chunk === '' ? '' : `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`;

const lastChunk = '0\r\n\r\n';

/** A reply over `response`; its `gone` aborts when the client closes before the end. */
export const httpReply = (
  response: ServerResponse,
  always: Readonly<Record<string, string>>,
  clock: Clock,
): Reply => {
  const gone = new AbortController();
  let whole: string[] | undefined;
  let isEnded = false;
  let isChunked = false;
  // An error of the socket is always followed by its close.
  response.on('error', () => undefined);
  response.once('close', () => {
    if (!isEnded) gone.abort(new Error('the client left'));
  });

  return {
    gone: gone.signal,
    head(status, headers) {
      if (response.destroyed) return;
      response.statusCode = status;
      for (const [name, value] of Object.entries({ ...headers, ...always }))
        response.setHeader(name, value);
      if (!/^text\/event-stream/i.test(headers['content-type'] ?? '')) {
        whole = [];
        return;
      }
      const { socket } = response;
      socket?.cork();
      response.flushHeaders();
      process.nextTick(() => socket?.uncork());
      isChunked = response.chunkedEncoding;
      response.chunkedEncoding = false;
    },
    write(chunk) {
      if (response.destroyed) return true;
      if (!whole) return response.write(isChunked ? framed(chunk) : chunk);
      whole.push(chunk);
      return true;
    },
    drained: () =>
      new Promise((resolve) => {
        if (!response.writableNeedDrain || response.destroyed) {
          resolve();
          return;
        }
        const settle = (): void => {
          response.off('drain', settle).off('close', settle);
          resolve();
        };
        response.on('drain', settle).on('close', settle);
      }),
    end() {
      isEnded = true;
      if (response.destroyed) return;
      if (whole) {
        // As a string, which leaves in one piece with the head.
        const body = whole.join('');
        response.setHeader('content-length', Buffer.byteLength(body));
        response.end(body);
      } else response.end(isChunked ? lastChunk : '');
      // Most answers have left by now.
      if (response.socket?.writableLength !== 0) cutUnread(response, clock);
    },
  };
};
