/**
 * A client that does not wait: it has its answer made in the background, and fetches it. One that
 * reads along and loses its connection comes back and goes on after the last event it has.
 */

import { isDeepStrictEqual } from 'node:util';

import { ApiError } from '../../src/target/proxy/api-error.ts';
import { CapturedReply } from '../../src/target/proxy/compaction.ts';
import { asRecord, parseJson } from '../../src/target/proxy/json.ts';
import type { Caller, Reply } from '../../src/target/proxy/proxy.ts';
import { parseRequest } from '../../src/target/proxy/request.ts';
import type { Proxy } from '../../src/target/proxy/respond.ts';
import type { Clock } from '../../src/time/clock.ts';
import { readStream } from '../kit/response-grammar.ts';
import type { Body, Manner } from './reader.ts';

interface Place {
  readonly proxy: Proxy;
  readonly clock: Clock;
  readonly manner: Manner;
  /** Told of what should not be. */
  readonly odd: (what: string) => void;
}

const pollMs = 500;

/** Asks, and resolves when the reply has the whole answer, or what has become of it. */
export const fetchLater = async (
  place: Place,
  body: Body,
  caller: Caller,
  reply: Reply,
): Promise<void> => {
  const request = parseRequest({ ...body, background: true, store: true });
  const id = await (request.isStream ? readAlong : poll)(place, request, caller, reply);
  if (id !== undefined) await lookBack(place, id, caller, request.isStream);
};

/** What was told must be found again, by whoever has a right to it and by nobody else. */
const lookBack = async (
  { proxy, odd }: Place,
  id: string,
  caller: Caller,
  isStream: boolean,
): Promise<void> => {
  const stranger = { ...caller, name: 'stranger' };
  const isHidden = (error: unknown): boolean => error instanceof ApiError && error.status === 404;
  const tries = [proxy.read(id, stranger), proxy.cancel(id, stranger)];
  for (const outcome of await Promise.allSettled(tries))
    if (outcome.status === 'fulfilled' || !isHidden(outcome.reason))
      odd('a stranger found a background response');
  const { status, output } = await proxy.read(id, caller);
  if (status === 'queued' || status === 'in_progress') odd(`over, and still ${status}`);
  if (!isStream || status === 'cancelled') return;
  const again = new CapturedReply(new AbortController().signal);
  await proxy.replay(id, caller, -1, again);
  // A clock that jumps may have taken the time for which events are kept.
  if (again.status === 400) return;
  const { resource } = readStream(again.body);
  if (!isDeepStrictEqual(resource.output, output)) odd('a replay told another answer');
};

type Request = ReturnType<typeof parseRequest>;

const poll = async (
  { proxy, clock, manner }: Place,
  request: Request,
  caller: Caller,
  reply: Reply,
): Promise<string | undefined> => {
  const ended = Promise.withResolvers<void>();
  const first = new CapturedReply(new AbortController().signal);
  const announced: Reply = {
    gone: first.gone,
    head: (status, headers) => first.head(status, headers),
    write: (chunk) => first.write(chunk),
    drained: () => first.drained(),
    end: () => ended.resolve(),
  };
  const work = proxy.respond(request, caller, announced);
  await Promise.race([ended.promise, work]);
  let told = first.body;
  const id = String(asRecord(parseJson(told))?.['id']);
  const cancelAt = clock.now() + (manner.leavesAfterMs ?? Number.POSITIVE_INFINITY);
  while (first.status === 200 && /"status":"(?:queued|in_progress)"/.test(told)) {
    await clock.sleep(pollMs);
    const isTime = manner.background === 'cancels' && clock.now() >= cancelAt;
    told = JSON.stringify(await (isTime ? proxy.cancel(id, caller) : proxy.read(id, caller)));
  }
  await work;
  reply.head(first.status, first.headers);
  reply.write(told);
  reply.end();
  return first.status === 200 ? id : undefined;
};

/** Who comes back so late finds the answer, and no events any more. */
export class TooLateError extends Error {
  override readonly name = 'TooLateError';
}

/** How long a client is away. */
const awayMs = 700;

const readAlong = async (
  { proxy, clock, manner }: Place,
  request: Request,
  caller: Caller,
  reply: Reply,
): Promise<string | undefined> => {
  const leave = new AbortController();
  let id: string | undefined;
  let last = -1;
  let isEnded = false;
  const noting: Reply = {
    gone: AbortSignal.any([leave.signal, reply.gone]),
    head: (status, headers) => {
      if (last < 0) reply.head(status, headers);
    },
    write: (chunk) => {
      const event = asRecord(parseJson(/^data: (\{.*)$/m.exec(chunk)?.[1] ?? ''));
      id ??= event && String(asRecord(event['response'])?.['id']);
      if (typeof event?.['sequence_number'] === 'number') last = event['sequence_number'];
      return reply.write(chunk);
    },
    drained: () => reply.drained(),
    // A connection that was lost has not ended.
    end: () => {
      if (leave.signal.aborted) return;
      isEnded = true;
      reply.end();
    },
  };
  const timer = clock.at(clock.now() + (manner.leavesAfterMs ?? 1e9), () => {
    // Who does not know the response's id yet could not come back to it, and stays.
    if (id !== undefined) leave.abort();
  });
  const work = proxy.respond(request, caller, noting);
  await Promise.race([work, aborted(leave.signal)]).finally(() => timer[Symbol.dispose]());
  if (!isEnded && id !== undefined && leave.signal.aborted) {
    await clock.sleep(awayMs);
    if (manner.background === 'cancels') await proxy.cancel(id, caller);
    let status = 0;
    const again: Reply = {
      ...noting,
      gone: reply.gone,
      head: (told) => {
        status = told;
      },
      write: (chunk) => status >= 400 || noting.write(chunk),
      end: () => undefined,
    };
    await proxy.replay(id, caller, last, again);
    const response = await proxy.read(id, caller);
    // A clock that jumps may have taken the time for which events are kept.
    if (status >= 400) throw new TooLateError();
    if (response.status === 'cancelled') reply.write(`data: ${JSON.stringify({ response })}\n\n`);
    reply.end();
  }
  await work;
  return id;
};

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
