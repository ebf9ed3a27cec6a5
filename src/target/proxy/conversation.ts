/**
 * From a request to the whole conversation that a model is to see.
 *
 *     eldest ancestor's input, its output, …, parent's input, its output, this request's input
 *
 * History is ours: no backend keeps state, so any of them can be asked next. Instructions and tools
 * are not history; each request brings its own. A residency demand is history: what was said under
 * `local-only` must not leave with a later turn that forgot to say so.
 */

import type { Item } from '../../protocol/responses.ts';
import type { IdSource } from '../../random/id.ts';
import {
  itemNotFound,
  missingToolOutput,
  orphanToolOutput,
  previousResponseNotFound,
} from './api-error.ts';
import type { StateStore, StoredResponse } from './proxy.ts';
import type { InputItem } from './request-item.ts';
import type { ResponseRequest } from './request.ts';

export interface Conversation {
  /** This request's own input, each item with an id: what is stored. */
  readonly input: readonly Item[];
  /** Everything, without our ids: what a backend is sent. */
  readonly whole: readonly Item[];
  /** Something in the conversation was said under `local-only`. */
  readonly isLocalOnly: boolean;
}

/** Resolves what a request refers to; throws an `ApiError` when it refers to nothing. */
export const resolveConversation = async (
  request: ResponseRequest,
  owner: string,
  store: StateStore,
  ids: IdSource,
): Promise<Conversation> => {
  const ancestors = await ancestorsOf(request.previousResponseId, owner, store);
  const history = ancestors.flatMap(({ input, resource }) => [...input, ...resource.output]);
  const known = new Map(history.flatMap((item) => (item.id ? [[item.id, item] as const] : [])));
  const input: Item[] = [];
  for (const item of request.input) {
    const resolved =
      item.type === 'item_reference'
        ? (known.get(item.id) ?? (await store.item(item.id, owner)))
        : item;
    if (!resolved) throw itemNotFound(referenceOf(item));
    input.push(withId(resolved, ids));
  }
  const whole = withoutLooseReasoning([...history, ...input].filter(isWhole));
  requirePairs(whole);

  return {
    input,
    whole: whole.map(withoutId),
    isLocalOnly:
      request.isLocalOnly ||
      ancestors.some(({ resource }) => resource.metadata['residency'] === 'local-only'),
  };
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

  return chain;
};

const referenceOf = (item: InputItem): string => item.id ?? item.type;

/** A call cut off in its arguments can never be answered, so nobody is shown it again. */
const isWhole = (item: Item): boolean =>
  item.type !== 'function_call' || item.status !== 'incomplete';

/** Reasoning belongs to what came of it; with nothing after it, servers refuse it. */
const withoutLooseReasoning = (items: readonly Item[]): readonly Item[] =>
  items.filter((item, at) => item.type !== 'reasoning' || isOutcome(items, at + 1));

const isOutcome = (items: readonly Item[], at: number): boolean => {
  const item = items[at];
  if (item?.type === 'reasoning') return isOutcome(items, at + 1);
  return item?.type === 'function_call' || (item?.type === 'message' && item.role === 'assistant');
};

/** Each tool output follows its call, and each call has an output. */
const requirePairs = (items: readonly Item[]): void => {
  const open = new Set<string>();
  const called = new Set<string>();
  for (const item of items) {
    if (item.type === 'function_call') {
      called.add(item.call_id);
      open.add(item.call_id);
    }
    if (item.type === 'function_call_output') {
      if (!called.has(item.call_id)) throw orphanToolOutput(item.call_id);
      open.delete(item.call_id);
    }
  }
  for (const callId of open) throw missingToolOutput(callId);
};

const prefixes = {
  message: 'msg',
  function_call: 'fc',
  function_call_output: 'fco',
  reasoning: 'rs',
} as const;

const withId = (item: Item, ids: IdSource): Item =>
  item.id ? item : { ...item, id: `${prefixes[item.type]}_${ids()}` };

const withoutId = (item: Item): Item => {
  const { id, ...others } = item;
  return id === undefined ? item : others;
};
