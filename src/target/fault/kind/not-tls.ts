/** Where TLS is expected somebody speaks plain HTTP, as on a port that serves something else. */

import { type FaultKind, keepsFromPort } from './kind.ts';

const answer =
  'HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n' +
  'content-length: 0\r\n\r\n';

export const notTls: FaultKind = {
  ...keepsFromPort,
  kind: 'not-tls',
  describe: () => 'speaks plain HTTP where TLS is expected',
  onWire: (connection) => connection.finish(Buffer.from(answer)),
  onEvents: (events) =>
    events.fail({ reason: 'tls', evidence: 'hard', message: 'wrong version number' }),
};
