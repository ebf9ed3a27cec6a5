/** The connection dies with a TCP RST, as when the process is killed or the box loses power. */

import type { Failure } from '../../../protocol/generation.ts';
import type { FaultKind } from './kind.ts';

/** What the proxy's adapters make of a reset. */
export const resetFailure: Failure = {
  reason: 'reset',
  evidence: 'soft',
  message: 'read ECONNRESET',
};

export const reset: FaultKind = {
  kind: 'reset',
  moments: ['mid-stream', 'connect', 'headers', 'first-token'],
  afterTokens: 1,
  needs: [],
  may: [],
  isFatal: true,
  sees: 'bytes',
  describe: () => 'resets the connection',
  onWire: (connection) => connection.reset(),
  onEvents: (events) => events.fail(resetFailure),
};
