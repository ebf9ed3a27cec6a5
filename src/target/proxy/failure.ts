/**
 * What an error, a status or a header says about a backend: one table for every wire.
 *
 * A failure is hard when it shows that nothing is there to answer (no listener, no route, no valid
 * certificate, no such key or model), and soft when the next attempt may fare better. A request
 * fault is neither: the backend is well, and another one would refuse the same request.
 */

import type { Failure, FailureReason } from '../../protocol/generation.ts';
import { DeadlineError } from '../../time/clock.ts';
import { certificateProblem } from './certificate-problem.ts';
import { asRecord, parseJson } from './json.ts';

/** A connection that was never made: DNS, TCP or TLS failed, or took too long. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
}

const unreachableCodes: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const resetCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE']);

/** This machine ran out of something, which says nothing about the backend. */
const ownCodes: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS']);

const ownWords = (code: string): string =>
  `this proxy's machine has no ${code === 'EADDRNOTAVAIL' ? 'port' : code === 'ENOBUFS' ? 'buffer' : 'file descriptor'} left for another connection (${code})`;

/** Whether an error is this machine's own. */
export const isOwnError = (error: unknown): boolean =>
  ownCodes.has(codeOf(error instanceof ConnectError ? error.cause : error));

const tlsCodePattern =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

/** Classifies an error of DNS, TCP, TLS or HTTP framing. */
export const failureOfError = (error: unknown, secret?: string): Failure => {
  const isConnecting = error instanceof ConnectError;
  const root = isConnecting ? error.cause : error;
  const code = codeOf(root);
  const message = shorten(redact(messageOf(root, code), secret));
  const failed = (reason: FailureReason, evidence: Failure['evidence']): Failure => ({
    reason,
    evidence,
    message,
  });

  if (root instanceof DeadlineError) return failed('unreachable', 'hard');
  if (ownCodes.has(code))
    return { ...failed('unreachable', 'soft'), message: ownWords(code), isOurs: true };
  if (code === 'ECONNREFUSED') return failed('refused', 'hard');
  if (unreachableCodes.has(code)) return failed('unreachable', 'hard');
  if (tlsCodePattern.test(code)) {
    const isLasting = !code.startsWith('ERR_SSL_') && certificateProblem(code) !== undefined;
    return { ...failed('tls', 'hard'), ...(isLasting && { isLasting }) };
  }
  if (resetCodes.has(code)) return failed('reset', isConnecting ? 'hard' : 'soft');
  // undici gives its parser's errors a name, and a code only sometimes.
  const isParser = root instanceof Error && root.name === 'HTTPParserError';
  if (isParser || code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW')
    return failed('garbled', 'soft');
  if (isConnecting) return failed('unreachable', 'hard');
  return failed('closed', 'soft');
};

/** An answer that is not what the wire promises. */
export const garbled = (message: string): Failure => ({
  reason: 'garbled',
  evidence: 'soft',
  message: shorten(message),
});

/** A stream that ended cleanly without saying that it was whole. */
export const truncated: Failure = {
  reason: 'truncated',
  evidence: 'soft',
  message: 'the stream ended without a terminal event',
};

/** The status line, headers and body of an answer that is not a stream. */
export interface StatusAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** Classifies a status other than 2xx. `wall` is the time of day, for a `retry-after` date. */
export const failureOfStatus = (answer: StatusAnswer, wall: number, secret?: string): Failure => {
  const { status } = answer;
  const told = errorTold(answer.body);
  const message = shorten(redact(told.message ?? `the server answered ${status}`, secret));
  const retryAfterMs = retryAfterOf(answer.headers, told.message ?? '', wall);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };

  if (status < 400)
    return { ...garbled(`the server answered ${status}, which is not followed`), status };
  if (status === 429) return { reason: 'rate-limited', evidence: 'soft', message, status, ...wait };
  if (status === 503) return { reason: 'overloaded', evidence: 'soft', message, status, ...wait };
  if (status === 400 || status === 413 || status === 422) {
    return {
      reason: 'status',
      evidence: 'soft',
      message,
      status,
      isRequestFault: true,
      ...(told.code === undefined ? {} : { code: told.code }),
      ...(told.param === undefined ? {} : { param: told.param }),
    };
  }
  const isHard = status === 401 || status === 403 || status === 404;
  return { reason: 'status', evidence: isHard ? 'hard' : 'soft', message, status, ...wait };
};

