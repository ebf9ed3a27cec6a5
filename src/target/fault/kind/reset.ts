/** The connection dies with a TCP RST, as when the process is killed or the box loses power. */

import type { Failure } from '../../../protocol/generation.ts';
import { endsConnection, type FaultKind } from './kind.ts';

/** What the proxy's adapters make of a reset. */
export const resetFailure: Failure = {
  reason: 'reset',
  evidence: 'soft',
  message: 'read ECONNRESET',
};

export const reset: FaultKind = {
  ...endsConnection,
  kind: 'reset',
  describe: () => 'resets the connection',
  onWire: (connection) => connection.reset(),
  onEvents: (events) => events.fail(resetFailure),
};
