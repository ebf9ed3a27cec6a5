/** The connection is lost inside the arguments of a tool call, which nobody can go on with. */

import { cutFailure } from './cut.ts';
import type { FaultKind } from './kind.ts';
import { resetFailure } from './reset.ts';
import { truncatedFailure } from './truncate.ts';

export const toolCut: FaultKind = {
  kind: 'tool-cut',
  moments: ['mid-stream'],
  afterTokens: 1,
  needs: [],
  may: ['form'],
  forms: ['cut', 'reset', 'truncate'],
  isFatal: true,
  sees: 'frames',
  isInTool: true,
  describe: () => 'is cut inside a tool call',
  onWire: (connection, { form = 'cut' }) => {
    if (form === 'reset') connection.reset();
    else if (form === 'truncate') connection.endBody();
    else connection.finish();
  },
  onEvents: (events, { form = 'cut' }) =>
    events.fail(
      form === 'reset' ? resetFailure : form === 'truncate' ? truncatedFailure : cutFailure,
    ),
};
