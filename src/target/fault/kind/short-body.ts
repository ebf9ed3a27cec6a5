/** The head promises more than comes: the connection is closed inside a body of a stated length. */

import { cutFailure } from './cut.ts';
import { answersInPlace, type FaultKind } from './kind.ts';

const bodyDefault = '{"object":"response","status":"completed","output":[';

export const shortBody: FaultKind = {
  ...answersInPlace,
  kind: 'short-body',
  may: ['body'],
  describe: () => 'closes before as much has come as its head says',
  onWire: (connection, { body = bodyDefault }) =>
    connection.answer({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body,
      missingBytes: 1000,
    }),
  onEvents: (events) => events.fail(cutFailure),
};
