/**
 * The server process is started anew, as for an upgrade: nothing listens for a while, and then it
 * is there with nothing in memory.
 */

import type { FaultKind } from './kind.ts';
import { refuse } from './refuse.ts';

export const restart: FaultKind = {
  ...refuse,
  kind: 'restart',
  describe: () => 'restarts, and has nothing in memory',
  onBox: (box) => {
    box.restart();
    return () => undefined;
  },
};
