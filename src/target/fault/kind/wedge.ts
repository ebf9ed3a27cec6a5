/**
 * The memory that CPU and GPU share has run out: what runs dies, and what is asked fails with a 500
 * for a while. Then the driver is stuck: the server takes requests, tells which models it has, and
 * answers nothing until somebody resets the box. It comes back with an empty memory.
 *
 * Seen on a DGX Spark: vllm-project/vllm#56824, NVIDIA/dgx-spark-playbooks#97.
 */

import type { FaultKind } from './kind.ts';

/** How long it fails before it hangs. */
const failingMsDefault = 10_000;

export const wedge: FaultKind = {
  kind: 'wedge',
  moments: ['connect'],
  afterTokens: 0,
  needs: [],
  may: ['hold'],
  isFatal: false,
  sees: 'bytes',
  describe: ({ holdMs = failingMsDefault }) =>
    `runs out of memory, and hangs after failing for ${holdMs} ms`,
  // It never acts on an attempt.
  onWire: () => undefined,
  onEvents: () => undefined,
  onBox: (box, { holdMs = failingMsDefault }) => {
    box.wedge(holdMs);
    return () => box.restart();
  },
};
