/**
 * The race of keep-alive: the server closes an idle connection just as it is used again.
 *
 * It acts on requests over a connection that has served one before, and closes it without a word.
 */

import { answersInPlace, type FaultKind } from './kind.ts';

export const stale: FaultKind = {
  ...answersInPlace,
  kind: 'stale',
  may: ['form'],
  forms: ['fin', 'reset'],
  isOnReuse: true,
  describe: () => 'closes a connection that is used again',
  onWire: (connection, { form = 'fin' }) => {
    if (form === 'reset') connection.reset();
    else connection.finish();
  },
  // Never asked: in virtual time there are no connections to use again.
  onEvents: () => undefined,
};
