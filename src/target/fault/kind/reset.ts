/** The connection dies with a TCP RST, as when the process is killed or the box loses power. */

import type { FaultKind } from './kind.ts';

export const reset: FaultKind = {
  kind: 'reset',
  moments: ['mid-stream', 'connect', 'headers', 'first-token'],
  afterTokens: 1,
  needs: [],
  may: [],
  action: () => ({ kind: 'reset' }),
  describe: () => 'resets the connection',
};
