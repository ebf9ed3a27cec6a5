/** The stream pauses in the middle, then goes on as if nothing had been. */

import type { FaultKind } from './kind.ts';

export const stall: FaultKind = {
  kind: 'stall',
  moments: ['mid-stream', 'first-token'],
  afterTokens: 1,
  needs: ['stall'],
  may: [],
  isFatal: false,
  sees: 'bytes',
  describe: ({ stallMs = 0 }) => `stalls for ${stallMs} ms`,
  onWire: (connection, { stallMs = 0 }) => connection.holdFor(stallMs),
  onEvents: (events, { stallMs = 0 }) => events.holdFor(stallMs),
};
