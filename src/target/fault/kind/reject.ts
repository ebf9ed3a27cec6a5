/** The request is answered at once with an error status; the backend never sees it. */

import type { FaultKind } from './kind.ts';

const statusDefault = 503;

export const reject: FaultKind = {
  kind: 'reject',
  moments: ['headers'],
  afterTokens: 0,
  needs: [],
  may: ['status', 'headers', 'body'],
  action: ({ status = statusDefault, headers = {}, body }) => ({
    kind: 'reject',
    status,
    headers,
    body:
      body ??
      JSON.stringify({ error: { code: String(status), message: 'rejected by an injected fault' } }),
  }),
  describe: ({ status = statusDefault }) => `answers ${status}`,
};
