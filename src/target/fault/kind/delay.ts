/** The answer is late: its head, or its first token, is held for a time and then let go. */

import type { FaultKind } from './kind.ts';

export const delay: FaultKind = {
  kind: 'delay',
  moments: ['headers', 'first-token'],
  afterTokens: 0,
  needs: ['delay'],
  may: [],
  action: ({ delayMs = 0 }) => ({ kind: 'delay', delayMs }),
  describe: ({ delayMs = 0 }) => `answers ${delayMs} ms late`,
};
