/**
 * The events of one response, in the order of the Responses API's grammar, out of an answer's
 * tokens.
 *
 *     created ─ in_progress ─ (item added ─ … deltas … ─ item done)* ─ completed | incomplete
 *
 * Reasoning is billed and takes time but is kept to itself, unless a summary was asked for.
 */

import type { EndReason } from '../../protocol/generation.ts';
import type {
  InputContentPart,
  Item,
  ItemStatus,
  ResponseEvent,
  ResponseResource,
  WireUsage,
} from '../../protocol/responses.ts';
import type { Piece } from './cooperative-model.ts';

/** Mints the id of an item or a call: the prefix, an underscore and what makes it unique. */
export type MintId = (prefix: 'msg' | 'fc' | 'rs' | 'call') => string;

type Open =
  | { readonly kind: 'thinking' | 'text'; readonly id: string; text: string }
  | {
      readonly kind: 'call';
      readonly id: string;
      readonly callId: string;
      readonly name: string;
      text: string;
    };

type Fields = Readonly<Record<string, unknown>>;

export class ResponsesAnswer {
  readonly #mintId: MintId;
  readonly #showsReasoning: boolean;
  readonly #output: Item[] = [];
  #resource: ResponseResource;
  #open: Open | undefined;
  #sequence = 0;

  /** `resource` is the response as it stands before anything was generated. */
  constructor(resource: ResponseResource, mintId: MintId, showsReasoning: boolean) {
    this.#resource = resource;
    this.#mintId = mintId;
    this.#showsReasoning = showsReasoning;
  }

  /** The response as it stands. */
  get resource(): ResponseResource {
    return this.#resource;
  }

  begin(): ResponseEvent[] {
    const response = this.#resource;
    return [
      this.#event('response.created', { response }),
      this.#event('response.in_progress', { response }),
    ];
  }

