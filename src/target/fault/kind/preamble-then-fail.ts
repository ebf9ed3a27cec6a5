/**
 * A 200 that fails inside: the answer begins, and then an error is told as an event of the stream,
 * or it ends there without a word (`end`), or nothing more comes (`hang`).
 *
 * `failed-first` is Azure's: `response.failed` with `error: null`, then the rate limit, with
 * `retry-after` on the head of the 200 (earendil-works/pi#7983). `error-first` is OpenAI's.
 */

import { failureForms, failureIn, preambleIn } from '../frame.ts';
import type { FaultKind } from './kind.ts';
import { truncatedFailure } from './truncate.ts';

const statusDefault = 429;

export const preambleThenFail: FaultKind = {
  kind: 'preamble-then-fail',
  moments: ['headers', 'mid-stream'],
  afterTokens: 1,
  needs: [],
  may: ['form', 'status', 'headers'],
  forms: [...failureForms, 'end', 'hang'],
  isFatal: true,
  sees: 'frames',
  describe: ({ form = 'failed-first', status = statusDefault }) =>
    form === 'end' || form === 'hang'
      ? `begins its answer, and then ${form === 'end' ? 'ends' : 'hangs'}`
      : `answers 200 and then fails with ${status} inside`,
  onWire: (connection, { form = 'failed-first', status = statusDefault, headers = {} }) => {
    const { dialect, isBegun } = connection;
    const preamble = isBegun ? '' : preambleIn(dialect);
    const isTold = form !== 'end' && form !== 'hang';
    connection.say(preamble + (isTold ? failureIn(dialect, form, status) : ''), headers);
    if (form === 'hang') connection.fallSilent();
    else connection.endBody();
  },
  onEvents: (events, { form = 'failed-first', status = statusDefault }) => {
    if (form === 'end') return events.fail(truncatedFailure);
    if (form === 'hang') return events.fallSilent();
    events.fail({
      reason: status === 429 ? 'rate-limited' : 'in-band',
      evidence: 'soft',
      message: 'the server reported an error inside the stream',
    });
  },
};
