/**
 * A 200 that is not what was asked for: one JSON body where a stream was wanted, or a body packed
 * in a coding that nobody offered to unpack.
 */

import { gzipSync } from 'node:zlib';

import { contentTypeOf, emptyIn } from '../frame.ts';
import type { FaultKind } from './kind.ts';

export const impostor: FaultKind = {
  kind: 'impostor',
  moments: ['headers'],
  afterTokens: 0,
  needs: [],
  may: ['form', 'body'],
  forms: ['json', 'gzip'],
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
    else
      connection.answer({
        status: 200,
        headers: { 'content-type': contentTypeOf(dialect), 'content-encoding': 'gzip' },
        body: gzipSync(body ?? emptyIn(dialect)),
      });
  },
  onEvents: (events) =>
    events.fail({ reason: 'garbled', evidence: 'soft', message: 'expected a stream' }),
};
