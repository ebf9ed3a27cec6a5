/** The reader has seen enough, and closes the connection in the middle of the answer. */

import type { FaultKind } from './kind.ts';

export const leave: FaultKind = {
  kind: 'leave',
  moments: ['mid-stream'],
  afterTokens: 1,
  needs: [],
  may: [],
  isFatal: true,
  sees: 'bytes',
  describe: () => 'leaves in the middle of the answer',
  onWire: () => undefined,
  onEvents: () => undefined,
  onReader: () => ({ kind: 'leave' }),
};
