/** The model gets stuck: its last words come again and again, and the answer has no end. */

import type { FaultKind } from './kind.ts';

const perSecondDefault = 20;

export const endless: FaultKind = {
  kind: 'endless',
  moments: ['mid-stream'],
  afterTokens: 1,
  needs: [],
  may: ['tokensPerSecond'],
  isFatal: true,
  sees: 'frames',
  describe: () => 'repeats its last token without end',
  onWire: (connection, { tokensPerSecond = perSecondDefault }) =>
    connection.keepSaying(connection.lastToken, 1000 / tokensPerSecond),
  // An answer without an end is a stream of time, which a list of events cannot hold.
  onEvents: (events) => events.fallSilent(),
};
