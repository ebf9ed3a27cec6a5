/**
 * The head of the answer is out of all proportion: too long for any reader, a byte at a time
 * without an end, or announced by interim answers (1xx) again and again and never sent.
 */

import { answersInPlace, type FaultKind } from './kind.ts';

const hugeBytes = 256 * 1024;

const dripEveryMs = 50;

const interim = 'HTTP/1.1 103 Early Hints\r\nlink: </>\r\n\r\n';

export const oddHead: FaultKind = {
  ...answersInPlace,
  kind: 'odd-head',
  may: ['form'],
  forms: ['huge', 'slow', 'interim'],
  describe: ({ form = 'huge' }) =>
    form === 'huge'
      ? 'answers with a head that is too long'
      : form === 'slow'
        ? 'sends its head a byte at a time'
        : 'sends interim answers and no other',
  onWire: (connection, { form = 'huge' }) => {
    const begun = 'HTTP/1.1 200 OK\r\nx-pad: ';
    if (form === 'huge') connection.finish(Buffer.from(begun + 'x'.repeat(hugeBytes) + '\r\n\r\n'));
    else if (form === 'slow') connection.drip(begun, 'x', dripEveryMs);
    else connection.drip(interim, interim, dripEveryMs);
  },
  onEvents: (events, { form = 'huge' }) => {
    if (form === 'huge')
      events.fail({ reason: 'garbled', evidence: 'soft', message: 'Headers Overflow Error' });
    else events.fallSilent();
  },
};
