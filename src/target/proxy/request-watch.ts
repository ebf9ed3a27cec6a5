/** A request as it is watched from outside: its facts, and the reply that tells of its status. */

import type { Caller, Reply, RequestFacts, RequestWatch } from './proxy.ts';

/** What logs and counts may know of a request. */
export const requestFacts = (
  { model }: { readonly model: string },
  { requestId, trace, name }: Caller,
): RequestFacts => ({ requestId, trace, key: name, model });

/** The same reply, which also says which status went out. */
export const watchedReply = (reply: Reply, watch: RequestWatch): Reply => ({
  gone: reply.gone,
  head(status, headers) {
    watch.answered(status);
    reply.head(status, headers);
  },
  write: (chunk) => reply.write(chunk),
  drained: () => reply.drained(),
  end: () => reply.end(),
});
