/**
 * Nothing listens: the process is gone.
 *
 * In a plain window the port is closed and every open connection reset. A refusal that is meant for
 * some attempts only cannot close the port, so it resets those as they begin.
 */

import { type FaultKind, keepsFromPort } from './kind.ts';
import { resetFailure } from './reset.ts';

export const refuse: FaultKind = {
  ...keepsFromPort,
  kind: 'refuse',
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
