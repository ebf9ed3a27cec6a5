/** A whole answer, well formed and completed, in which nothing is said. */

import { emptyIn } from '../frame.ts';
import type { FaultKind } from './kind.ts';

export const empty: FaultKind = {
  kind: 'empty',
  moments: ['headers'],
  afterTokens: 0,
  needs: [],
  may: [],
  isFatal: true,
  sees: 'frames',
  describe: () => 'answers with nothing',
  onWire: (connection) => {
    connection.say(emptyIn(connection.dialect));
    connection.endBody();
  },
  onEvents: (events) => events.end([{ kind: 'end', reason: 'stop' }]),
};
