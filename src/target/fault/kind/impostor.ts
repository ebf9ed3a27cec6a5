/**
 * A 200 that is not what was asked for: one JSON body where a stream was wanted, a body packed in a
 * coding that nobody offered to unpack, or lines where events were promised and the other way
 * round.
 */

import { gzipSync } from 'node:zlib';

import { contentTypeOf, emptyIn, failureIn } from '../frame.ts';
import type { FaultKind } from './kind.ts';

export const impostor: FaultKind = {
  kind: 'impostor',
  moments: ['headers'],
  afterTokens: 0,
  needs: [],
  may: ['form', 'body'],
  forms: ['json', 'gzip', 'framing'],
  isFatal: true,
  sees: 'frames',
  describe: ({ form = 'json' }) => `answers 200 with ${form} that nobody asked for`,
  onWire: (connection, { form = 'json', body }) => {
    const { dialect } = connection;
    if (form === 'json')
      connection.answer({
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: body ?? JSON.stringify({ error: { message: 'not available', code: 'unavailable' } }),
      });
    else if (form === 'framing') {
      // The error line of Ollama's own wire on an event stream (denn-gubsky/loomcycle#619).
      connection.say(body ?? failureIn(dialect === 'ollama' ? 'chat' : 'ollama', '', 500));
      connection.endBody();
    } else
      connection.answer({
        status: 200,
        headers: { 'content-type': contentTypeOf(dialect), 'content-encoding': 'gzip' },
        body: gzipSync(body ?? emptyIn(dialect)),
      });
  },
  onEvents: (events) =>
    events.fail({ reason: 'garbled', evidence: 'soft', message: 'expected a stream' }),
};
