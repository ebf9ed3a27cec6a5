/**
 * Ollama as an upstream, over its own `/api/chat`.
 *
 * Its OpenAI-compatible route is not used: there an error in the middle of an answer is swallowed
 * (ollama/ollama#17118) and an answer cut by its limit is reported whole. `truncate: false` and one
 * fixed `num_ctx` are sent always, because Ollama otherwise drops the front of a long prompt
 * without a word, and reloads the model whenever the window changes.
 */

import type { GenerationEvent, Usage } from '../../protocol/generation.ts';
import { NdjsonParser } from '../../protocol/ndjson.ts';
import type { OllamaChatRequest, OllamaThink, OllamaTool } from '../../protocol/ollama.ts';
import type { FunctionTool } from '../../protocol/responses.ts';
import type { BackendSystem } from '../../system/system.ts';
import { BackendPaths, type UpstreamParts } from './backend-path.ts';
import { failureInBand, garbled, readError, type StatusAnswer } from './failure.ts';
import {
  asCount,
  asRecord,
  asText,
  defined,
  type JsonObject,
  jsonText,
  parseJson,
} from './json.ts';
import { spoken } from './logprob.ts';
import { ollamaMessages } from './ollama-message.ts';
import { refusedByOllama, withoutRefused } from './optional-parameter.ts';
import type { ModelAbility, Upstream, UpstreamCall } from './proxy.ts';
import { askUpstream, callUpstream, type Wire, type WireReader } from './upstream-stream.ts';

/** A backend that speaks Ollama's wire. */
export const ollamaUpstream = (backend: BackendSystem, parts: UpstreamParts): Upstream => {
  const paths = new BackendPaths(backend, parts);
  const wire: Wire = {
    backend,
    clock: parts.clock,
    paths,
    headers: {
      accept: 'application/x-ndjson, application/json',
      ...(backend.apiKey === undefined ? {} : { authorization: `Bearer ${backend.apiKey}` }),
    },
    contentType: /^application\/x-ndjson/i,
    pathOf: (basePath) => `${basePath}/api/chat`,
    bodyOf: chatRequest,
    readerOf: (headers) => new ChatReader(headers, parts.clock.wall(), backend.apiKey),
  };

  return {
    name: backend.name,
    open: withoutRefused((call, signal) => callUpstream(wire, call, signal), refusedByOllama),
    async probe(signal) {
      const body = await askUpstream(wire, (basePath) => `${basePath}/api/ps`, signal);
      const models = asRecord(parseJson(body))?.['models'];
      if (!Array.isArray(models)) throw new Error(`${backend.name}: expected a list of models`);
      return { loadedModels: models.flatMap((model) => asText(asRecord(model)?.['name']) ?? []) };
    },
    check: (signal) => askUpstream(wire, (basePath) => `${basePath}/api/version`, signal, 'fresh'),
    alarms: () => paths.alarms(),
    prepare: () => paths.prepare(),
    async abilities(signal) {
      const body = await askUpstream(wire, (basePath) => `${basePath}/api/tags`, signal);
      return abilitiesIn(parseJson(body));
    },
    close: () => paths.close(),
  };
};

/** What each model is said to be able to do; an older Ollama says little. */
const abilitiesIn = (tags: unknown): ReadonlyMap<string, ModelAbility> => {
  const models = asRecord(tags)?.['models'];
  const told = (Array.isArray(models) ? models : []).flatMap((model) => {
    const { name: named, capabilities, remote_host: host } = asRecord(model) ?? {};
    const name = asText(named);
    if (name === undefined) return [];
    // A copy of a model of Ollama's cloud can have any name; only here it is told from others.
    const isRemote = asText(host) !== undefined && host !== '';
    const able = Array.isArray(capabilities) && {
      vision: capabilities.includes('vision'),
      tools: capabilities.includes('tools'),
    };
    return [[name, { ...able, ...(isRemote && { isRemote }) }] as const];
  });
  return new Map(told);
};

/** The body of `/api/chat` for a call. */
export const chatRequest = (call: UpstreamCall): OllamaChatRequest => {
  const { candidate, format } = call;
  const tools = offeredTools(call);
  const think = thinkOfEffort[call.reasoningEffort ?? ''];
  return {
    model: candidate.model,
    messages: ollamaMessages(call),
    stream: true,
    truncate: false,
    ...(tools.length > 0 ? { tools: tools.map((tool) => ollamaTool(tool)) } : {}),
    ...(format.type === 'json_object' ? { format: 'json' } : {}),
    ...(format.type === 'json_schema' ? { format: format.schema } : {}),
    ...(think === undefined ? {} : { think }),
    ...(call.topLogprobs === undefined ? {} : { logprobs: true, top_logprobs: call.topLogprobs }),
    options: defined({
      num_ctx: candidate.numCtx,
      num_predict: call.maxOutputTokens,
      temperature: call.temperature,
      top_p: call.topP,
      presence_penalty: call.presencePenalty,
      frequency_penalty: call.frequencyPenalty,
      stop: call.stop,
      seed: call.seed,
    }),
  };
};

