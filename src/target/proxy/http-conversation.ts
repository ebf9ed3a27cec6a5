/** The routes of `/v1/conversations`. */

import type { IncomingHttpHeaders } from 'node:http';

import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { ConversationBook } from './conversation-book.ts';
import type { Caller } from './proxy.ts';

interface Conversation {
  readonly Params: { readonly id: string };
}

interface ConversationItem {
  readonly Params: { readonly id: string; readonly item: string };
}

interface Queried extends Conversation {
  readonly Querystring: Readonly<Record<string, unknown>>;
}

/** Installs the routes. `callerOf` refuses whoever has no key where there are keys. */
export const installConversations = (
  app: FastifyInstance,
  book: ConversationBook,
  callerOf: (headers: IncomingHttpHeaders, requestId: string) => Caller,
): void => {
  const callerIn = ({ headers, id }: Pick<FastifyRequest, 'headers' | 'id'>): Caller =>
    callerOf(headers, id);
  app.post('/v1/conversations', (request) => book.create(request.body ?? {}, callerIn(request)));
  app.get<Conversation>('/v1/conversations/:id', (request) =>
    book.read(request.params.id, callerIn(request)),
  );
  app.post<Conversation>('/v1/conversations/:id', (request) =>
    book.update(request.params.id, request.body, callerIn(request)),
  );
  app.delete<Conversation>('/v1/conversations/:id', (request) =>
    book.remove(request.params.id, callerIn(request)),
  );
  app.post<Conversation>('/v1/conversations/:id/items', (request) =>
    book.addItems(request.params.id, request.body, callerIn(request)),
  );
  app.get<Queried>('/v1/conversations/:id/items', (request) =>
    book.items(request.params.id, callerIn(request), request.query),
  );
  app.get<ConversationItem>('/v1/conversations/:id/items/:item', (request) =>
    book.item(request.params.id, request.params.item, callerIn(request)),
  );
  app.delete<ConversationItem>('/v1/conversations/:id/items/:item', (request) =>
    book.removeItem(request.params.id, request.params.item, callerIn(request)),
  );
};
