/**
 * A server of the Responses API as an upstream: OpenAI, Azure OpenAI, or another Spillway.
 *
 * The whole conversation goes along each time, with `store: false` and without ids, because state
 * at a backend would bind the next turn to it, and ids it did not mint are refused with a 400.
 * Reasoning items are left out for the same reason: they can be read only by who made them.
 */

import type { FunctionTool, InputContentPart, PromptItem } from '../../protocol/responses.ts';
import type { BackendSystem } from '../../system/system.ts';
import { keyHeader, openaiPath } from './azure-route.ts';
import { BackendPaths, type UpstreamParts } from './backend-path.ts';
import { EntraToken } from './entra-token.ts';
import { defined } from './json.ts';
import { refusedByOpenai, withoutRefused } from './optional-parameter.ts';
import type { Upstream, UpstreamCall } from './proxy.ts';
import { ResponsesReader } from './responses-reader.ts';
import { stoppedAt } from './stop-text.ts';
import { askUpstream, callUpstream, type Wire } from './upstream-stream.ts';

/** A backend that speaks the Responses API, as Azure (`azure-openai`) or anyone else does. */
export const responsesUpstream = (backend: BackendSystem, parts: UpstreamParts): Upstream => {
  const paths = new BackendPaths(backend, parts);
  const { entra: source, caFile } = backend;
  const token = source && new EntraToken({ source, clock: parts.clock, ...defined({ caFile }) });
  const wire: Wire = {
    backend,
    clock: parts.clock,
    paths,
    headers: { accept: 'text/event-stream, application/json', ...keyHeader(backend) },
    ...defined({ token }),
    contentType: /^text\/event-stream/i,
    pathOf: openaiPath(backend, 'responses'),
    bodyOf: responsesRequest,
    readerOf: (headers) => new ResponsesReader(headers, parts.clock.wall(), backend.apiKey),
  };

  return {
    name: backend.name,
    open: withoutRefused(
      (call, signal) => stoppedAt(call.stop, callUpstream(wire, call, signal)),
      refusedByOpenai,
    ),
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

/** The body of `POST /responses` for a call. */
export const responsesRequest = (call: UpstreamCall): Readonly<Record<string, unknown>> => ({
  model: call.candidate.model,
  input: call.input.flatMap((item) => inputItem(item)),
  stream: true,
  store: false,
  text: { format: call.format, ...defined({ verbosity: call.verbosity }) },
  ...(call.instructions === undefined ? {} : { instructions: call.instructions }),
  ...(call.tools.length === 0
    ? {}
    : {
        tools: call.tools.map((tool) => toolOf(tool)),
        tool_choice: call.toolChoice,
        parallel_tool_calls: call.isParallelToolCalls,
      }),
  ...reasoningOf(call),
  ...(call.topLogprobs === undefined ? {} : { include: ['message.output_text.logprobs'] }),
  ...defined({
    top_logprobs: call.topLogprobs,
    temperature: call.temperature,
    top_p: call.topP,
    max_output_tokens: call.maxOutputTokens,
    prompt_cache_key: call.promptCacheKey,
    safety_identifier: call.safetyIdentifier,
    user: call.user,
    service_tier: call.serviceTier,
  }),
});

const reasoningOf = ({ reasoningEffort: effort, reasoningSummary: summary }: UpstreamCall) =>
  effort === undefined && summary === undefined ? {} : { reasoning: defined({ effort, summary }) };

/** The item as input, without id and status. */
const inputItem = (item: PromptItem): readonly unknown[] => {
  switch (item.type) {
    case 'message':
      return [
        {
          type: 'message',
          role: item.role,
          content: contentOf(item.content, item.role === 'assistant'),
        },
      ];
    case 'function_call': {
      const { call_id, name } = item;
      return [{ type: 'function_call', call_id, name, arguments: item.arguments }];
    }
    case 'function_call_output': {
      const { call_id, output } = item;
      return [{ type: 'function_call_output', call_id, output: contentOf(output, false) }];
    }
    case 'reasoning':
      return [];
  }
};

/**
 * Parts under the names that servers insist on, whatever the client called them: what the model
 * said is output, all else input. Annotations are left to the server that made them.
 */
const contentOf = (content: string | readonly InputContentPart[], isOutput: boolean): unknown =>
  typeof content === 'string' ? content : content.map((part) => partOf(part, isOutput));

const partOf = (part: InputContentPart, isOutput: boolean): unknown => {
  if (part.type === 'refusal') return isOutput ? part : { type: 'input_text', text: part.refusal };
  if (part.type !== 'input_text' && part.type !== 'output_text') return part;
  return isOutput
    ? { type: 'output_text', text: part.text, annotations: [] }
    : { type: 'input_text', text: part.text };
};

const toolOf = ({ name, description, parameters, strict }: FunctionTool): unknown => ({
  type: 'function',
  name,
  parameters: parameters ?? { type: 'object', properties: {} },
  strict: strict ?? false,
  ...(typeof description === 'string' ? { description } : {}),
});
