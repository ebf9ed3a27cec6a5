/**
 * The HTTP ground that simulated servers stand on: JSON in, whatever the content type says; errors
 * in the words of the server that is simulated; answers written straight to the socket.
 */

import type { ServerResponse } from 'node:http';

import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';

/** Bodies above this are refused: 64 MiB, room for a long conversation with pictures. */
const bodyBytesMax = 64 * 2 ** 20;

/** Opens nothing yet. `errorBody` words what the framework refuses, in the server's shape. */
export const httpService = (
  errorBody: (status: number, message: string) => unknown,
): FastifyInstance => {
  const app = fastify({ bodyLimit: bodyBytesMax, forceCloseConnections: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(String(body)));
    } catch (error) {
      done(Object.assign(new Error(messageOf(error)), { statusCode: 400 }));
    }
  });
  app.setErrorHandler((error, _, reply) => {
    const status = statusOf(error);
    return reply.code(status).send(errorBody(status, messageOf(error)));
  });
  app.setNotFoundHandler((_, reply) => reply.code(404).send(errorBody(404, 'not found')));
  return app;
};

/** Takes the answer out of the framework's hands; `onGone` is told if the client leaves first. */
export const takeReply = (reply: FastifyReply, onGone: () => void): ServerResponse => {
  reply.hijack();
  const { raw } = reply;
  // A socket that dies while we write is news only once, as `close`.
  raw.on('error', () => undefined);
  raw.on('close', () => {
    if (!raw.writableFinished) onGone();
  });
  if (raw.destroyed) onGone();
  return raw;
};

/** Sends a whole JSON body and ends. */
export const endWithJson = (
  raw: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): void => {
  const text = JSON.stringify(body);
  raw.writeHead(status, {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  });
  raw.end(text);
};

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const statusOf = (error: unknown): number =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : 500;
