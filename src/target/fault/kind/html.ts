/** Somebody else answers: a captive portal, a login page, an interstitial, with a 200. */

import { answersInPlace, type FaultKind } from './kind.ts';

const page = '<!doctype html><html><body><h1>Sign in to continue</h1></body></html>';

export const html: FaultKind = {
  ...answersInPlace,
  kind: 'html',
  may: ['body'],
  describe: () => 'answers with a page of HTML',
  onWire: (connection, { body = page }) =>
    connection.answer({
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8' },
      body,
    }),
  onEvents: (events) =>
    events.fail({ reason: 'garbled', evidence: 'soft', message: 'expected a stream, got HTML' }),
};
