/**
 * The input items of a response, page by page.
 *
 * Clients follow pages by the id of the last item they were given, so every item has one, and the
 * shorthand that a request may use is spelt out.
 */

import type { InputContentPart, Item } from '../../protocol/responses.ts';
import { badRequest, wrongValue } from './api-error.ts';
import { integerField } from './field.ts';

export interface ItemPage {
  readonly object: 'list';
  readonly data: readonly Item[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

/** What a client asks for, as its query says it. */
export type PageQuery = Readonly<Record<string, unknown>>;

const limitDefault = 20;
const limitMax = 100;

/** One page of the items, which stand in the order they were sent; throws an `ApiError`. */
export const itemPage = (items: readonly Item[], query: PageQuery): ItemPage => {
  const limit = limitOf(query['limit']);
  const order = query['order'] ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw wrongValue('order', order, ['asc', 'desc']);
  const ordered = order === 'asc' ? items : items.toReversed();
  const from = query['after'] === undefined ? 0 : placeOf(ordered, query['after'], 'after') + 1;
  const before = query['before'];
  const until = before === undefined ? ordered.length : placeOf(ordered, before, 'before');
  // A page before an item is the one that ends at it.
  const isLast = before !== undefined && query['after'] === undefined;
  const within = ordered.slice(from, Math.max(from, until));
  const data = (isLast ? within.slice(-limit) : within.slice(0, limit)).map(speltOut);

  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: within.length > data.length,
  };
};

const limitOf = (value: unknown): number => {
  if (value === undefined) return limitDefault;
  const limit = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  // In a query all is text; what is a number is read as one.
  return integerField({ limit }, 'limit', { min: 1, max: limitMax }) ?? limitDefault;
};

const placeOf = (items: readonly Item[], id: unknown, param: string): number => {
  const at = items.findIndex((item) => item.id === id);
  if (at === -1)
    throw badRequest(
      `Invalid '${param}': no item with id ${JSON.stringify(id)}.`,
      param,
      'invalid_value',
    );
  return at;
};

/** An item as clients expect to get it back: its content in whole parts, and its status told. */
export const speltOut = (item: Item): Item => {
  if (item.type === 'reasoning' || item.type === 'compaction') return item;
  const { status = 'completed' } = item;
  if (item.type === 'function_call_output' || item.type === 'custom_tool_call_output') {
    const { output } = item;
    return { ...item, status, output: typeof output === 'string' ? output : output.map(partSpelt) };
  }
  if (item.type !== 'message') return { ...item, status };
  const { role, content } = item;
  const type = role === 'assistant' ? 'output_text' : 'input_text';
  const parts = typeof content === 'string' ? [{ type, text: content } as const] : content;
  return { ...item, status, content: parts.map(partSpelt) };
};

/** What may be left out of a part when it is sent, and is there when it is told. */
const partSpelt = (part: InputContentPart): InputContentPart => {
  switch (part.type) {
    case 'output_text':
      return { annotations: [], ...part };
    case 'input_image':
      return { detail: 'auto', ...part };
    case 'input_text':
    case 'input_file':
    case 'refusal':
      return part;
  }
};