  /** The events of one token: those that open its item, where it begins one, and its delta. */
  piece(piece: Piece): ResponseEvent[] {
    switch (piece.kind) {
      case 'thinking':
      case 'text':
        return [
          ...(this.#open?.kind === piece.kind ? [] : this.#begin(piece.kind)),
          ...this.#delta(piece.text),
        ];
      case 'call':
        return this.#beginCall(piece.name);
      case 'arguments':
        return this.#delta(piece.text);
    }
  }

  /** Closes what is open and ends the response. */
  end(reason: EndReason, usage: WireUsage, completedAt: number): ResponseEvent[] {
    const isCut = reason === 'length' || reason === 'content-filter';
    const closing = this.#close(isCut ? 'incomplete' : 'completed');
    this.#resource = {
      ...this.#resource,
      status: isCut ? 'incomplete' : 'completed',
      completed_at: isCut ? null : completedAt,
      incomplete_details: isCut
        ? { reason: reason === 'length' ? 'max_output_tokens' : 'content_filter' }
        : null,
      output: this.#output,
      usage,
    };
    const type = isCut ? 'response.incomplete' : 'response.completed';
    return [...closing, this.#event(type, { response: this.#resource })];
  }

  #begin(kind: 'thinking' | 'text'): ResponseEvent[] {
    const closing = this.#close('completed');
    const id = this.#mintId(kind === 'text' ? 'msg' : 'rs');
    this.#open = { kind, id, text: '' };
    const item =
      kind === 'text'
        ? { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] }
        : { id, type: 'reasoning', summary: [] };
    const events = [...closing, this.#inItem('response.output_item.added', { item })];
    if (kind === 'text')
      events.push(
        this.#ofItem('response.content_part.added', { content_index: 0, part: textPart('') }),
      );
    else if (this.#showsReasoning)
      events.push(
        this.#ofItem('response.reasoning_summary_part.added', {
          summary_index: 0,
          part: { type: 'summary_text', text: '' },
        }),
      );
    return events;
  }

  #beginCall(name: string): ResponseEvent[] {
    const closing = this.#close('completed');
    const id = this.#mintId('fc');
    const callId = this.#mintId('call');
    this.#open = { kind: 'call', id, callId, name, text: '' };
    const item = {
      id,
      type: 'function_call',
      status: 'in_progress',
      call_id: callId,
      name,
      arguments: '',
    };
    return [...closing, this.#inItem('response.output_item.added', { item })];
  }

  #delta(delta: string): ResponseEvent[] {
    const open = this.#open;
    if (!open) return [];
    open.text += delta;
    switch (open.kind) {
      case 'text':
        return [
          this.#ofItem('response.output_text.delta', { content_index: 0, delta, logprobs: [] }),
        ];
      case 'call':
        return [this.#ofItem('response.function_call_arguments.delta', { delta })];
      case 'thinking':
        return this.#showsReasoning
          ? [this.#ofItem('response.reasoning_summary_text.delta', { summary_index: 0, delta })]
          : [];
    }
  }

  #close(status: ItemStatus): ResponseEvent[] {
    const open = this.#open;
    if (!open) return [];
    const item = this.#finished(open, status);
    const events = [...this.#closingOf(open), this.#inItem('response.output_item.done', { item })];
    this.#output.push(item);
    this.#open = undefined;
    return events;
  }

  #closingOf(open: Open): ResponseEvent[] {
    const { text } = open;
    switch (open.kind) {
      case 'text':
        return [
          this.#ofItem('response.output_text.done', { content_index: 0, text, logprobs: [] }),
          this.#ofItem('response.content_part.done', { content_index: 0, part: textPart(text) }),
        ];
      case 'call': {
        const fields = { name: open.name, arguments: text };
        return [this.#ofItem('response.function_call_arguments.done', fields)];
      }
      case 'thinking': {
        if (!this.#showsReasoning) return [];
        const part = { type: 'summary_text', text };
        return [
          this.#ofItem('response.reasoning_summary_text.done', { summary_index: 0, text }),
          this.#ofItem('response.reasoning_summary_part.done', { summary_index: 0, part }),
        ];
      }
    }
  }

  #finished(open: Open, status: ItemStatus): Item {
    const { id, text } = open;
    switch (open.kind) {
      case 'text': {
        const content: InputContentPart[] = [{ type: 'output_text', text, annotations: [] }];
        return { id, type: 'message', status, role: 'assistant', content };
      }
      case 'call': {
        const { callId: call_id, name } = open;
        return { id, type: 'function_call', status, call_id, name, arguments: text };
      }
      case 'thinking':
        return {
          id,
          type: 'reasoning',
          summary: this.#showsReasoning ? [{ type: 'summary_text', text }] : [],
        };
    }
  }

  #inItem(type: string, fields: Fields): ResponseEvent {
    return this.#event(type, { output_index: this.#output.length, ...fields });
  }

  #ofItem(type: string, fields: Fields): ResponseEvent {
    return this.#inItem(type, { item_id: this.#open?.id, ...fields });
  }

  #event(type: string, fields: Fields): ResponseEvent {
    return { type, sequence_number: this.#sequence++, ...fields };
  }
}

/** A response of which nothing is known yet. */
export const blankResource: ResponseResource = {
  id: '',
  object: 'response',
  created_at: 0,
  completed_at: null,
  status: 'in_progress',
  incomplete_details: null,
  model: '',
  previous_response_id: null,
  instructions: null,
  output: [],
  error: null,
  tools: [],
  tool_choice: 'auto',
  truncation: 'disabled',
  parallel_tool_calls: true,
  text: { format: { type: 'text' } },
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  top_logprobs: 0,
  temperature: 1,
  reasoning: null,
  usage: null,
  max_output_tokens: null,
  max_tool_calls: null,
  store: true,
  background: false,
  service_tier: 'default',
  metadata: {},
  safety_identifier: null,
  prompt_cache_key: null,
};

const textPart = (text: string): Fields => ({
  type: 'output_text',
  text,
  annotations: [],
  logprobs: [],
});
