/**
 * A server of chat completions as an upstream: vLLM, llama.cpp, LiteLLM, or whoever else speaks
 * `POST /chat/completions` and has no Responses API, or none that can be relied on. Azure among
 * them, where a resource is held to a version before the Responses API.
 */

import type { FunctionTool, TextFormat, ToolChoice } from '../../protocol/responses.ts';
import type { BackendSystem } from '../../system/system.ts';
import { keyHeader, openaiPath } from './azure-route.ts';
import { BackendPaths, type UpstreamParts } from './backend-path.ts';
import { chatMessages } from './chat-message.ts';
import { ChatReader } from './chat-reader.ts';
import { EntraToken } from './entra-token.ts';
import { defined } from './json.ts';
import { refusedByOpenai, withoutRefused } from './optional-parameter.ts';
import type { Upstream, UpstreamCall } from './proxy.ts';
import { askUpstream, callUpstream, type Wire } from './upstream-stream.ts';

/** A backend that speaks chat completions. */
export const chatUpstream = (backend: BackendSystem, parts: UpstreamParts): Upstream => {
  const paths = new BackendPaths(backend, parts);
  const { entra: source, caFile } = backend;
  const token = source && new EntraToken({ source, clock: parts.clock, ...defined({ caFile }) });
  const isAzure = backend.wire === 'azure-openai';
  const wire: Wire = {
    backend,
    clock: parts.clock,
    paths,
    headers: { accept: 'text/event-stream, application/json', ...keyHeader(backend) },
    ...defined({ token }),
    contentType: /^text\/event-stream/i,
    pathOf: openaiPath(backend, 'chat/completions'),
    bodyOf: (call) => chatCompletionRequest(call, isAzure ? 'max_completion_tokens' : 'max_tokens'),
    readerOf: (headers) => new ChatReader(headers, parts.clock.wall(), backend.apiKey),
  };

  return {
    name: backend.name,
    open: withoutRefused((call, signal) => callUpstream(wire, call, signal), refusedByOpenai),
    async probe(signal) {
      await askUpstream(wire, openaiPath(backend, 'models'), signal);
      return {};
    },
    check: (signal) => askUpstream(wire, openaiPath(backend, 'models'), signal, 'fresh'),
    alarms: () => paths.alarms(),
    prepare: () => paths.prepare(),
    async close() {
      await Promise.all([paths.close(), token?.close()]);
    },
  };
};

/**
 * The body of `POST /chat/completions` for a call. Every server knows the older name of the limit,
 * but models of OpenAI that reason refuse it.
 */
export const chatCompletionRequest = (
  call: UpstreamCall,
  limitName: 'max_tokens' | 'max_completion_tokens' = 'max_tokens',
): Readonly<Record<string, unknown>> => ({
  model: call.candidate.model,
  messages: chatMessages(call),
  stream: true,
  stream_options: { include_usage: true },
  ...(call.tools.length === 0
    ? {}
    : {
        tools: call.tools.map((tool) => toolOf(tool)),
        tool_choice: choiceOf(call.toolChoice),
        parallel_tool_calls: call.isParallelToolCalls,
      }),
  ...(call.format.type === 'text' ? {} : { response_format: formatOf(call.format) }),
  ...defined({
    reasoning_effort: effortOf(call.reasoningEffort),
    verbosity: call.verbosity,
    temperature: call.temperature,
    top_p: call.topP,
    presence_penalty: call.presencePenalty,
    frequency_penalty: call.frequencyPenalty,
    stop: call.stop,
    seed: call.seed,
    logprobs: call.topLogprobs === undefined ? undefined : true,
    top_logprobs: call.topLogprobs,
    [limitName]: call.maxOutputTokens,
    prompt_cache_key: call.promptCacheKey,
    safety_identifier: call.safetyIdentifier,
    user: call.user,
    service_tier: call.serviceTier,
  }),
});

/** Most servers of this wire know three degrees. */
const effortOf = (effort: string | undefined): string | undefined => {
  if (effort === 'minimal') return 'low';
  return effort === 'xhigh' || effort === 'max' || effort === 'ultra' ? 'high' : effort;
};

const toolOf = ({ name, description, parameters, strict }: FunctionTool): unknown => ({
  type: 'function',
  function: {
    name,
    parameters: parameters ?? { type: 'object', properties: {} },
    ...(typeof description === 'string' ? { description } : {}),
    ...(strict === true ? { strict } : {}),
  },
});

const choiceOf = (choice: ToolChoice): unknown => {
  if (typeof choice === 'string') return choice;
  if (choice.type === 'function') return { type: 'function', function: { name: choice.name } };
  return choice.mode ?? 'auto';
};

/** What stands flat in the Responses API is nested here. */
const formatOf = (format: Exclude<TextFormat, { readonly type: 'text' }>): unknown => {
  if (format.type === 'json_object') return format;
  const { type, ...schema } = format;
  return { type, json_schema: defined({ ...schema, strict: schema.strict ?? undefined }) };
};
