/**
 * A 200 that fails inside: the answer begins, and then an error is told as an event of the stream.
 *
 * `failed-first` is Azure's: `response.failed` with `error: null`, then the rate limit, with
 * `retry-after` on the head of the 200 (earendil-works/pi#7983). `error-first` is OpenAI's.
 */

import { failureForms, failureIn, preambleIn } from '../frame.ts';
import type { FaultKind } from './kind.ts';

const statusDefault = 429;

export const preambleThenFail: FaultKind = {
  kind: 'preamble-then-fail',
  moments: ['headers', 'mid-stream'],
  afterTokens: 1,
  needs: [],
  may: ['form', 'status', 'headers'],
  forms: failureForms,
  isFatal: true,
  sees: 'frames',
  describe: ({ status = statusDefault }) => `answers 200 and then fails with ${status} inside`,
  onWire: (connection, { form = 'failed-first', status = statusDefault, headers = {} }) => {
    const { dialect, isBegun } = connection;
    const preamble = isBegun ? '' : preambleIn(dialect);
    connection.say(preamble + failureIn(dialect, form, status), headers);
    connection.endBody();
  },
  onEvents: (events, { status = statusDefault }) =>
    events.fail({
      reason: status === 429 ? 'rate-limited' : 'in-band',
      evidence: 'soft',
      message: 'the server reported an error inside the stream',
    }),
};
