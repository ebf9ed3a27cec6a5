/** A request as it is watched from outside: its facts, and the reply that tells of its status. */

import { asRecord, asText, parseJson } from './json.ts';
import type { Caller, Reply, RequestFacts, RequestWatch } from './proxy.ts';

/** What logs and counts may know of a request. */
export const requestFacts = (
  { model }: { readonly model: string },
  { requestId, trace, name }: Caller,
): RequestFacts => ({ requestId, trace, key: name, model });

/** The same reply, which also says which status went out, and the code of a refusal. */
export const watchedReply = (reply: Reply, watch: RequestWatch): Reply => {
  let isRefusal = false;
  return {
    gone: reply.gone,
    head(status, headers) {
      isRefusal = status >= 400;
      watch.answered(status);
      reply.head(status, headers);
    },
    write(chunk) {
      const code = isRefusal ? codeOf(chunk) : undefined;
      if (code !== undefined) watch.refused(code);
      return reply.write(chunk);
    },
    drained: () => reply.drained(),
    end: () => reply.end(),
  };
};

const codeOf = (body: string): string | undefined =>
  asText(asRecord(asRecord(parseJson(body))?.['error'])?.['code']);
