/** The host is there and says nothing: whatever arrives is swallowed, and nothing comes back. */

import type { FaultKind } from './kind.ts';

export const silent: FaultKind = {
  kind: 'silent',
  moments: ['headers', 'connect', 'first-token', 'mid-stream'],
  afterTokens: 1,
  needs: [],
  may: [],
  isFatal: true,
  sees: 'bytes',
  describe: () => 'goes silent',
  onWire: (connection) => connection.fallSilent(),
  onEvents: (events) => events.fallSilent(),
};
