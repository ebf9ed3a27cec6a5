/** Every token arrives and the answer ends cleanly; only the event that says so is missing. */

import { isTerminal } from '../frame.ts';
import type { FaultKind } from './kind.ts';
import { truncatedFailure } from './truncate.ts';

export const silentEnd: FaultKind = {
  kind: 'silent-end',
  moments: ['mid-stream'],
  afterTokens: 0,
  needs: [],
  may: [],
  isFatal: false,
  sees: 'frames',
  describe: () => 'leaves its terminal event out',
  onWire: (connection) => connection.rewrite((frame) => (isTerminal(frame) ? [] : undefined)),
  onEvents: (events) =>
    events.rewrite((event) =>
      event.kind === 'end' ? [{ kind: 'failure', failure: truncatedFailure }] : [event],
    ),
};
