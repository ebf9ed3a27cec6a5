/**
 * Output items while they are being written: one state machine per item, which knows the events
 * that open it, grow it and close it.
 *
 *     added ──▶ part added ──▶ delta … ──▶ text done ──▶ part done ──▶ item done
 *
 * Reasoning is told as a summary, and its finished item carries the same text as content as well.
 * That is the one dialect that the Open Responses schema, OpenAI's strict accumulator, the AI SDK
 * and LangChain all accept.
 */

import type {
  CustomToolCallItem,
  FunctionCallItem,
  Item,
  ItemStatus,
  Logprob,
  MessageItem,
  ReasoningItem,
} from '../../protocol/responses.ts';
import { asRecord, parseJson } from './json.ts';
import type { OwnTool } from './request-tool.ts';

/** Where an item stands in the answer. */
interface Place {
  readonly id: string;
  /** Tells an event of the item. */
  readonly tell: (type: string, fields: Readonly<Record<string, unknown>>) => void;
}

interface Part {
  readonly kind: 'text' | 'refusal';
  text: string;
  /** Of all of its tokens, as far as they were asked for and told. */
  readonly logprobs: Logprob[];
}

const untold: readonly Logprob[] = [];

/** An assistant's message, of text and refusal parts. */
export class MessageDraft {
  readonly kind = 'message';
  readonly #place: Place;
  readonly #parts: Part[] = [];
  #isOpen = true;

  constructor(place: Place) {
    this.#place = place;
    this.#place.tell('response.output_item.added', {
      item: { ...this.item('in_progress'), content: [] },
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isRefusal(): boolean {
    return this.#parts.some((part) => part.kind === 'refusal');
  }

  /** All text parts together. */
  get text(): string {
    return this.#parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
  }

  /** Adds text, in a part of its kind. */
  append(kind: Part['kind'], delta: string, logprobs = untold): void {
    const part = this.#partFor(kind);
    part.text += delta;
    for (const logprob of logprobs) part.logprobs.push(logprob);
    const item_id = this.#place.id;
    const content_index = this.#parts.length - 1;
    if (kind === 'refusal')
      this.#place.tell('response.refusal.delta', { item_id, content_index, delta });
    else
      this.#place.tell('response.output_text.delta', {
        item_id,
        content_index,
        delta,
        logprobs,
      });
  }

  close(status: 'completed' | 'incomplete'): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#closePart();
    this.#place.tell('response.output_item.done', { item: this.item(status) });
  }

  item(status: ItemStatus): MessageItem {
    return {
      type: 'message',
      id: this.#place.id,
      status,
      role: 'assistant',
      content: this.#parts.map(wirePart),
    };
  }

  #partFor(kind: Part['kind']): Part {
    const last = this.#parts.at(-1);
    if (last?.kind === kind) return last;
    this.#closePart();
    const part: Part = { kind, text: '', logprobs: [] };
    this.#parts.push(part);
    this.#place.tell('response.content_part.added', {
      item_id: this.#place.id,
      content_index: this.#parts.length - 1,
      part: wirePart(part),
    });
    return part;
  }

  #closePart(): void {
    const part = this.#parts.at(-1);
    if (!part) return;
    const at = { item_id: this.#place.id, content_index: this.#parts.length - 1 };
    const { text, logprobs } = part;
    if (part.kind === 'text')
      this.#place.tell('response.output_text.done', { ...at, text, logprobs });
    else this.#place.tell('response.refusal.done', { ...at, refusal: text });
    this.#place.tell('response.content_part.done', { ...at, part: wirePart(part) });
  }
}

const wirePart = (part: Part) =>
  part.kind === 'text'
    ? {
        type: 'output_text' as const,
        text: part.text,
        annotations: [],
        logprobs: [...part.logprobs],
      }
    : { type: 'refusal' as const, refusal: part.text };

/** Wraps a text for a client that keeps it for us. */
type Seal = (text: string) => string;

/** What the model thought before it spoke. */
export class ReasoningDraft {
  readonly kind = 'reasoning';
  readonly #place: Place;
  readonly #seal: Seal | undefined;
  #text = '';
  #isOpen = true;

