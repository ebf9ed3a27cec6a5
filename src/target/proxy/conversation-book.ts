/**
 * `/v1/conversations`: made, read, edited, and gone on with by responses that name one.
 *
 *     take ──▶ history, then input ──▶ answer ──▶ kept with input and output added ──▶ let go
 *      └── taken already: 409, since two turns at once would each miss the other
 *
 * Whoever may not know of a conversation is told what he is told of one that there is not.
 */

import type { Item } from '../../protocol/responses.ts';
import type { IdSource } from '../../random/id.ts';
import type { Clock } from '../../time/clock.ts';
import { ApiError, duplicateItem, itemNotFound, missingParameter, notStored } from './api-error.ts';
import { type KeptHistory, referredIds, withId } from './conversation.ts';
import type { ConversationStore, StoredConversation } from './conversation-store.ts';
import { fieldsOf, listOf, tooLongList } from './field.ts';
import { homeIds, isHomeItem } from './home-id.ts';
import { type ItemPage, type PageQuery, itemPage, speltOut } from './input-item-list.ts';
import { isLocalOnly, itemsOf } from './memory-store.ts';
import type { Caller, HeldItem, StateStore, StoredResponse } from './proxy.ts';
import { parseMetadata } from './request.ts';
import { parseInput } from './request-item.ts';

/** A conversation as clients see it. */
export interface ConversationResource {
  readonly id: string;
  readonly object: 'conversation';
  /** Seconds since 1970. */
  readonly created_at: number;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface DeletedConversation {
  readonly id: string;
  readonly object: 'conversation.deleted';
  readonly deleted: true;
}

/** A conversation while a response goes on with it. */
export interface TakenConversation extends Disposable {
  readonly history: KeptHistory;
  /** A store that also adds to the conversation what was asked and answered. */
  storeOver(base: StateStore): StateStore;
}

export interface ConversationBookParts {
  readonly conversations: ConversationStore;
  /** Where items are found that are only referred to. */
  readonly store: StateStore;
  readonly ids: IdSource;
  readonly clock: Clock;
}

type Asking = Pick<Caller, 'name' | 'residency'>;

/** OpenAI's bound, for one request. */
const itemsMax = 20;

export class ConversationBook {
  readonly #parts: ConversationBookParts;
  /** By the conversation's id, each hold a value of its own. */
  readonly #taken = new Map<string, symbol>();

  constructor(parts: ConversationBookParts) {
    this.#parts = parts;
  }

  async create(body: unknown, caller: Asking): Promise<ConversationResource> {
    const { conversations, ids, clock } = this.#parts;
    const fields = fieldsOf(body, 'body');
    const conversation: StoredConversation = {
      id: `conv_${ids()}`,
      owner: caller.name,
      metadata: parseMetadata(fieldsOf(fields['metadata'] ?? {}, 'metadata')),
      createdAtWall: clock.wall(),
    };
    const items = await this.#heldItems(conversation, fields['items'] ?? [], caller);
    await kept(conversations.put(conversation));
    await kept(conversations.append(conversation.id, items));
    return resourceOf(conversation);
  }

