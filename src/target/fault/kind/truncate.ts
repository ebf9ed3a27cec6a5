/**
 * The answer ends cleanly, as a whole one would, and never says that it is whole.
 *
 * With `form: close` it is delimited by the end of its connection, so that HTTP itself cannot tell.
 */

import type { Failure } from '../../../protocol/generation.ts';
import type { FaultKind } from './kind.ts';

/** What the proxy's adapters make of it. */
export const truncatedFailure: Failure = {
  reason: 'truncated',
  evidence: 'soft',
  message: 'the stream ended without a terminal event',
};

export const truncate: FaultKind = {
  kind: 'truncate',
  moments: ['mid-stream'],
  afterTokens: 1,
  needs: [],
  may: ['form'],
  forms: ['chunked', 'close'],
  isFatal: true,
  sees: 'frames',
  describe: () => 'ends cleanly without a terminal event',
  onWire: (connection) => connection.endBody(),
  onEvents: (events) => events.fail(truncatedFailure),
};
