/** The line is kept alive and nothing is said: comments, as gateways send them while they wait. */

import type { FaultKind } from './kind.ts';

const everyMsDefault = 1000;

export const comments: FaultKind = {
  kind: 'comments',
  moments: ['headers', 'mid-stream'],
  afterTokens: 1,
  needs: [],
  may: ['hold'],
  isFatal: true,
  sees: 'frames',
  describe: () => 'keeps the line alive and says nothing',
  onWire: (connection, { holdMs = everyMsDefault }) => connection.keepSaying('', holdMs),
  onEvents: (events) => events.fallSilent(),
};
