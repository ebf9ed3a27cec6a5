/**
 * Nothing listens: the process is gone.
 *
 * In a plain window the port is closed and every open connection reset. A refusal that is meant for
 * some attempts only cannot close the port, so it resets those as they begin.
 */

import type { FaultKind } from './kind.ts';
import { resetFailure } from './reset.ts';

export const refuse: FaultKind = {
  kind: 'refuse',
  moments: ['connect'],
  afterTokens: 0,
  needs: [],
  may: [],
  isFatal: true,
  sees: 'bytes',
  outage: 'refused',
  describe: () => 'refuses connections',
  onWire: (connection) => connection.reset(),
  onEvents: (events) =>
    events.fail(
      events.isConnected
        ? resetFailure
        : { reason: 'refused', evidence: 'hard', message: 'connect ECONNREFUSED' },
    ),
};
