/**
 * Ids that tell that what they name was said under `local-only`.
 *
 *     msg_019dc2f3a1b00af7651916cd43dd8448eb211c80319c_local
 *
 * Many clients keep the conversation themselves and send its items whole. What they send need not
 * be stored here, and cannot be compared with what is. But items come back under the ids they were
 * given, and outputs of tools under the ids of their calls, so the demand travels in them. One who
 * takes the ids away, or sends plain text, sends a text that is his own.
 */

import type { Item } from '../../protocol/responses.ts';
import type { IdSource } from '../../random/id.ts';

/** Mints ids for what is said under `local-only`. */
export const homeIds =
  (ids: IdSource): IdSource =>
  () =>
    `${ids()}_local`;

/** Whether an item was made here under `local-only`, as its ids have it. */
export const isHomeItem = (item: Item): boolean =>
  isHomeId(item.id) || ('call_id' in item && isHomeId(item.call_id));

/** Strict, so that an id that a client has thought of is hardly taken for one. */
const isHomeId = (id: string | undefined): boolean =>
  id !== undefined && /^[a-z]+_(?:[0-9a-f]{12})?[0-9a-f]{32}_local$/.test(id);
