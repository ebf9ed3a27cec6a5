/** The stream pauses in the middle, then goes on as if nothing had been. */

import type { FaultKind } from './kind.ts';

export const stall: FaultKind = {
  kind: 'stall',
  moments: ['mid-stream', 'first-token'],
  afterTokens: 1,
  needs: ['stall'],
  may: [],
  action: ({ stallMs = 0 }) => ({ kind: 'stall', stallMs }),
  describe: ({ stallMs = 0 }) => `stalls for ${stallMs} ms`,
};
