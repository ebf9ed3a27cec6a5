/**
 * What every upstream wire has in common: send, judge the head, read events, end in one way.
 *
 *     send ──▶ head ──▶ body ──▶ … ──▶ terminal event ──▶ `end`
 *       │        │        │                │
 *       │        │        │                └── the rest drains; the connection serves again
 *       │        │        └── socket error, garbled frame, error in band, silent end ──▶ `failure`
 *       │        └── a status, or a body that is not the wire's ──▶ `failure`
 *       └── no connection ──▶ `failure`
 *
 * Nothing is thrown. Deadlines are the heart's: it aborts the signal, and reading stops at once.
 */

import type { Failure, GenerationEvent } from '../../protocol/generation.ts';
import { traceparent } from '../../protocol/trace.ts';
import type { BackendSystem } from '../../system/system.ts';
import { type Clock, DeadlineError, within } from '../../time/clock.ts';
import type { BackendPaths } from './backend-path.ts';
import { EntraError, type EntraToken } from './entra-token.ts';
import { failureOfError, failureOfStatus, garbled, truncated } from './failure.ts';
import type { HttpAnswer, HttpRequest } from './http-exchange.ts';
import { jsonText } from './json.ts';
import type { UpstreamCall } from './proxy.ts';
import { TextWatch } from './text-watch.ts';

/** Reads one wire. The event that ends the stream is the last it gives. */
export interface WireReader {
  push(bytes: Uint8Array): readonly GenerationEvent[];
  /** What the end of the body completes. */
  end(): readonly GenerationEvent[];
  /** A failure that the server has announced and may yet explain. */
  readonly announced?: Failure | undefined;
}

export interface Wire {
  readonly backend: BackendSystem;
  readonly clock: Clock;
  readonly paths: BackendPaths;
  /** Headers of every request, the key among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** In place of a key. */
  readonly token?: EntraToken;
  readonly contentType: RegExp;
  readonly pathOf: (basePath: string, model: string) => string;
  readonly bodyOf: (call: UpstreamCall) => object;
  readonly readerOf: (headers: HttpAnswer['headers']) => WireReader;
}

/** An item that the wire has no words for; another backend may. */
export class UntranslatableError extends Error {
  override readonly name = 'UntranslatableError';
}

/** How long a failure that is known, by its status or announced, waits for its explanation. */
const explainMs = 500;
/** Bytes of an error's body that are read. */
const errorBytesMax = 64 * 2 ** 10;

/** Makes one call; yields what each chunk tells. Ends with exactly one `end` or `failure`. */
export async function* callUpstream(
  wire: Wire,
  call: UpstreamCall,
  signal: AbortSignal,
): AsyncGenerator<readonly GenerationEvent[]> {
  let answer: HttpAnswer | undefined;
  try {
    // Without one to wait for, the connection is dialled at once.
    const token = wire.token && (await wire.token.get());
    const { model } = call.candidate;
    const pathOf = (basePath: string): string => wire.pathOf(basePath, model);
    answer = await wire.paths.send(pathOf, requestOf(wire, call, token), signal);
    const refusal = await refusalOf(wire, answer);
    if (refusal) {
      if (refusal.status === 401 && token !== undefined) wire.token?.forget(token);
      yield failed(refusal);
      return;
    }
    const reader = wire.readerOf(answer.headers);
    const watch = new TextWatch();
    const chunks = answer.body[Symbol.asyncIterator]();
    for (;;) {
      const coming = chunks.next();
      const { value: next } = await (reader.announced ? explained(wire.clock, coming) : coming);
      const events = watch.checked(next, next ? reader.push(next) : reader.end());
      const lastAt = events.findIndex(({ kind }) => kind === 'end' || kind === 'failure');
      if (lastAt >= 0) {
        answer.finish();
        yield events.slice(0, lastAt + 1);
        return;
      }
      if (events.length > 0) yield events;
      if (!next) {
        yield failed(reader.announced ?? truncated);
        return;
      }
    }
  } catch (error) {
    yield failed(failureOfThrown(error, wire.backend.apiKey));
  } finally {
    answer?.leave();
  }
}

/** For a Spillway that is the backend; others take no notice. */
const localOnlyHeader = { 'x-spillway-residency': 'local-only' } as const;

const failed = (failure: Failure): readonly GenerationEvent[] => [{ kind: 'failure', failure }];

