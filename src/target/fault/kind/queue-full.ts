/**
 * The server has stopped accepting: who is connected goes on, and a new connection hangs, because
 * the queue of those who wait is full.
 */

import { type FaultKind, keepsFromPort } from './kind.ts';

export const queueFull: FaultKind = {
  ...keepsFromPort,
  kind: 'queue-full',
  outage: 'full',
  isOnFresh: true,
  describe: () => 'accepts no more connections',
  onWire: (connection) => connection.fallSilent(),
  onEvents: (events) => events.neverConnect(),
};
