/**
 * The process is stopped and goes on later, as by SIGSTOP and SIGCONT, or on a machine that swaps:
 * what is open falls silent, connecting works, and what was asked is answered when it goes on.
 */

import type { FaultKind } from './kind.ts';

export const freeze: FaultKind = {
  kind: 'freeze',
  moments: ['connect', 'headers', 'first-token', 'mid-stream'],
  afterTokens: 0,
  needs: [],
  may: [],
  isFatal: false,
  sees: 'bytes',
  outage: 'frozen',
  describe: () => 'freezes, and goes on later',
  onWire: (connection) => connection.holdUntilOver(),
  onEvents: (events) => events.holdUntilOver(),
};
