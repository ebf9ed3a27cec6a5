/** The answer is late: its head, or its first token, is held for a time and then let go. */

import type { FaultKind } from './kind.ts';

export const delay: FaultKind = {
  kind: 'delay',
  moments: ['headers', 'first-token'],
  afterTokens: 0,
  needs: ['delay', 'ramp'],
  may: ['jitter'],
  isFatal: false,
  sees: 'bytes',
  waitsForHead: true,
  describe: ({ delayMs, jitterMs }) =>
    `answers ${delayMs === undefined ? 'later and later' : `${delayMs} ms late`}` +
    (jitterMs === undefined ? '' : `, give or take ${jitterMs} ms`),
  onWire: (connection, { delayMs = 0 }) => connection.holdFor(delayMs),
  onEvents: (events, { delayMs = 0 }) => events.holdFor(delayMs),
};
