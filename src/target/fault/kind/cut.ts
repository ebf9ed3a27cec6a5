/** The connection is closed politely, with a TCP FIN, before the answer is whole. */

import type { Failure } from '../../../protocol/generation.ts';
import { endsConnection, type FaultKind } from './kind.ts';

/** What the proxy's adapters make of a connection that is closed early. */
export const cutFailure: Failure = {
  reason: 'closed',
  evidence: 'soft',
  message: 'other side closed',
};

export const cut: FaultKind = {
  ...endsConnection,
  kind: 'cut',
  describe: () => 'closes the connection early',
  onWire: (connection) => connection.finish(),
  onEvents: (events) => events.fail(cutFailure),
};
