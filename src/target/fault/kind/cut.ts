/** The connection is closed politely, with a TCP FIN, before the answer is whole. */

import type { FaultKind } from './kind.ts';

export const cut: FaultKind = {
  kind: 'cut',
  moments: ['mid-stream', 'connect', 'headers', 'first-token'],
  afterTokens: 1,
  needs: [],
  may: [],
  action: () => ({ kind: 'cut' }),
  describe: () => 'closes the connection early',
};
