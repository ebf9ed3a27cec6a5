/**
 * Conversation state in memory: for tests, for runs that ask nothing of durability, and for a proxy
 * whose host must not write prompts to disk. It ends with the process.
 */

import type { Item } from '../../protocol/responses.ts';
import type { StateStore, StoredResponse } from './proxy.ts';
import { type RetentionOptions, sweeping } from './retention.ts';

/** A store that forgets with the process. */
export const memoryStore = (retention: RetentionOptions): StateStore => {
  const responses = new Map<string, StoredResponse>();
  /** Responses that hold an item, by the item's id: mostly one, and of one owner. */
  const holders = new Map<string, readonly StoredResponse[]>();
  const tooOld = sweeping(retention);

  const forget = (id: string): boolean => {
    const response = responses.get(id);
    if (!response) return false;
    responses.delete(id);
    for (const { id: itemId = '' } of itemsOf(response)) {
      const others = holders.get(itemId)?.filter((it) => it.id !== id) ?? [];
      if (others.length > 0) holders.set(itemId, others);
      else holders.delete(itemId);
    }
    return true;
  };
  const sweep = (): void => {
    const oldest = tooOld();
    if (oldest === undefined) return;
    for (const { id, createdAtWall } of responses.values()) if (createdAtWall < oldest) forget(id);
  };

  return {
    async put(response) {
      sweep();
      forget(response.id);
      responses.set(response.id, response);
      for (const { id } of itemsOf(response)) {
        if (id === undefined) continue;
        const others = holders.get(id);
        holders.set(id, others ? [...others, response] : [response]);
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
    async items(ids, owner) {
      const heldBy = (id: string): readonly StoredResponse[] =>
        holders.get(id)?.filter((it) => it.owner === owner) ?? [];
      const found = foundItems(ids, (id) => heldBy(id).at(-1));
      return new Map(
        [...found].map(([id, item]) => [id, { item, isLocalOnly: heldBy(id).some(isLocalOnly) }]),
      );
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

/**
 * Looks for items in the latest response that holds each. One response mostly holds many of them,
 * and is gone through once for all.
 */
export const foundItems = (
  ids: readonly string[],
  latestHolder: (id: string) => StoredResponse | undefined,
): ReadonlyMap<string, Item> => {
  const wanted = new Set(ids);
  const found = new Map<string, Item>();
  for (const id of wanted) {
    if (found.has(id)) continue;
    for (const item of itemsOf(latestHolder(id)))
      if (item.id !== undefined && wanted.has(item.id) && !found.has(item.id))
        found.set(item.id, item);
  }
  return found;
};

/** Said under `local-only`, by the request itself or by inheritance. */
export const isLocalOnly = ({ resource }: StoredResponse): boolean =>
  resource.metadata['residency'] === 'local-only';