  async read(id: string, caller: Asking): Promise<ConversationResource> {
    return resourceOf(await this.#find(id, caller.name));
  }

  /** Puts other metadata in place of those it had. */
  async update(id: string, body: unknown, caller: Asking): Promise<ConversationResource> {
    const found = await this.#find(id, caller.name);
    const fields = fieldsOf(body, 'body');
    if (!('metadata' in fields)) throw missingParameter('metadata');
    const metadata = parseMetadata(fieldsOf(fields['metadata'] ?? {}, 'metadata'));
    const conversation = { ...found, metadata };
    await kept(this.#parts.conversations.put(conversation));
    return resourceOf(conversation);
  }

  async remove(id: string, caller: Asking): Promise<DeletedConversation> {
    await this.#find(id, caller.name);
    await kept(this.#parts.conversations.delete(id));
    return { id, object: 'conversation.deleted', deleted: true };
  }

  async addItems(id: string, body: unknown, caller: Asking): Promise<ItemPage> {
    const conversation = await this.#find(id, caller.name);
    const { items } = fieldsOf(body, 'body');
    if ((items ?? undefined) === undefined) throw missingParameter('items');
    const held = await this.#heldItems(conversation, items, caller);
    await kept(this.#parts.conversations.append(id, held));
    const data = held.map(({ item }) => speltOut(item));
    return {
      object: 'list',
      data,
      first_id: data[0]?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
      has_more: false,
    };
  }

  async items(id: string, caller: Asking, query: PageQuery): Promise<ItemPage> {
    await this.#find(id, caller.name);
    const held = await this.#parts.conversations.items(id);
    return itemPage(
      held.map(({ item }) => item),
      query,
    );
  }

  async item(id: string, itemId: string, caller: Asking): Promise<Item> {
    await this.#find(id, caller.name);
    const held = await this.#parts.conversations.items(id);
    const found = held.find(({ item }) => item.id === itemId);
    if (!found) throw noSuchItem(itemId);
    return speltOut(found.item);
  }

  async removeItem(id: string, itemId: string, caller: Asking): Promise<ConversationResource> {
    const conversation = await this.#find(id, caller.name);
    const removing = this.#parts.conversations.removeItem(id, itemId);
    if (!(await kept(removing))) throw noSuchItem(itemId);
    return resourceOf(conversation);
  }

  /** What has been said so far. */
  async history(id: string, owner: string): Promise<KeptHistory> {
    const { metadata } = await this.#find(id, owner);
    const items = await this.#parts.conversations.items(id);
    return {
      items: items.map(({ item }) => item),
      isLocalOnly: metadata['residency'] === 'local-only' || items.some((held) => held.isLocalOnly),
    };
  }

  /** Takes a conversation for one response; throws an `ApiError` while another has it. */
  async take(id: string, owner: string): Promise<TakenConversation> {
    await this.#find(id, owner);
    if (this.#taken.has(id)) throw locked();
    const hold = Symbol(id);
    this.#taken.set(id, hold);
    const letGo = (): void => {
      if (this.#taken.get(id) === hold) this.#taken.delete(id);
    };
    try {
      return {
        history: await this.history(id, owner),
        storeOver: (base) => this.#storeOver(base, id, letGo),
        [Symbol.dispose]: letGo,
      };
    } catch (error) {
      letGo();
      throw error;
    }
  }

  #storeOver(base: StateStore, id: string, letGo: () => void): StateStore {
    return {
      keepsUnstored: true,
      // The response first: were it the other way round, one who asks again after a crash would
      // find his question in the conversation already.
      put: async (response) => {
        if (response.resource.store || base.keepsUnstored === true) await base.put(response);
        if (isAnswered(response)) await this.#parts.conversations.append(id, heldItemsOf(response));
        // Before the client is told, since the next turn may come at once.
        letGo();
      },
      get: (it) => base.get(it),
      chain: (it) => base.chain(it),
      items: (them, owner) => base.items(them, owner),
      delete: (it) => base.delete(it),
      close: () => base.close(),
    };
  }

  async #find(id: string, owner: string): Promise<StoredConversation> {
    const conversation = await this.#parts.conversations.get(id);
    if (conversation?.owner !== owner) throw conversationNotFound(id);
    return conversation;
  }

  /** Items as they are kept: with ids, references resolved, and the demand they came under. */
  async #heldItems(
    { id, metadata }: StoredConversation,
    value: unknown,
    caller: Asking,
  ): Promise<readonly HeldItem[]> {
    const { conversations, store, ids } = this.#parts;
    const { length } = listOf(value, 'items');
    if (length > itemsMax) throw tooLongList('items', length, itemsMax);
    const isDemanded = metadata['residency'] === 'local-only' || caller.residency === 'local-only';
    const known = new Set((await conversations.items(id)).map(({ item }) => item.id));
    const items: HeldItem[] = [];
    const input = parseInput(value, 'items');
    const referred = await store.items(referredIds(input), caller.name);
    for (const given of input) {
      const held: HeldItem | undefined =
        given.type === 'item_reference'
          ? referred.get(given.id)
          : { item: given, isLocalOnly: false };
      if (!held) throw itemNotFound(given.id ?? given.type);
      const isHome = isDemanded || held.isLocalOnly || isHomeItem(held.item);
      const item = withId(held.item, isHome ? homeIds(ids) : ids);
      if (known.has(item.id)) throw duplicateItem(item.id ?? '', 'items');
      known.add(item.id);
      items.push({ item, isLocalOnly: isHome });
    }
    return items;
  }
}

/** What was written; throws an `ApiError` of 503 where nothing can be, as on a full disk. */
const kept = <T>(writing: Promise<T>): Promise<T> =>
  writing.catch((cause: unknown) => {
    throw notStored('conversation', cause);
  });

/** What failed or was cancelled was not said. */
const isAnswered = ({ resource: { status } }: StoredResponse): boolean =>
  status === 'completed' || status === 'incomplete';

const heldItemsOf = (response: StoredResponse): readonly HeldItem[] =>
  itemsOf(response).map((item) => ({ item, isLocalOnly: isLocalOnly(response) }));

const resourceOf = ({ id, createdAtWall, metadata }: StoredConversation): ConversationResource => ({
  id,
  object: 'conversation',
  created_at: Math.floor(createdAtWall / 1000),
  metadata,
});

const conversationNotFound = (id: string): ApiError =>
  new ApiError({ status: 404, message: `Conversation with id '${id}' not found.` });

const noSuchItem = (id: string): ApiError =>
  new ApiError({ status: 404, message: `Item with id '${id}' not found.` });

/** Clients ask again after a conflict. */
const locked = (): ApiError =>
  new ApiError({
    status: 409,
    code: 'conversation_locked',
    param: 'conversation',
    message:
      'Another process is currently operating on this conversation. ' +
      'Please retry in a few seconds.',
    retryAfterMs: 2000,
  });
