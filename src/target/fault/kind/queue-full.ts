/**
 * The server has stopped accepting: who is connected goes on, and a new connection hangs, because
 * the queue of those who wait is full.
 */

import type { FaultKind } from './kind.ts';

export const queueFull: FaultKind = {
  kind: 'queue-full',
  moments: ['connect'],
  afterTokens: 0,
  needs: [],
  may: [],
  isFatal: true,
  sees: 'bytes',
  outage: 'full',
  isOnFresh: true,
  describe: () => 'accepts no more connections',
  onWire: (connection) => connection.fallSilent(),
  onEvents: (events) => events.neverConnect(),
};
