/** The connection is closed politely, with a TCP FIN, before the answer is whole. */

import type { Failure } from '../../../protocol/generation.ts';
import type { FaultKind } from './kind.ts';

/** What the proxy's adapters make of a connection that is closed early. */
export const cutFailure: Failure = {
  reason: 'closed',
  evidence: 'soft',
  message: 'other side closed',
};

export const cut: FaultKind = {
  kind: 'cut',
  moments: ['mid-stream', 'connect', 'headers', 'first-token'],
  afterTokens: 1,
  needs: [],
  may: [],
  isFatal: true,
  sees: 'bytes',
  describe: () => 'closes the connection early',
  onWire: (connection) => connection.finish(),
  onEvents: (events) => events.fail(cutFailure),
};
