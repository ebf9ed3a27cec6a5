/**
 * A conversation in Ollama's words: items become messages.
 *
 * What the Responses API keeps as separate items (reasoning, text, calls) Ollama wants as one
 * assistant message, so neighbours are joined. A tool's result is known to Ollama by the tool's
 * name, which is looked up from the call it answers.
 */

import type { OllamaMessage, OllamaToolCall } from '../../protocol/ollama.ts';
import type { InputContentPart, PromptItem } from '../../protocol/responses.ts';
import { asRecord, parseJson } from './json.ts';
import type { UpstreamCall } from './proxy.ts';
import { UntranslatableError } from './upstream-stream.ts';

/** A message that may still grow. */
type MessageDraft = Omit<OllamaMessage, 'tool_calls'> & { readonly tool_calls?: OllamaToolCall[] };

/** The whole conversation of a call, instructions first. */
export const ollamaMessages = (
  call: Pick<UpstreamCall, 'instructions' | 'input' | 'continues'>,
): readonly OllamaMessage[] => {
  const messages: MessageDraft[] = [];
  if (call.instructions !== undefined && call.instructions !== '')
    messages.push({ role: 'system', content: call.instructions });
  const toolNames = new Map<string, string>();
  for (const item of continued(call)) {
    if (item.type === 'function_call') toolNames.set(item.call_id, item.name);
    addItem(messages, item, toolNames);
  }
  return messages;
};

/**
 * To be continued, the text so far must stand last: Ollama then goes on inside it. The instruction
 * that asks other servers to go on comes after it, and is left out.
 */
const continued = ({ input, continues }: Pick<UpstreamCall, 'input' | 'continues'>) =>
  continues === undefined
    ? input
    : input.slice(0, 1 + input.findLastIndex((it) => 'role' in it && it.role === 'assistant'));

const addItem = (
  messages: MessageDraft[],
  item: PromptItem,
  toolNames: ReadonlyMap<string, string>,
): void => {
  switch (item.type) {
    case 'message':
      if (item.role === 'assistant') addToAssistant(messages, { content: textOf(item.content) });
      else messages.push(messageOf(item.role === 'user' ? 'user' : 'system', item.content));
      return;
    case 'reasoning': {
      const thinking = (item.content ?? item.summary).map(({ text }) => text).join('\n');
      if (thinking !== '') addToAssistant(messages, { thinking });
      return;
    }
    case 'function_call': {
      const { call_id: id, name } = item;
      const called = { name, arguments: asRecord(parseJson(item.arguments)) ?? {} };
      addToAssistant(messages, { toolCall: { id, function: called } });
      return;
    }
    case 'function_call_output': {
      const name = toolNames.get(item.call_id);
      messages.push({
        role: 'tool',
        content: textOf(item.output),
        ...imagesIn(item.output),
        tool_call_id: item.call_id,
        ...(name === undefined ? {} : { tool_name: name }),
      });
    }
  }
};

interface AssistantPart {
  readonly content?: string;
  readonly thinking?: string;
  readonly toolCall?: OllamaToolCall;
}

/** Joins the part to the assistant message that is being made, unless that would reorder it. */
const addToAssistant = (messages: MessageDraft[], part: AssistantPart): void => {
  const last = messages.at(-1);
  const isNext =
    last?.role === 'assistant' && (part.toolCall !== undefined || last.tool_calls === undefined);
  // Thinking comes first in Ollama's message, so after text it begins another.
  const isJoined = isNext && (part.thinking === undefined || last.content === '');
  const base: MessageDraft = isJoined ? last : { role: 'assistant', content: '' };
  const { tool_calls: calls = [] } = base;
  // One list grows, so that many calls take no longer than few.
  if (part.toolCall) calls.push(part.toolCall);
  const joined: MessageDraft = {
    ...base,
    content: base.content + (part.content ?? ''),
    ...(part.thinking === undefined ? {} : { thinking: (base.thinking ?? '') + part.thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  if (isJoined) messages[messages.length - 1] = joined;
  else messages.push(joined);
};

const messageOf = (
  role: 'user' | 'system',
  content: string | readonly InputContentPart[],
): MessageDraft => ({ role, content: textOf(content), ...imagesIn(content) });

const imagesIn = (
  content: string | readonly InputContentPart[],
): { readonly images?: readonly string[] } => {
  const images = typeof content === 'string' ? [] : content.flatMap((part) => imageOf(part));
  return images.length > 0 ? { images } : {};
};

const textOf = (content: string | readonly InputContentPart[]): string =>
  typeof content === 'string' ? content : content.map((part) => partText(part)).join('');

const partText = (part: InputContentPart): string => {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return part.text;
    case 'refusal':
      return part.refusal;
    case 'input_image':
      return '';
    case 'input_file':
      throw new UntranslatableError('an input file cannot be given to Ollama');
  }
};

const imageOf = (part: InputContentPart): readonly string[] => {
  if (part.type !== 'input_image') return [];
  const base64 = /^data:[^,]*;base64,(.+)$/s.exec(part.image_url ?? '')?.[1];
  if (base64 === undefined)
    throw new UntranslatableError('an image that is not a data URL cannot be given to Ollama');
  return [base64];
};
