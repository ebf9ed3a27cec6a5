/**
 * The response resource: what a client gets, polls and stores.
 *
 * Every field of the Open Responses schema is there, numbers as numbers: a null temperature is
 * refused by strict clients even where OpenAI's own types allow it.
 */

import type { EndReason, Usage } from '../../protocol/generation.ts';
import type {
  InputContentPart,
  MessageItem,
  PromptItem,
  ResponseResource,
  WireUsage,
} from '../../protocol/responses.ts';
import type { ResponseRequest } from './request.ts';

/** What makes a resource this response's own, whatever becomes of it. */
export interface ResponseIdentity {
  readonly id: string;
  /** Seconds since 1970. */
  readonly createdAt: number;
  readonly request: ResponseRequest;
  /** The caller's key, or the request, forbids the cloud. */
  readonly isLocalOnly: boolean;
}

/** What has become of it so far. */
export type ResponseState = Pick<
  ResponseResource,
  'status' | 'completed_at' | 'incomplete_details' | 'output' | 'error' | 'usage'
> & { readonly notes: Readonly<Record<string, string>> };

/** The state of a response that has only begun. */
export const begun: ResponseState = {
  status: 'in_progress',
  completed_at: null,
  incomplete_details: null,
  output: [],
  error: null,
  usage: null,
  notes: {},
};

/** Why an answer is incomplete, in OpenAI's words; undefined for one that is whole. */
export const incompleteReason = (reason: EndReason): string | undefined => {
  switch (reason) {
    case 'length':
      return 'max_output_tokens';
    case 'content-filter':
      return 'content_filter';
    case 'stop':
    case 'tool-calls':
      return undefined;
  }
};

export const wireUsage = (usage: Usage): WireUsage => ({
  input_tokens: usage.inputTokens,
  // No backend tells what it wrote; newer clients insist on a number.
  input_tokens_details: { cached_tokens: usage.cachedInputTokens ?? 0, cache_write_tokens: 0 },
  output_tokens: usage.outputTokens,
  output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
  total_tokens: usage.inputTokens + usage.outputTokens,
});

/** The only efforts that the Open Responses schema knows; others are echoed as null. */
const echoedEfforts: ReadonlySet<string> = new Set(['none', 'low', 'medium', 'high', 'xhigh']);

export const responseResource = (
  { id, createdAt, request, isLocalOnly }: ResponseIdentity,
  { notes, ...state }: ResponseState,
): ResponseResource => ({
  id,
  object: 'response',
  access_programs: null,
  created_at: createdAt,
  status: state.status,
  completed_at: state.completed_at,
  incomplete_details: state.incomplete_details,
  model: request.model,
  previous_response_id: request.previousResponseId ?? null,
  ...(request.conversationId === undefined ? {} : { conversation: { id: request.conversationId } }),
  instructions: request.instructions ?? null,
  output: state.output,
  error: state.error,
  tools: request.tools,
  tool_choice: request.toolChoice,
  truncation: request.truncation,
  parallel_tool_calls: request.isParallelToolCalls,
  text: {
    format: request.format,
    ...(request.verbosity ? { verbosity: request.verbosity } : {}),
  },
  top_p: request.topP ?? 1,
  presence_penalty: request.presencePenalty ?? 0,
  frequency_penalty: request.frequencyPenalty ?? 0,
  top_logprobs: request.topLogprobs ?? 0,
  temperature: request.temperature ?? 1,
  reasoning: {
    effort: echoedEfforts.has(request.reasoningEffort ?? '')
      ? (request.reasoningEffort ?? null)
      : null,
    summary: request.reasoningSummary ?? null,
  },
  usage: state.usage,
  max_output_tokens: request.maxOutputTokens ?? null,
  max_tool_calls: request.maxToolCalls ?? null,
  store: request.isStored,
  background: request.isBackground,
  service_tier: request.serviceTier === 'auto' ? 'default' : request.serviceTier,
  // Told also where it was inherited: who refers to this response later inherits it in turn.
  metadata: { ...request.metadata, ...(isLocalOnly ? { residency: 'local-only' } : {}), ...notes },
  safety_identifier: request.safetyIdentifier ?? null,
  prompt_cache_key: request.promptCacheKey ?? null,
});

/** The text of the items, for counting tokens. */
export const textOf = (items: readonly PromptItem[]): string =>
  items
    .map(textOfItem)
    .filter((text) => text !== '')
    .join('\n');

const textOfItem = (item: PromptItem): string => {
  switch (item.type) {
    case 'message':
      return textOfContent(item.content);
    case 'function_call':
      return `${item.name} ${item.arguments}`;
    case 'function_call_output':
      return textOfContent(item.output);
    // Most wires have no place for it.
    case 'reasoning':
      return '';
  }
};

type Content = MessageItem['content'];

const textOfContent = (content: Content): string =>
  typeof content === 'string'
    ? content
    : content.map((part) => ('text' in part ? part.text : '')).join('');

/** The parts of an item that is not plain text. */
export const partsOf = (item: PromptItem): readonly InputContentPart[] => {
  if (item.type !== 'message' && item.type !== 'function_call_output') return [];
  const content = item.type === 'message' ? item.content : item.output;
  return typeof content === 'string' ? [] : content;
};
