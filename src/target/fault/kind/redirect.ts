/** The request is sent elsewhere. Nobody who carries a key may follow. */

import { answersInPlace, type FaultKind } from './kind.ts';

const locationDefault = 'https://elsewhere.invalid/';

export const redirect: FaultKind = {
  ...answersInPlace,
  kind: 'redirect',
  may: ['location'],
  describe: ({ location = locationDefault }) => `redirects to ${location}`,
  onWire: (connection, { location = locationDefault }) =>
    connection.answer({ status: 307, headers: { location }, body: '' }),
  onEvents: (events) =>
    events.fail({
      reason: 'garbled',
      evidence: 'soft',
      status: 307,
      message: 'the server answered 307, which is not followed',
    }),
};
