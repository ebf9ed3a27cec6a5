/** The stream keeps coming, at a rate far below what the model makes: a tired box, a thin line. */

import type { FaultKind } from './kind.ts';

export const slow: FaultKind = {
  kind: 'slow',
  moments: ['mid-stream'],
  afterTokens: 0,
  needs: ['tokensPerSecond', 'bytesPerSecond'],
  may: [],
  action: ({ tokensPerSecond, bytesPerSecond }) => ({
    kind: 'slow',
    ...(tokensPerSecond === undefined ? {} : { tokensPerSecond }),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
  }),
  describe: ({ tokensPerSecond, bytesPerSecond }) =>
    `slows to ${[
      ...(tokensPerSecond === undefined ? [] : [`${tokensPerSecond} tokens/s`]),
      ...(bytesPerSecond === undefined ? [] : [`${bytesPerSecond} bytes/s`]),
    ].join(' and ')}`,
};