/** Ollama has no `tool_choice`: what may not be called is not offered; nothing can be required. */
const offeredTools = ({ tools, toolChoice }: UpstreamCall): readonly FunctionTool[] => {
  if (toolChoice === 'none') return [];
  if (typeof toolChoice === 'string') return tools;
  const names =
    toolChoice.type === 'function' ? [toolChoice.name] : toolChoice.tools.map((it) => it.name);
  return tools.filter((tool) => names.includes(tool.name));
};

const ollamaTool = ({ name, description, parameters }: FunctionTool): OllamaTool => ({
  type: 'function',
  function: {
    name,
    ...(typeof description === 'string' ? { description } : {}),
    parameters: parameters ?? { type: 'object', properties: {} },
  },
});

/** The efforts of the Responses API in Ollama's words, as its own compatible route maps them. */
const thinkOfEffort: Readonly<Record<string, OllamaThink>> = {
  none: false,
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'max',
  max: 'max',
  ultra: 'max',
};

const tooDeep = 'the arguments of a tool call are nested too deep';

class ChatReader implements WireReader {
  readonly #parser = new NdjsonParser();
  readonly #headers: StatusAnswer['headers'];
  readonly #wall: number;
  readonly #secret: string | undefined;
  #toolCalls = 0;
  /** Pieces of thinking; Ollama sends each token as a piece, and counts all of them together. */
  #thoughts = 0;

  constructor(headers: StatusAnswer['headers'], wall: number, secret: string | undefined) {
    this.#headers = headers;
    this.#wall = wall;
    this.#secret = secret;
  }

  push(bytes: Uint8Array): readonly GenerationEvent[] {
    return this.#parser.push(bytes).flatMap((line) => this.#read(line));
  }

  end(): readonly GenerationEvent[] {
    // A last line that is not JSON was cut; the stream is then truncated, not garbled.
    return this.#parser
      .end()
      .filter((line) => asRecord(parseJson(line)))
      .flatMap((line) => this.#read(line));
  }

  #read(line: string): readonly GenerationEvent[] {
    const chunk = asRecord(parseJson(line));
    if (!chunk) return [{ kind: 'failure', failure: garbled('expected a line of JSON') }];
    if (chunk['error'] !== undefined) {
      const told = readError(chunk);
      const failure = failureInBand(told, this.#headers, this.#wall, this.#secret);
      return [{ kind: 'failure', failure }];
    }
    const message = asRecord(chunk['message']);
    const thinking = asText(message?.['thinking']) ?? '';
    const text = asText(message?.['content']) ?? '';
    if (thinking !== '') this.#thoughts++;
    const calls: readonly unknown[] = Array.isArray(message?.['tool_calls'])
      ? message['tool_calls']
      : [];
    return [
      ...(thinking === '' ? [] : [{ kind: 'reasoning', text: thinking } as const]),
      ...(text === '' ? [] : [spoken(text, thinking === '' ? chunk['logprobs'] : undefined)]),
      ...calls.flatMap((call) => this.#toolCall(asRecord(call))),
      ...(chunk['done'] === true ? this.#done(chunk) : []),
    ];
  }

  /** Calls come whole. Their own `index` cannot be trusted (ollama/ollama#15457); we count. */
  #toolCall(call: JsonObject | undefined): readonly GenerationEvent[] {
    const called = asRecord(call?.['function']);
    const name = asText(called?.['name']);
    if (name === undefined)
      return [{ kind: 'failure', failure: garbled('a tool call without a name') }];
    const text = jsonText(called?.['arguments'] ?? {});
    if (text === undefined) return [{ kind: 'failure', failure: garbled(tooDeep) }];
    const index = this.#toolCalls++;
    return [
      { kind: 'tool-call', index, name },
      { kind: 'tool-arguments', index, text },
    ];
  }

  #done(chunk: JsonObject): readonly GenerationEvent[] {
    const usage = usageOf(chunk, this.#thoughts);
    const isCut = chunk['done_reason'] === 'length';
    const reason = isCut ? 'length' : this.#toolCalls > 0 ? 'tool-calls' : 'stop';
    return [...(usage ? [{ kind: 'usage', usage } as const] : []), { kind: 'end', reason }];
  }
}

/** A prompt served whole from the cache is counted as 0, or not at all: that is unknown. */
const usageOf = (chunk: JsonObject, thoughts: number): Usage | undefined => {
  const inputTokens = asCount(chunk['prompt_eval_count']);
  const outputTokens = asCount(chunk['eval_count']);
  return inputTokens === undefined || inputTokens === 0 || outputTokens === undefined
    ? undefined
    : {
        inputTokens,
        outputTokens,
        ...(thoughts > 0 && { reasoningTokens: Math.min(thoughts, outputTokens) }),
      };
};
