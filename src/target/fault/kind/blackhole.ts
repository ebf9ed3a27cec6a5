/**
 * The host is off, or a firewall drops what is sent: connecting hangs, and open connections fall
 * silent.
 *
 * In a plain window nobody gets through to the port. One that is meant for some attempts only lets
 * them connect, since a connection is known before its request is, and says nothing.
 */

import { type FaultKind, keepsFromPort } from './kind.ts';

export const blackhole: FaultKind = {
  ...keepsFromPort,
  kind: 'blackhole',
  outage: 'unanswered',
  describe: () => 'is not there to connect to',
  onWire: (connection) => connection.fallSilent(),
  onEvents: (events) => (events.isConnected ? events.fallSilent() : events.neverConnect()),
};
