/**
 * The host is off, or a firewall drops what is sent: connecting hangs, and open connections fall
 * silent.
 *
 * In a plain window nobody gets through to the port. One that is meant for some attempts only lets
 * them connect, since a connection is known before its request is, and says nothing.
 */

import type { FaultKind } from './kind.ts';

export const blackhole: FaultKind = {
  kind: 'blackhole',
  moments: ['connect'],
  afterTokens: 0,
  needs: [],
  may: [],
  isFatal: true,
  sees: 'bytes',
  outage: 'unanswered',
  describe: () => 'is not there to connect to',
  onWire: (connection) => connection.fallSilent(),
  onEvents: (events) => (events.isConnected ? events.fallSilent() : events.neverConnect()),
};
