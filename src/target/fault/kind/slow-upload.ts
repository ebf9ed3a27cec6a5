/** The line is thin on the way there: a long prompt takes its time before anybody can answer it. */

import type { FaultKind } from './kind.ts';

export const slowUpload: FaultKind = {
  kind: 'slow-upload',
  moments: ['headers'],
  afterTokens: 0,
  needs: ['bytesPerSecond'],
  may: [],
  isFatal: false,
  sees: 'bytes',
  describe: ({ bytesPerSecond = 0 }) => `takes requests at ${bytesPerSecond} bytes/s`,
  onWire: (connection, { bytesPerSecond = 1 }) => connection.paceRequestTo(bytesPerSecond),
  // How long a request is on the wire cannot be seen in events.
  onEvents: () => undefined,
};
