/**
 * What one connection remembers beside the store: its own answers that were asked with
 * `store: false`, so that they can be continued on the connection and nowhere else.
 *
 *     continue X ──▶ remembered here? ──▶ its parent … ──▶ else the store, as for everyone
 *
 * It is bounded; the eldest are forgotten first. A continuation that fails takes the response it
 * referred to with it, so that a client never builds on a state that it cannot know.
 */

import type { StateStore, StoredResponse } from './proxy.ts';
import { isLocalOnly, itemsOf } from './memory-store.ts';

export interface ConnectionStore extends StateStore {
  /** Forgets a remembered response; one that is stored is not touched. */
  forget(id: string): void;
}

interface Remembered {
  readonly response: StoredResponse;
  readonly chars: number;
}

/** More text than any model can be shown at once. */
const charsMaxDefault = 16 * 2 ** 20;

/** The store as one connection sees it. */
export const connectionStore = (base: StateStore, charsMax = charsMaxDefault): ConnectionStore => {
  const remembered = new Map<string, Remembered>();
  let allChars = 0;
  const forget = (id: string): void => {
    allChars -= remembered.get(id)?.chars ?? 0;
    remembered.delete(id);
  };

  return {
    keepsUnstored: true,
    forget,
    async put(response) {
      if (response.resource.store) return base.put(response);
      const light = withoutRequest(response);
      const chars = JSON.stringify(light).length;
      allChars += chars;
      remembered.set(response.id, { response: light, chars });
      for (const id of remembered.keys()) {
        if (allChars <= charsMax) break;
        forget(id);
      }
    },
    get: async (id) => remembered.get(id)?.response ?? base.get(id),
    async chain(id) {
      const eldestLast: StoredResponse[] = [];
      // A stored answer may continue one that is only remembered, so each link is looked for in
      // both.
      for (let at: string | undefined = id; at !== undefined;) {
        let link: StoredResponse | undefined = remembered.get(at)?.response;
        if (!link) {
          const rest = await base.chain(at);
          if (rest) return [...rest, ...eldestLast.toReversed()];
          link = await base.get(at);
        }
        if (!link) return undefined;
        eldestLast.push(link);
        at = link.previousId;
      }
      return eldestLast.toReversed();
    },
    async items(ids, owner) {
      const found = new Map(await base.items(ids, owner));
      const wanted = new Set(ids);
      for (const { response } of remembered.values()) {
        if (response.owner !== owner) continue;
        const isHome = isLocalOnly(response);
        for (const item of itemsOf(response)) {
          const { id = '' } = item;
          if (wanted.has(id))
            found.set(id, { item, isLocalOnly: isHome || found.get(id)?.isLocalOnly === true });
        }
      }
      return found;
    },
    async delete(id) {
      forget(id);
      return base.delete(id);
    },
    async close() {
      remembered.clear();
      allChars = 0;
    },
  };
};

/** Each request brings its instructions and tools again, and they are long. */
const withoutRequest = (response: StoredResponse): StoredResponse => ({
  ...response,
  resource: { ...response.resource, instructions: null, tools: [] },
});
