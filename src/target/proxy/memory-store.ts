/**
 * Conversation state in memory: for tests, for runs that ask nothing of durability, and for a proxy
 * whose host must not write prompts to disk. It ends with the process.
 */

import type { Item } from '../../protocol/responses.ts';
import type { StateStore, StoredResponse } from './proxy.ts';
import { dayMs, sweepEveryMs } from './retention.ts';

export interface MemoryStoreOptions {
  readonly retainDays: number;
  /** The time of day, in milliseconds since 1970. */
  readonly wall: () => number;
}

/** A store that forgets with the process. */
export const memoryStore = ({ retainDays, wall }: MemoryStoreOptions): StateStore => {
  const responses = new Map<string, StoredResponse>();
  /** Responses that hold an item, by the item's id and owner. */
  const holders = new Map<string, Set<string>>();
  let sweptAt = wall();

  const forget = (id: string): boolean => {
    const response = responses.get(id);
    if (!response) return false;
    responses.delete(id);
    for (const key of itemKeys(response)) {
      const ids = holders.get(key);
      ids?.delete(id);
      if (ids?.size === 0) holders.delete(key);
    }
    return true;
  };
  const sweep = (): void => {
    if (wall() - sweptAt < sweepEveryMs) return;
    sweptAt = wall();
    const oldest = sweptAt - retainDays * dayMs;
    for (const { id, createdAtWall } of responses.values()) if (createdAtWall < oldest) forget(id);
  };

  return {
    async put(response) {
      sweep();
      forget(response.id);
      responses.set(response.id, response);
      for (const key of itemKeys(response)) {
        const ids = holders.get(key) ?? new Set();
        holders.set(key, ids.add(response.id));
      }
    },
    get: async (id) => responses.get(id),
    async chain(id) {
      const eldestLast: StoredResponse[] = [];
      for (let at: string | undefined = id; at !== undefined;) {
        const response = responses.get(at);
        if (!response || eldestLast.length > responses.size) return undefined;
        eldestLast.push(response);
        at = response.previousId;
      }
      return eldestLast.toReversed();
    },
    async item(id, owner) {
      const held = [...(holders.get(itemKey(id, owner)) ?? [])].map((it) => responses.get(it));
      const item = itemsOf(held[0]).find((it) => it.id === id);
      return item && { item, isLocalOnly: held.some((it) => it && isLocalOnly(it)) };
    },
    delete: async (id) => forget(id),
    async close() {
      responses.clear();
      holders.clear();
    },
  };
};

/** Everything a response keeps: what was asked, then what was answered. */
export const itemsOf = (response: StoredResponse | undefined): readonly Item[] =>
  response ? [...response.input, ...response.resource.output] : [];

/** Said under `local-only`, by the request itself or by inheritance. */
export const isLocalOnly = ({ resource }: StoredResponse): boolean =>
  resource.metadata['residency'] === 'local-only';

const itemKey = (id: string, owner: string): string => JSON.stringify([owner, id]);

const itemKeys = (response: StoredResponse): readonly string[] =>
  itemsOf(response).flatMap(({ id }) => (id === undefined ? [] : [itemKey(id, response.owner)]));
