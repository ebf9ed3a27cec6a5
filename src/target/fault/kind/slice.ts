/** The bytes are the right ones, in tiny segments: frames and characters are split anywhere. */

import type { FaultKind } from './kind.ts';

export const slice: FaultKind = {
  kind: 'slice',
  moments: ['headers', 'mid-stream'],
  afterTokens: 0,
  needs: [],
  may: ['segmentBytes', 'delay'],
  isFatal: false,
  sees: 'bytes',
  waitsForHead: true,
  describe: ({ segmentBytes = 1 }) => `sends segments of ${segmentBytes} bytes`,
  onWire: (connection, { segmentBytes = 1, delayMs = 0 }) =>
    connection.segment(segmentBytes, delayMs),
  // Events are whole by nature; nothing of this is to be seen in them.
  onEvents: () => undefined,
};
