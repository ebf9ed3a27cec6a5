/**
 * The models leave memory, each as its work ends: its time was up, or something else needed the
 * room. Who asks next waits for a load; with `delay` loads take so much longer while it lasts, as
 * from a slow disk.
 */

import type { FaultKind } from './kind.ts';

export const evict: FaultKind = {
  kind: 'evict',
  moments: ['connect'],
  afterTokens: 0,
  needs: [],
  may: ['delay'],
  isFatal: false,
  sees: 'bytes',
  describe: ({ delayMs }) =>
    `drops its models from memory${delayMs ? `, and loads ${delayMs} ms longer` : ''}`,
  // It never acts on an attempt.
  onWire: () => undefined,
  onEvents: () => undefined,
  onBox: (box, { delayMs = 0 }) => {
    box.evict();
    box.delayLoads(delayMs);
    return () => box.delayLoads(0);
  },
};
