/** The stream keeps coming, at a rate far below what the model makes: a tired box, a thin line. */

import type { FaultKind } from './kind.ts';

export const slow: FaultKind = {
  kind: 'slow',
  moments: ['mid-stream'],
  afterTokens: 0,
  needs: ['tokensPerSecond', 'bytesPerSecond', 'ramp'],
  may: [],
  isFatal: false,
  sees: 'bytes',
  describe: ({ tokensPerSecond, bytesPerSecond }) => {
    const rates = [
      ...(tokensPerSecond === undefined ? [] : [`${tokensPerSecond} tokens/s`]),
      ...(bytesPerSecond === undefined ? [] : [`${bytesPerSecond} bytes/s`]),
    ];
    return rates.length === 0 ? 'changes its pace' : `slows to ${rates.join(' and ')}`;
  },
  onWire: (connection, { tokensPerSecond, bytesPerSecond }) =>
    connection.paceTo({
      ...(tokensPerSecond === undefined ? {} : { tokensPerSecond }),
      ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    }),
  // Events have no bytes: a byte rate is meaningless here and lets them pass.
  onEvents: (events, { tokensPerSecond }) => {
    if (tokensPerSecond !== undefined) events.paceTo(tokensPerSecond);
  },
};
