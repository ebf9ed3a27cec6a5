/**
 * The terminal event has come, and the answer's end on the wire has not: who waits, waits in
 * vain.
 */

import type { FaultKind } from './kind.ts';

export const slowClose: FaultKind = {
  kind: 'slow-close',
  moments: ['mid-stream'],
  afterTokens: 0,
  needs: ['delay'],
  may: [],
  isFatal: false,
  sees: 'frames',
  describe: ({ delayMs = 0 }) => `closes ${delayMs} ms late`,
  onWire: (connection, { delayMs = 0 }) => connection.holdEndFor(delayMs),
  // All that events can tell is over with the terminal one.
  onEvents: () => undefined,
};
