/** What is said in a span of time arrives at its end, in one piece. */

import type { FaultKind } from './kind.ts';

export const burst: FaultKind = {
  kind: 'burst',
  moments: ['mid-stream'],
  afterTokens: 0,
  needs: ['hold'],
  may: [],
  isFatal: false,
  sees: 'bytes',
  describe: ({ holdMs = 0 }) => `speaks in bursts ${holdMs} ms apart`,
  onWire: (connection, { holdMs = 0 }) => connection.gatherFor(holdMs),
  onEvents: (events, { holdMs = 0 }) => events.gatherFor(holdMs),
};
