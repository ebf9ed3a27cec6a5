/**
 * A conversation in the words of chat completions: items become messages.
 *
 * Text and the calls that follow it are one assistant message there, and a text of several parts is
 * sent as one string, because many servers take parts from users alone. So what tools have shown
 * rather than said follows their outputs as if the user had shown it. Reasoning is left out: some
 * servers want it back in a field of their own, others refuse a request that has it.
 */

import type { InputContentPart, MessageItem, PromptItem } from '../../protocol/responses.ts';
import type { UpstreamCall } from './proxy.ts';
import { UntranslatableError } from './upstream-stream.ts';

interface ChatToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

type ChatPart =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'image_url';
      readonly image_url: { readonly url: string; readonly detail?: string };
    }
  | {
      readonly type: 'file';
      readonly file: { readonly filename?: string; readonly file_data: string };
    };

/** One message of `POST /chat/completions`. */
interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string | readonly ChatPart[] | null;
  readonly tool_calls?: readonly ChatToolCall[];
  readonly tool_call_id?: string;
}

/** A message that may still grow. */
type MessageDraft = Omit<ChatMessage, 'tool_calls'> & { readonly tool_calls?: ChatToolCall[] };

/** The whole conversation of a call, instructions first. */
export const chatMessages = (
  call: Pick<UpstreamCall, 'instructions' | 'input'>,
): readonly ChatMessage[] => {
  const messages: MessageDraft[] = [];
  if (call.instructions !== undefined && call.instructions !== '')
    messages.push({ role: 'system', content: call.instructions });
  let shown: ChatPart[] = [];
  const showAll = (): void => {
    if (shown.length > 0) messages.push({ role: 'user', content: shown });
    shown = [];
  };
  for (const item of call.input) {
    if (item.type === 'function_call_output') shown.push(...shownIn(item.output));
    else showAll();
    addItem(messages, item);
  }
  showAll();
  return messages;
};

/** What is not text. */
const shownIn = (content: string | readonly InputContentPart[]): readonly ChatPart[] =>
  typeof content === 'string'
    ? []
    : content.filter((part) => !isText(part)).map((part) => partOf(part));

const isText = ({ type }: InputContentPart): boolean =>
  type !== 'input_image' && type !== 'input_file';

const addItem = (messages: MessageDraft[], item: PromptItem): void => {
  switch (item.type) {
    case 'message':
      messages.push(messageOf(item));
      return;
    case 'function_call':
      addCall(messages, {
        id: item.call_id,
        type: 'function',
        function: { name: item.name, arguments: item.arguments },
      });
      return;
    case 'function_call_output':
      messages.push({ role: 'tool', tool_call_id: item.call_id, content: textOf(item.output) });
      return;
    case 'reasoning':
      return;
  }
};

const addCall = (messages: MessageDraft[], call: ChatToolCall): void => {
  const last = messages.at(-1);
  if (last?.role !== 'assistant') {
    messages.push({ role: 'assistant', content: null, tool_calls: [call] });
    return;
  }
  const { tool_calls: calls = [] } = last;
  // One list grows, so that many calls take no longer than few.
  calls.push(call);
  messages[messages.length - 1] = { ...last, tool_calls: calls };
};

const messageOf = ({ role, content }: MessageItem): MessageDraft => {
  if (role === 'assistant') return { role, content: textOf(content) };
  // Most servers of this wire do not know developers.
  if (role !== 'user') return { role: 'system', content: textOf(content) };
  if (typeof content === 'string' || content.every(isText))
    return { role, content: textOf(content) };
  return { role, content: content.map((part) => partOf(part)) };
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
    case 'input_file':
      return '';
  }
};

const partOf = (part: InputContentPart): ChatPart => {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: part.text };
    case 'refusal':
      return { type: 'text', text: part.refusal };
    case 'input_image': {
      const { image_url: url = '', detail } = part;
      return { type: 'image_url', image_url: { url, ...(detail ? { detail } : {}) } };
    }
    case 'input_file': {
      const { filename, file_data: data } = part;
      if (data === undefined)
        throw new UntranslatableError('chat completions take a file as data alone');
      return { type: 'file', file: { ...(filename ? { filename } : {}), file_data: data } };
    }
  }
};
