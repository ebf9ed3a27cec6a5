/** The request is answered at once with an error status; the backend never sees it. */

import type { Failure } from '../../../protocol/generation.ts';
import type { FaultWords } from '../fault.ts';
import { answersInPlace, type FaultKind } from './kind.ts';
import { type Rejection, rejections } from './rejection.ts';

export const reject: FaultKind = {
  ...answersInPlace,
  kind: 'reject',
  may: ['status', 'headers', 'body', 'preset'],
  presets: Object.keys(rejections),
  describe: (words) => `answers ${rejectionOf(words).status}`,
  onWire: (connection, words) => {
    const { status, headers, body } = rejectionOf(words);
    const type = body.startsWith('{') ? 'application/json' : 'text/plain; charset=utf-8';
    connection.answer({ status, headers: { 'content-type': type, ...headers }, body });
  },
  onEvents: (events, words) => events.fail(failureOf(rejectionOf(words))),
};

/** The preset, if one is named, with what the file says otherwise. */
const rejectionOf = ({ preset, status, headers, body }: FaultWords): Rejection => {
  const base = rejections[preset ?? ''];
  const shown = status ?? base?.status ?? 503;
  const named = Object.entries({ ...base?.headers, ...headers });
  return {
    status: shown,
    headers: Object.fromEntries(named.map(([name, value]) => [name.toLowerCase(), value])),
    body:
      body ??
      base?.body ??
      JSON.stringify({ error: { code: String(shown), message: 'rejected by an injected fault' } }),
  };
};

/** What the proxy's adapters make of it. */
const failureOf = ({ status, headers }: Rejection): Failure => {
  const retryAfterMs = Number(headers['retry-after-ms'] ?? Number(headers['retry-after']) * 1000);
  const common = {
    status,
    message: `the server answered ${status}`,
    ...(retryAfterMs >= 0 ? { retryAfterMs } : {}),
  };
  if (status === 429) return { ...common, reason: 'rate-limited', evidence: 'soft' };
  if (status === 503) return { ...common, reason: 'overloaded', evidence: 'soft' };
  if (status === 400 || status === 413 || status === 422)
    return { ...common, reason: 'status', evidence: 'soft', isRequestFault: true };
  const isHard = status === 401 || status === 403 || status === 404;
  return { ...common, reason: 'status', evidence: isHard ? 'hard' : 'soft' };
};
