/** The box is too hot, or short of power: all it does takes longer, and it says nothing of it. */

import type { FaultKind } from './kind.ts';

export const throttle: FaultKind = {
  kind: 'throttle',
  moments: ['connect'],
  afterTokens: 0,
  needs: ['slowdown'],
  may: [],
  isFatal: false,
  sees: 'bytes',
  describe: ({ slowdown = 1 }) => `takes ${slowdown} times as long for all it does`,
  // It never acts on an attempt.
  onWire: () => undefined,
  onEvents: () => undefined,
  onBox: (box, { slowdown = 1 }) => {
    box.throttle(slowdown);
    return () => box.throttle(1);
  },
};
