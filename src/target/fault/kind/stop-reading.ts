/** The reader stops reading for a time, and does not say so: a laptop closed, a page put to sleep. */

import type { FaultKind } from './kind.ts';

export const stopReading: FaultKind = {
  kind: 'stop-reading',
  moments: ['mid-stream'],
  afterTokens: 1,
  needs: ['stall'],
  may: [],
  isFatal: false,
  sees: 'bytes',
  describe: ({ stallMs = 0 }) => `does not read for ${stallMs} ms`,
  onWire: () => undefined,
  onEvents: () => undefined,
  onReader: ({ stallMs = 0 }) => ({ kind: 'pause', ms: stallMs }),
};
