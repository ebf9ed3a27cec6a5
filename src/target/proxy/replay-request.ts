/**
 * Whether a response is asked for as the stream of its events, and from which of them on.
 *
 * The query says it: `?stream=true&starting_after=9`. `openai-go` says the first half in a body,
 * `{"stream":true}`, though a GET has none by right, and would take a response for an empty stream.
 */

import type { IncomingMessage } from 'node:http';

import { badRequest } from './api-error.ts';
import { asRecord, parseJson } from './json.ts';

type Query = Readonly<Record<string, unknown>>;

/** A longer body says something else. */
const bodyBytesMax = 1024;

/** Whether the events are asked for. */
export const isReplayAsked = async (query: Query, message: IncomingMessage): Promise<boolean> => {
  if (query['stream'] !== undefined) return query['stream'] === 'true';
  const length = Number(message.headers['content-length'] ?? 0);
  if (!(length > 0 && length <= bodyBytesMax)) return false;
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(Buffer.from(chunk));
  return asRecord(parseJson(Buffer.concat(chunks).toString('utf8')))?.['stream'] === true;
};

/** The number of the last event that the client has; -1 for none. */
export const startingAfter = (query: Query): number => {
  const value = query['starting_after'];
  if (value === undefined) return -1;
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value);
  throw badRequest(
    `Invalid 'starting_after': expected an integer, got ${JSON.stringify(value)}.`,
    'starting_after',
    'invalid_value',
  );
};
