/**
 * Every token arrives and the answer ends cleanly; only the event that says so is missing.
 *
 * With `form: done` it is no more than the `[DONE]` behind it, which many servers never send.
 */

import { isDone, isTerminal } from '../frame.ts';
import type { FaultKind } from './kind.ts';
import { truncatedFailure } from './truncate.ts';

export const silentEnd: FaultKind = {
  kind: 'silent-end',
  moments: ['mid-stream'],
  afterTokens: 0,
  needs: [],
  may: ['form'],
  forms: ['event', 'done'],
  isFatal: false,
  sees: 'frames',
  describe: ({ form = 'event' }) =>
    form === 'done' ? 'leaves [DONE] out' : 'leaves its terminal event out',
  onWire: (connection, { form = 'event' }) =>
    connection.rewrite((frame) =>
      isTerminal(frame) && (form === 'event' || isDone(frame)) ? [] : undefined,
    ),
  onEvents: (events, { form = 'event' }) => {
    if (form === 'event')
      events.rewrite((event) =>
        event.kind === 'end' ? [{ kind: 'failure', failure: truncatedFailure }] : [event],
      );
  },
};
