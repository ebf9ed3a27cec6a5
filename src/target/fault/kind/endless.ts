/**
 * The model gets stuck: its last words come again and again, and the answer has no end.
 *
 * Ollama gives up on that after thirty repetitions, and says nothing of it: `form: given-up`.
 */

import type { FaultKind } from './kind.ts';
import { truncatedFailure } from './truncate.ts';

const perSecondDefault = 20;

/** How often Ollama lets a token come before it ends the answer. */
const repeatsMax = 30;

export const endless: FaultKind = {
  kind: 'endless',
  moments: ['mid-stream'],
  afterTokens: 1,
  needs: [],
  may: ['form', 'tokensPerSecond'],
  forms: ['stuck', 'given-up'],
  isFatal: true,
  sees: 'frames',
  describe: ({ form = 'stuck' }) =>
    `repeats its last token ${form === 'stuck' ? 'without end' : 'and gives up'}`,
  onWire: (connection, { form = 'stuck', tokensPerSecond = perSecondDefault }) => {
    if (form === 'stuck')
      return connection.keepSaying(connection.lastToken, 1000 / tokensPerSecond);
    connection.say(connection.lastToken.repeat(repeatsMax));
    connection.endBody();
  },
  onEvents: (events, { form = 'stuck' }) => {
    // An answer without an end is a stream of time, which a list of events cannot hold.
    if (form === 'stuck') return events.fallSilent();
    const { lastToken } = events;
    const said = lastToken ? Array.from({ length: repeatsMax }, () => lastToken) : [];
    events.end([...said, { kind: 'failure', failure: truncatedFailure }]);
  },
};
