/**
 * Chat completions in the words of a cloud: what a client asks, as a request of the Responses API
 * would ask it, and the answer as chunks.
 *
 * One reading and one model of admission serve both APIs, so they cannot differ in more than words.
 */

import type { EndReason } from '../../protocol/generation.ts';
import type { WireUsage } from '../../protocol/responses.ts';
import type { Piece } from './cooperative-model.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The request as one of the Responses API; `model` is that of the path, where it names one. */
export const chatAsResponses = (body: unknown, model: string | undefined): unknown => {
  const asked = fieldsOf(body);
  const { messages, tools, response_format: format } = asked;
  return {
    model: model ?? asked['model'],
    // Here a text alone is no conversation.
    input: Array.isArray(messages) ? messages.flatMap(itemsOf) : undefined,
    stream: asked['stream'],
    tools: Array.isArray(tools) ? tools.map(toolOf) : tools,
    tool_choice: choiceOf(asked['tool_choice']),
    parallel_tool_calls: asked['parallel_tool_calls'],
    max_output_tokens: asked['max_completion_tokens'] ?? asked['max_tokens'],
    temperature: asked['temperature'],
    top_p: asked['top_p'],
    ...(asked['reasoning_effort'] !== undefined && {
      reasoning: { effort: asked['reasoning_effort'] },
    }),
    ...(format !== undefined && { text: { format: formatOf(fieldsOf(format)) } }),
  };
};

/** Whether a stream ends with a chunk that tells its usage. */
export const isUsageAsked = (body: unknown): boolean =>
  fieldsOf(fieldsOf(body)['stream_options'])['include_usage'] === true;

/** The answer, token by token or as a whole. */
export class ChatAnswer {
  readonly #head: Fields;
  readonly #mintCallId: () => string;
  readonly #tellsUsage: boolean;
  readonly #calls: { id: string; name: string; text: string }[] = [];
  #text = '';

  constructor(head: Fields, mintCallId: () => string, tellsUsage: boolean) {
    this.#head = head;
    this.#mintCallId = mintCallId;
    this.#tellsUsage = tellsUsage;
  }

  begin(): string {
    return this.#chunk({ role: 'assistant', content: '' });
  }

  /** Thinking takes time and is kept to itself. */
  piece(piece: Piece): string {
    switch (piece.kind) {
      case 'thinking':
        return '';
      case 'text':
        this.#text += piece.text;
        return this.#chunk({ content: piece.text });
      case 'call': {
        const call = { id: this.#mintCallId(), name: piece.name, text: '' };
        const index = this.#calls.push(call) - 1;
        const begun = { index, ...wireCall(call) };
        return this.#chunk({ tool_calls: [begun] });
      }
      case 'arguments': {
        const call = this.#calls.at(-1);
        if (call) call.text += piece.text;
        const more = { index: this.#calls.length - 1, function: { arguments: piece.text } };
        return this.#chunk({ tool_calls: [more] });
      }
    }
  }

  end(reason: EndReason, usage: WireUsage): string {
    const last = this.#chunk({}, finishOf(reason));
    if (!this.#tellsUsage) return last;
    return last + frame({ ...this.#head, ...chunkObject, choices: [], usage: usageOf(usage) });
  }

  /** The whole of it, for those who asked for no stream. */
  completion(reason: EndReason, usage: WireUsage): unknown {
    const message = {
      role: 'assistant',
      content: this.#text === '' && this.#calls.length > 0 ? null : this.#text,
      ...(this.#calls.length > 0 && { tool_calls: this.#calls.map(wireCall) }),
    };
    return {
      ...this.#head,
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: finishOf(reason) }],
      usage: usageOf(usage),
    };
  }

  #chunk(delta: Fields, finish: string | null = null): string {
    const choices = [{ index: 0, delta, finish_reason: finish }];
    return frame({ ...this.#head, ...chunkObject, choices });
  }
}

const chunkObject = { object: 'chat.completion.chunk' };

const frame = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;

const wireCall = ({ id, name, text }: { id: string; name: string; text: string }): Fields => ({
  id,
  type: 'function',
  function: { name, arguments: text },
});

const finishOf = (reason: EndReason): string =>
  reason === 'tool-calls' ? 'tool_calls' : reason.replace('-', '_');

const usageOf = (usage: WireUsage): Fields => ({
  prompt_tokens: usage.input_tokens,
  completion_tokens: usage.output_tokens,
  total_tokens: usage.total_tokens,
  prompt_tokens_details: usage.input_tokens_details,
  completion_tokens_details: usage.output_tokens_details,
});

/** A message as items: a tool's result and an assistant's calls are items of their own. */
const itemsOf = (message: unknown): readonly unknown[] => {
  const { role, content, tool_calls: calls, tool_call_id: callId } = fieldsOf(message);
  if (role === 'tool') return [{ type: 'function_call_output', call_id: callId, output: content }];
  const said = content === null || content === undefined ? [] : [{ role, content }];
  const called = Array.isArray(calls) ? calls.map(fieldsOf) : [];
  return [
    ...said,
    ...called.map((call) => ({
      type: 'function_call',
      call_id: call['id'],
      ...fieldsOf(call['function']),
    })),
  ];
};

const toolOf = (tool: unknown): Fields => {
  const { type, function: named } = fieldsOf(tool);
  return { type, ...fieldsOf(named) };
};

const choiceOf = (choice: unknown): unknown =>
  typeof choice === 'object' && choice !== null ? toolOf(choice) : choice;

const formatOf = (format: Fields): Fields => ({
  type: format['type'],
  ...fieldsOf(format['json_schema']),
});

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
