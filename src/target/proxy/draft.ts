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
  MessageItem,
  ReasoningItem,
} from '../../protocol/responses.ts';
import { asRecord, parseJson } from './json.ts';
import type { OwnTool } from './request-tool.ts';

/** Numbers and dispatches one event of the stream. */
type Emit = (type: string, fields: Readonly<Record<string, unknown>>) => void;

interface Place {
  readonly id: string;
  readonly outputIndex: number;
  readonly emit: Emit;
}

interface Part {
  readonly kind: 'text' | 'refusal';
  text: string;
}

/** An assistant's message, of text and refusal parts. */
export class MessageDraft {
  readonly kind = 'message';
  readonly #place: Place;
  readonly #parts: Part[] = [];
  #isOpen = true;

  constructor(place: Place) {
    this.#place = place;
    this.#tell('response.output_item.added', {
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
  append(kind: Part['kind'], delta: string): void {
    const part = this.#partFor(kind);
    part.text += delta;
    const at = { item_id: this.#place.id, content_index: this.#parts.length - 1, delta };
    if (kind === 'text') this.#tell('response.output_text.delta', { ...at, logprobs: [] });
    else this.#tell('response.refusal.delta', at);
  }

  close(status: 'completed' | 'incomplete'): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#closePart();
    this.#tell('response.output_item.done', { item: this.item(status) });
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
    const part: Part = { kind, text: '' };
    this.#parts.push(part);
    this.#tell('response.content_part.added', {
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
    if (part.kind === 'text')
      this.#tell('response.output_text.done', { ...at, text: part.text, logprobs: [] });
    else this.#tell('response.refusal.done', { ...at, refusal: part.text });
    this.#tell('response.content_part.done', { ...at, part: wirePart(part) });
  }

  #tell(type: string, fields: Readonly<Record<string, unknown>>): void {
    this.#place.emit(type, { output_index: this.#place.outputIndex, ...fields });
  }
}

const wirePart = (part: Part) =>
  part.kind === 'text'
    ? { type: 'output_text' as const, text: part.text, annotations: [], logprobs: [] }
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
    this.#tell('response.output_item.added', {
      item: { type: 'reasoning', id: place.id, summary: [] },
    });
    this.#tell('response.reasoning_summary_part.added', {
      ...this.#at,
      part: { type: 'summary_text', text: '' },
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  append(delta: string): void {
    this.#text += delta;
    this.#tell('response.reasoning_summary_text.delta', { ...this.#at, delta });
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#tell('response.reasoning_summary_text.done', { ...this.#at, text: this.#text });
    this.#tell('response.reasoning_summary_part.done', {
      ...this.#at,
      part: { type: 'summary_text', text: this.#text },
    });
    this.#tell('response.output_item.done', { item: this.item() });
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

  #tell(type: string, fields: Readonly<Record<string, unknown>>): void {
    this.#place.emit(type, { output_index: this.#place.outputIndex, ...fields });
  }
}

/** One call of a function; several may grow at once. */
export class CallDraft {
  readonly kind = 'call';
  readonly #place: Place;
  readonly #callId: string;
  readonly #tool: OwnTool;
  #arguments = '';
  #isOpen = true;

  constructor(place: Place, callId: string, tool: OwnTool) {
    this.#place = place;
    this.#callId = callId;
    this.#tool = tool;
    this.#tell('response.output_item.added', { item: this.item('in_progress') });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  append(delta: string): void {
    this.#arguments += delta;
    this.#tell('response.function_call_arguments.delta', { item_id: this.#place.id, delta });
  }

  close(status: 'completed' | 'incomplete'): void {
    if (!this.#isOpen) return;
    // A call without arguments is still JSON.
    if (this.#arguments === '' && status === 'completed') this.append('{}');
    this.#isOpen = false;
    this.#tell('response.function_call_arguments.done', {
      item_id: this.#place.id,
      name: this.#tool.name,
      arguments: this.#arguments,
    });
    this.#tell('response.output_item.done', { item: this.item(status) });
  }

  item(status: ItemStatus): FunctionCallItem {
    return {
      type: 'function_call',
      id: this.#place.id,
      status,
      call_id: this.#callId,
      ...toolFields(this.#tool),
      arguments: this.#arguments,
    };
  }

  #tell(type: string, fields: Readonly<Record<string, unknown>>): void {
    this.#place.emit(type, { output_index: this.#place.outputIndex, ...fields });
  }
}

const toolFields = ({ name, namespace }: OwnTool) => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
});

/**
 * A call of a tool that takes text as it is. The model writes it as the one argument of a function,
 * so nothing of it can be told before the JSON around it is whole.
 */
export class CustomCallDraft {
  readonly kind = 'call';
  readonly #place: Place;
  readonly #callId: string;
  readonly #tool: OwnTool;
  #arguments = '';
  #input = '';
  #isOpen = true;

  constructor(place: Place, callId: string, tool: OwnTool) {
    this.#place = place;
    this.#callId = callId;
    this.#tool = tool;
    this.#tell('response.output_item.added', { item: this.item('in_progress') });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  append(delta: string): void {
    this.#arguments += delta;
  }

  close(status: 'completed' | 'incomplete'): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#input = textIn(this.#arguments);
    const at = { item_id: this.#place.id };
    if (this.#input !== '')
      this.#tell('response.custom_tool_call_input.delta', { ...at, delta: this.#input });
    this.#tell('response.custom_tool_call_input.done', { ...at, input: this.#input });
    this.#tell('response.output_item.done', { item: this.item(status) });
  }

  item(status: ItemStatus): CustomToolCallItem {
    return {
      type: 'custom_tool_call',
      id: this.#place.id,
      status,
      call_id: this.#callId,
      ...toolFields(this.#tool),
      input: this.#input,
    };
  }

  #tell(type: string, fields: Readonly<Record<string, unknown>>): void {
    this.#place.emit(type, { output_index: this.#place.outputIndex, ...fields });
  }
}

/**
 * The text in the arguments. Models that forget the JSON around it have written the text itself.
 */
const textIn = (text: string): string => {
  const input = asRecord(parseJson(text))?.['input'];
  return typeof input === 'string' ? input : text;
};

export type Draft = MessageDraft | ReasoningDraft | CallDraft | CustomCallDraft;

/** The item as it stands. */
export const draftItem = (draft: Draft, status: ItemStatus): Item =>
  draft.kind === 'reasoning' ? draft.item() : draft.item(status);