  constructor(place: Place, seal: Seal | undefined) {
    this.#place = place;
    this.#seal = seal;
    this.#place.tell('response.output_item.added', {
      item: { type: 'reasoning', id: place.id, summary: [] },
    });
    this.#place.tell('response.reasoning_summary_part.added', {
      ...this.#at,
      part: { type: 'summary_text', text: '' },
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  append(delta: string): void {
    this.#text += delta;
    this.#place.tell('response.reasoning_summary_text.delta', { ...this.#at, delta });
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#place.tell('response.reasoning_summary_text.done', { ...this.#at, text: this.#text });
    this.#place.tell('response.reasoning_summary_part.done', {
      ...this.#at,
      part: { type: 'summary_text', text: this.#text },
    });
    this.#place.tell('response.output_item.done', { item: this.item() });
  }

  item(): ReasoningItem {
    return {
      type: 'reasoning',
      id: this.#place.id,
      summary: [{ type: 'summary_text', text: this.#text }],
      content: [{ type: 'reasoning_text', text: this.#text }],
      ...(this.#seal ? { encrypted_content: this.#seal(this.#text) } : {}),
    };
  }

  get #at(): { readonly item_id: string; readonly summary_index: 0 } {
    return { item_id: this.#place.id, summary_index: 0 };
  }
}

/**
 * One call of a tool; several may grow at once.
 *
 * A custom tool takes text as it is. The model writes that as the one argument of a function, so
 * nothing of it can be told before the JSON around it is whole.
 */
export class CallDraft {
  readonly kind = 'call';
  readonly #place: Place;
  readonly #callId: string;
  readonly #tool: OwnTool;
  #arguments = '';
  /** What a custom tool is given, once it is known. */
  #input = '';
  #isOpen = true;

  constructor(place: Place, callId: string, tool: OwnTool) {
    this.#place = place;
    this.#callId = callId;
    this.#tool = tool;
    place.tell('response.output_item.added', { item: this.item('in_progress') });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  append(delta: string): void {
    this.#arguments += delta;
    if (this.#tool.type === 'custom') return;
    this.#place.tell('response.function_call_arguments.delta', { item_id: this.#place.id, delta });
  }

  close(status: 'completed' | 'incomplete'): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.#tool.type === 'custom') this.#closeInput();
    else this.#closeArguments(status);
    this.#place.tell('response.output_item.done', { item: this.item(status) });
  }

  item(status: ItemStatus): FunctionCallItem | CustomToolCallItem {
    const { name, namespace, type } = this.#tool;
    const call = {
      id: this.#place.id,
      status,
      call_id: this.#callId,
      name,
      ...(namespace === undefined ? {} : { namespace }),
    };
    return type === 'custom'
      ? { type: 'custom_tool_call', ...call, input: this.#input }
      : { type: 'function_call', ...call, arguments: this.#arguments };
  }

  #closeArguments(status: 'completed' | 'incomplete'): void {
    // A call without arguments is still JSON.
    if (this.#arguments === '' && status === 'completed') this.append('{}');
    this.#place.tell('response.function_call_arguments.done', {
      item_id: this.#place.id,
      name: this.#tool.name,
      arguments: this.#arguments,
    });
  }

  #closeInput(): void {
    this.#input = textIn(this.#arguments);
    const at = { item_id: this.#place.id };
    if (this.#input !== '')
      this.#place.tell('response.custom_tool_call_input.delta', { ...at, delta: this.#input });
    this.#place.tell('response.custom_tool_call_input.done', { ...at, input: this.#input });
  }
}

/**
 * The text in the arguments. Models that forget the JSON around it have written the text itself.
 */
const textIn = (text: string): string => {
  const input = asRecord(parseJson(text))?.['input'];
  return typeof input === 'string' ? input : text;
};

export type Draft = MessageDraft | ReasoningDraft | CallDraft;

/** The item as it stands. */
export const draftItem = (draft: Draft, status: ItemStatus): Item =>
  draft.kind === 'reasoning' ? draft.item() : draft.item(status);