/** Classifies an error told inside a 200. A rate limit told this way is a rate limit. */
export const failureInBand = (
  told: ErrorTold,
  headers: StatusAnswer['headers'],
  wall: number,
  secret?: string,
): Failure => {
  const text = told.message ?? 'the server reported an error inside the stream';
  const isRateLimit =
    /rate.?limit|too_many_requests|^429$/i.test(told.code ?? '') ||
    /rate limit|too many requests|retry after \d+/i.test(text);
  const retryAfterMs = isRateLimit ? retryAfterOf(headers, text, wall) : undefined;
  return {
    reason: isRateLimit ? 'rate-limited' : 'in-band',
    evidence: 'soft',
    message: shorten(redact(text, secret)),
    ...(told.code === undefined ? {} : { code: told.code }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
};

/** What an error body says, whichever of the usual shapes it has. */
export interface ErrorTold {
  readonly message?: string;
  readonly code?: string;
  readonly param?: string;
}

/** Reads `{"error":{"message",…}}` (OpenAI, Azure), `{"error":"…"}` (Ollama), or the flat form. */
export const readError = (value: unknown): ErrorTold => {
  const outer = asRecord(value);
  if (typeof outer?.['error'] === 'string') return { message: outer['error'] };
  const inner = asRecord(outer?.['error']) ?? outer;
  const text = (key: string): string | undefined => {
    const field = inner?.[key];
    return typeof field === 'string' && field !== '' ? field : undefined;
  };
  const message = text('message');
  // A flat error event has its own type, `error`, which is no code.
  const type = text('type');
  const code = text('code') ?? (type === 'error' ? undefined : type);
  const param = text('param');
  return {
    ...(message === undefined ? {} : { message }),
    ...(code === undefined ? {} : { code }),
    ...(param === undefined ? {} : { param }),
  };
};

/**
 * How long to leave the server alone, in milliseconds: `retry-after-ms`, else `retry-after` as
 * seconds or a date, else the words of the message. Azure's Responses endpoint has been seen to say
 * it in words only, with negative numbers in its headers; those count as not said.
 */
export const retryAfterOf = (
  headers: StatusAnswer['headers'],
  message: string,
  wall: number,
): number | undefined => {
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === 'string' ? value.trim() : value?.[0]?.trim();
  };
  const ms = numberIn(header('retry-after-ms'));
  if (ms !== undefined) return ms;
  const after = header('retry-after');
  const seconds = numberIn(after);
  if (seconds !== undefined) return seconds * 1000;
  // A date has a month's name; `Date.parse` alone would take `-5` for a year.
  const date = after !== undefined && /[A-Za-z]{3}/.test(after) ? Date.parse(after) : Number.NaN;
  if (!Number.isNaN(date)) return Math.max(0, date - wall);
  const said = /retry after (\d+) (milli)?seconds?/i.exec(message);
  return said?.[1] === undefined ? undefined : Number(said[1]) * (said[2] ? 1 : 1000);
};

const numberIn = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;

const errorTold = (body: string): ErrorTold => readError(parseJson(body));

const codeOf = (error: unknown): string => {
  const code = asRecord(error)?.['code'];
  return typeof code === 'string' ? code : '';
};

/** An `AggregateError` of several addresses has an empty message; its code says enough. */
const messageOf = (error: unknown, code: string): string => {
  const text = error instanceof Error ? error.message : String(error);
  const told = certificateProblem(code);
  return told === undefined ? text || code : `${told} (${text})`;
};

/** Longer texts may quote the prompt back. */
const messageCharsMax = 300;

const shorten = (text: string): string =>
  text.length > messageCharsMax ? `${text.slice(0, messageCharsMax)}…` : text;

/** Removes the key we sent and anything that looks like one. */
const redact = (text: string, secret: string | undefined): string =>
  (secret === undefined || secret === '' ? text : text.replaceAll(secret, '[removed]'))
    .replaceAll(/\bBearer\s+[\w.~+/=-]+/gi, 'Bearer [removed]')
    .replaceAll(/\bsk-[\w*.-]{6,}/g, '[removed]')
    // A JSON Web Token, such as Entra's.
    .replaceAll(/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, '[removed]');
