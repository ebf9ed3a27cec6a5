/**
 * From a request to the whole conversation that a model is to see.
 *
 *     eldest ancestor's input, its output, …, parent's input, its output, this request's input
 *
 * or, where the request names a conversation that is kept under a name of its own,
 *
 *     its items, this request's input
 *
 * History is ours: no backend keeps state, so any of them can be asked next. Instructions and tools
 * are not history; each request brings its own. A residency demand is history: what was said under
 * `local-only` must not leave with a later turn that forgot to say so.
 */

import type { Item, PromptItem } from '../../protocol/responses.ts';
import type { IdSource } from '../../random/id.ts';
import {
  belongsToConversation,
  duplicateItem,
  itemNotFound,
  previousResponseNotFound,
} from './api-error.ts';
import { homeIds, isHomeItem } from './home-id.ts';
import { promptOf } from './prompt.ts';
import type { HeldItem, StateStore, StoredResponse } from './proxy.ts';
import type { InputItem } from './request-item.ts';
import type { ResponseRequest } from './request.ts';

/** What was said in a conversation that is kept under a name of its own. */
export interface KeptHistory {
  readonly items: readonly Item[];
  /** Something in it was said under `local-only`, or all of it is to be. */
  readonly isLocalOnly: boolean;
}

export interface Conversation {
  /** This request's own input, each item with an id: what is stored. */
  readonly input: readonly Item[];
  /** Everything, as a model is shown it: what a backend is sent. */
  readonly whole: readonly PromptItem[];
  /** It is to stay at home, by what is demanded now or was when something in it was said. */
  readonly isLocalOnly: boolean;
}

/** What stands around a request. */
export interface Surroundings {
  readonly kept?: KeptHistory | undefined;
  /** The key or the model demands that nothing leaves. */
  readonly isHome: boolean;
}

/** Resolves what a request refers to; throws an `ApiError` when it refers to nothing. */
export const resolveConversation = async (
  request: ResponseRequest,
  owner: string,
  store: StateStore,
  ids: IdSource,
  { kept, isHome }: Surroundings,
): Promise<Conversation> => {
  const ancestors = await ancestorsOf(request.previousResponseId, owner, store);
  const history =
    kept?.items ?? ancestors.flatMap(({ input, resource }) => [...input, ...resource.output]);
  const known = new Map(history.flatMap((item) => (item.id ? [[item.id, item] as const] : [])));
  const unknown = referredIds(request.input).filter((id) => !known.has(id));
  const referred = unknown.length === 0 ? nothing : await store.items(unknown, owner);
  const find = (id: string): HeldItem | undefined => {
    const item = known.get(id);
    return item ? { item, isLocalOnly: false } : referred.get(id);
  };
  const found: Item[] = [];
  let isHeldLocal = false;
  for (const item of request.input) {
    const held = item.type === 'item_reference' ? find(item.id) : { item };
    if (!held) throw itemNotFound(referenceOf(item));
    if (('isLocalOnly' in held && held.isLocalOnly) || isHomeItem(held.item)) isHeldLocal = true;
    const { id = '' } = held.item;
    if (kept && known.has(id)) throw duplicateItem(id, 'input');
    found.push(held.item);
  }
  const prompt = promptOf([...history, ...found], request.offered);
  const isLocalOnly =
    isHome ||
    request.isLocalOnly ||
    isHeldLocal ||
    kept?.isLocalOnly === true ||
    prompt.isLocalOnly ||
    ancestors.some(({ resource }) => resource.metadata['residency'] === 'local-only');
  // Last, since a client may send back what it lists as well, and the demand travels in the ids.
  const mint = isLocalOnly ? homeIds(ids) : ids;

  return { input: found.map((item) => withId(item, mint)), whole: prompt.items, isLocalOnly };
};

const ancestorsOf = async (
  id: string | undefined,
  owner: string,
  store: StateStore,
): Promise<readonly StoredResponse[]> => {
  if (id === undefined) return [];
  const chain = await store.chain(id);
  // Another key's response is as good as none, so that ids tell nothing.
  if (!chain || chain.some((ancestor) => ancestor.owner !== owner))
    throw previousResponseNotFound(id);
  // What was said before it stands in the conversation, and may have been edited since.
  const place = chain.find(({ resource }) => resource.conversation)?.resource.conversation;
  if (place) throw belongsToConversation(id, place.id);

  return chain;
};

/** The ids of the items that are only referred to. */
export const referredIds = (input: readonly InputItem[]): readonly string[] =>
  input.flatMap((item) => (item.type === 'item_reference' ? [item.id] : []));

const nothing: ReadonlyMap<string, HeldItem> = new Map();

const referenceOf = (item: InputItem): string => item.id ?? item.type;

const prefixes = {
  message: 'msg',
  function_call: 'fc',
  function_call_output: 'fco',
  custom_tool_call: 'ctc',
  custom_tool_call_output: 'ctco',
  reasoning: 'rs',
  compaction: 'cmp',
} as const;

/** The item under an id, its own or a new one. */
export const withId = (item: Item, ids: IdSource): Item =>
  item.id ? item : { ...item, id: `${prefixes[item.type]}_${ids()}` };
