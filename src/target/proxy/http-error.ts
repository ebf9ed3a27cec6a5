/**
 * What goes wrong before a request reaches the heart, in OpenAI's words: a wrong path, a wrong
 * method, a body that cannot be read.
 */

import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

import type { FastifyRequest } from 'fastify';

import { ApiError, errorBody, errorHeaders, notJson, serverError } from './api-error.ts';
import { asRecord } from './json.ts';

/** Conversations with images are long; longer than this is a mistake. */
export const bodyBytesMax = 32 * 2 ** 20;

/** The body is longer than we read, as it came or once unpacked. */
export const bodyTooLarge = (): ApiError =>
  new ApiError({
    status: 413,
    message: `The request body is too large: expected at most ${bodyBytesMax} bytes.`,
  });

/** All that clients send at once is more than we hold. */
export const bodiesTooLarge = (): ApiError =>
  new ApiError({
    status: 503,
    code: 'server_overloaded',
    message: 'The proxy is receiving more than it can hold. Try again in a moment.',
    retryAfterMs: 1000,
  });

/** Whatever it was, the client could not have done better. */
export const ourFault = (): ApiError =>
  serverError('The proxy failed to answer. This is our fault, not yours.');

/** Fastify's own errors, in OpenAI's words. */
export const fromFastify = (error: unknown): ApiError => {
  const status = asRecord(error)?.['statusCode'];
  switch (status) {
    case 415:
      return new ApiError({
        status,
        message: 'Unsupported media type. Send JSON with `content-type: application/json`.',
      });
    case 400:
      return notJson('body of your request');
    default:
      return ourFault();
  }
};

/** `GET /v1/models/{id}` of a model that there is not. */
export const noModel = (id: string): ApiError =>
  new ApiError({
    status: 404,
    code: 'model_not_found',
    param: 'model',
    message: `The model '${id}' does not exist.`,
  });

/** Bytes that are no HTTP, or too many of them, or too late. */
export const notHttp = (code: string | undefined): ApiError => {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new ApiError({ status: 431, message: 'The headers of the request are too large.' });
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new ApiError({ status: 408, message: 'The request did not arrive in time.' });
  return new ApiError({ status: 400, message: 'The request is not valid HTTP.' });
};

/** RFC 9112, section 3.2: a request without `host` is no request of HTTP/1.1. */
export const noHost = (): ApiError =>
  new ApiError({ status: 400, message: "The request has no 'host' header." });

/** Answers one who expects something other than `100-continue`. */
export const refuseExpectation = (response: ServerResponse, requestId: string): void => {
  const error = new ApiError({
    status: 417,
    message: "Unsupported 'expect' header. Supported values are: '100-continue'.",
  });
  const body = errorBody(error);
  const headers = {
    ...errorHeaders(error),
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
    connection: 'close',
  };
  response.writeHead(error.status, headers).end(body);
};

/** An answer on a bare connection, which ends with it. */
export const refuseRaw = (stream: Duplex, error: ApiError, requestId: string): void => {
  const body = errorBody(error);
  const headers = {
    ...errorHeaders(error),
    'content-length': String(Buffer.byteLength(body)),
    'x-request-id': requestId,
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  stream.on('error', () => undefined);
  stream.end(
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}\r\n${lines.join('')}\r\n${body}`,
    () => stream.destroy(),
  );
};

/** The path without its query. */
export const pathOf = ({ url }: Pick<FastifyRequest, 'url'>): string => url.replace(/\?.*$/, '');

/** A path that leads nowhere, told as far as it can be read. */
export const invalidUrl = (request: Pick<FastifyRequest, 'method' | 'url'>): ApiError =>
  new ApiError({
    status: 404,
    message: `Invalid URL (${request.method} ${pathOf(request).slice(0, 256)})`,
  });

const isUpgrade = ({ headers }: FastifyRequest): boolean => headers.upgrade !== undefined;

/**
 * What cannot be found, and the headers that say what can: the methods the path has, or, to one who
 * wants another protocol, which to speak (RFC 9110, section 15.5.22).
 */
export const notFound = (
  request: FastifyRequest,
  allowed: readonly string[],
): { readonly error: ApiError; readonly headers: Readonly<Record<string, string>> } => {
  const { method } = request;
  const path = pathOf(request);
  if (allowed.length === 0)
    return {
      error: invalidUrl(request),
      headers: {},
    };
  if (isUpgrade(request))
    return {
      error: new ApiError({
        status: 426,
        message: `WebSocket is not supported on ${path}. Use HTTP, or WebSocket on /v1/responses.`,
      }),
      headers: { upgrade: 'HTTP/1.1', connection: 'upgrade' },
    };
  return {
    error: new ApiError({
      status: 405,
      message:
        `Not allowed to ${method} on ${path}. ` +
        '(HINT: Perhaps you meant to use a different HTTP method?)',
    }),
    headers: { allow: allowed.join(', ') },
  };
};