const requestOf = (
  wire: Wire,
  call: UpstreamCall,
  token: string | undefined,
): Omit<HttpRequest, 'path'> => ({
  method: 'POST',
  headers: {
    ...wire.headers,
    ...bearer(token),
    'content-type': 'application/json',
    traceparent: traceparent(call.trace, call.span),
    ...(call.isLocalOnly === true && localOnlyHeader),
  },
  body: bodyText(wire.bodyOf(call)),
  ...(call.onSent ? { onSent: call.onSent } : {}),
  ...(call.onHeaders ? { onHeaders: call.onHeaders } : {}),
});

/** Arguments that a model once wrote, or a schema, may be nested deeper than can be written. */
const bodyText = (body: object): string => {
  const text = jsonText(body);
  if (text === undefined) throw new UntranslatableError('the conversation is nested too deep');
  return text;
};

/** Asks a question with a short JSON answer; rejects unless the answer is a 2xx. */
export const askUpstream = async (
  wire: Pick<Wire, 'backend' | 'paths' | 'headers' | 'token'>,
  pathOf: (basePath: string) => string,
  signal: AbortSignal,
  connection: 'any' | 'fresh' = 'any',
): Promise<string> => {
  const { paths } = wire;
  const headers = { ...wire.headers, ...bearer(await wire.token?.get()) };
  const request = { method: 'GET', headers } as const;
  const answer = await (connection === 'any'
    ? paths.send(pathOf, request, signal)
    : paths.sendFresh(pathOf, request, signal));
  const body = await readText(answer);
  if (answer.status >= 300)
    throw new Error(`${wire.backend.name} answered ${answer.status} to a probe`);
  return body;
};

const bearer = (token: string | undefined): Readonly<Record<string, string>> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

const nothing: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** What comes after an announced failure; nothing when that takes too long. */
const explained = (
  clock: Clock,
  coming: Promise<IteratorResult<Uint8Array, undefined>>,
): Promise<IteratorResult<Uint8Array, undefined>> =>
  within(clock, explainMs, 'the explanation', coming).catch((error: unknown) => {
    if (error instanceof DeadlineError) return nothing;
    throw error;
  });

/** Why the answer is not a stream of events, if it is not. */
const refusalOf = async (wire: Wire, answer: HttpAnswer): Promise<Failure | undefined> => {
  const { status, headers } = answer;
  if (status < 200 || status >= 300) {
    const body = await errorText(answer, wire.clock);
    return failureOfStatus({ status, headers, body }, wire.clock.wall(), wire.backend.apiKey);
  }
  const type = String(headers['content-type'] ?? 'no content type');
  const encoding = headers['content-encoding'];
  const isWire = wire.contentType.test(type) && (encoding === undefined || encoding === 'identity');
  if (isWire) return undefined;
  answer.leave();
  return garbled(
    `expected a stream of events, got ${type}${encoding ? `, ${String(encoding)}` : ''}`,
  );
};

/** What an error says of itself in a moment: the status has been seen, and another may serve. */
const errorText = async (answer: HttpAnswer, clock: Clock): Promise<string> => {
  const chunks: Uint8Array[] = [];
  const reading = readText(answer, chunks);
  await within(clock, explainMs, 'reading the error', reading).catch(() => undefined);
  answer.leave();
  return Buffer.concat(chunks).toString('utf8');
};

/** The body as text, as far as anyone wants to read an error. */
const readText = async (answer: HttpAnswer, chunks: Uint8Array[] = []): Promise<string> => {
  let bytes = 0;
  try {
    for await (const chunk of answer.body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= errorBytesMax) break;
    }
    answer.leave();
  } catch {
    // A status has been seen, and says more than the way its body was cut.
  }
  return Buffer.concat(chunks).toString('utf8');
};

const failureOfThrown = (error: unknown, secret: string | undefined): Failure => {
  if (error instanceof UntranslatableError)
    return { reason: 'status', evidence: 'soft', message: error.message };
  // As if the backend had refused us, so that another is asked.
  if (error instanceof EntraError)
    return {
      reason: 'status',
      evidence: 'hard',
      status: 401,
      message: error.message,
      isLasting: false,
    };
  if (error instanceof Error && error.name === 'FrameTooLongError') return garbled(error.message);
  return failureOfError(error, secret);
};
