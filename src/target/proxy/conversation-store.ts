/**
 * Conversations that are kept under a name of their own: `/v1/conversations`.
 *
 *     conv_… ──▶ owner, metadata, items in order
 *
 * A chain of responses grows by links that never change; a conversation is one list that a client
 * may also edit. What a response adds to it is therefore a copy, and outlives the response.
 */

import type { HeldItem } from './proxy.ts';
import { type RetentionOptions, sweeping } from './retention.ts';

export interface StoredConversation {
  readonly id: string;
  /** Name of the key that made it; another key's conversations are not found. */
  readonly owner: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly createdAtWall: number;
}

export interface ConversationStore {
  /** Keeps a new conversation, or one whose metadata have changed. */
  put(conversation: StoredConversation): Promise<void>;
  get(id: string): Promise<StoredConversation | undefined>;
  /** All of its items, in order; each has an id that no other of them has. */
  items(id: string): Promise<readonly HeldItem[]>;
  /** Adds items at the end, all or none; false where there is no such conversation. */
  append(id: string, items: readonly HeldItem[]): Promise<boolean>;
  removeItem(id: string, itemId: string): Promise<boolean>;
  delete(id: string): Promise<boolean>;
  close(): Promise<void>;
}

interface Held {
  readonly conversation: StoredConversation;
  readonly items: readonly HeldItem[];
  readonly changedAtWall: number;
}

/** Conversations that end with the process; each is kept for its time after its last change. */
export const memoryConversations = (retention: RetentionOptions): ConversationStore => {
  const conversations = new Map<string, Held>();
  const tooOld = sweeping(retention);
  const keep = (conversation: StoredConversation, items: readonly HeldItem[]): void => {
    conversations.set(conversation.id, { conversation, items, changedAtWall: retention.wall() });
    const oldest = tooOld();
    if (oldest === undefined) return;
    for (const [id, { changedAtWall }] of conversations)
      if (changedAtWall < oldest) conversations.delete(id);
  };

  return {
    put: async (conversation) =>
      keep(conversation, conversations.get(conversation.id)?.items ?? []),
    get: async (id) => conversations.get(id)?.conversation,
    items: async (id) => conversations.get(id)?.items ?? [],
    async append(id, items) {
      const held = conversations.get(id);
      if (held) keep(held.conversation, [...held.items, ...items]);
      return held !== undefined;
    },
    async removeItem(id, itemId) {
      const held = conversations.get(id);
      const items = held?.items.filter(({ item }) => item.id !== itemId) ?? [];
      if (!held || items.length === held.items.length) return false;
      keep(held.conversation, items);
      return true;
    },
    delete: async (id) => conversations.delete(id),
    async close() {
      conversations.clear();
    },
  };
};
