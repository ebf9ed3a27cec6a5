/**
 * Reads a stream of chat completion chunks, of whichever server.
 *
 * The reason for the end comes before the usage, and both before `[DONE]`, so the end is told at
 * `[DONE]`, or when the stream ends after a reason has been seen. Without a reason it was cut.
 */

import type { EndReason, GenerationEvent, Usage } from '../../protocol/generation.ts';
import { type SseEvent, SseParser } from '../../protocol/sse.ts';
import { failureInBand, garbled, readError, type StatusAnswer, truncated } from './failure.ts';
import { asCount, asRecord, asText, type JsonObject, jsonText, parseJson } from './json.ts';
import { spoken } from './logprob.ts';
import type { WireReader } from './upstream-stream.ts';

interface ToolCall {
  readonly index: number;
  readonly id: string | undefined;
  hasArguments: boolean;
}

/** Codes that blame the request, whichever server is asked. */
const requestFaultPattern = /^(?:invalid_request|BadRequest|context_length|content_filter)/;

export class ChatReader implements WireReader {
  readonly #parser = new SseParser();
  readonly #headers: StatusAnswer['headers'];
  readonly #wall: number;
  readonly #secret: string | undefined;
  /** The latest call at each of the server's own indices. */
  readonly #toolCalls = new Map<number, ToolCall>();
  #toolCallCount = 0;
  #finishReason: string | undefined;
  #usage: Usage | undefined;

  constructor(headers: StatusAnswer['headers'], wall: number, secret: string | undefined) {
    this.#headers = headers;
    this.#wall = wall;
    this.#secret = secret;
  }

  push(bytes: Uint8Array): readonly GenerationEvent[] {
    return this.#parser.push(bytes).flatMap((frame) => this.#read(frame));
  }

  end(): readonly GenerationEvent[] {
    const rest = this.#parser.end().flatMap((frame) => this.#read(frame));
    const isTold = rest.some(({ kind }) => kind === 'end' || kind === 'failure');
    return isTold || this.#finishReason === undefined ? rest : [...rest, ...this.#ended()];
  }

  #read(frame: SseEvent): readonly GenerationEvent[] {
    if (frame.isComment) return [];
    if (frame.data === '[DONE]') return this.#ended();
    const chunk = asRecord(parseJson(frame.data));
    if (!chunk) return [{ kind: 'failure', failure: garbled('expected a chunk of JSON') }];
    if ((chunk['error'] ?? undefined) !== undefined || chunk['object'] === 'error')
      return [this.#failure(chunk)];
    this.#usage = usageOf(asRecord(chunk['usage'])) ?? this.#usage;
    const choices: readonly unknown[] = Array.isArray(chunk['choices']) ? chunk['choices'] : [];
    const choice = asRecord(choices[0]);
    if (!choice) return [];
    // What comes after the reason for the end is not part of the answer.
    if (this.#finishReason !== undefined) return [];
    const logprobs = asRecord(choice['logprobs'])?.['content'];
    const events = this.#delta(asRecord(choice['delta']) ?? {}, logprobs);
    this.#finishReason = asText(choice['finish_reason']) || undefined;
    return events;
  }

  #delta(delta: JsonObject, logprobs: unknown): readonly GenerationEvent[] {
    // vLLM has renamed it; a server that sends both sends the same text twice.
    const reasoning = asText(delta['reasoning']) ?? asText(delta['reasoning_content']) ?? '';
    const text = asText(delta['content']) ?? '';
    const refusal = asText(delta['refusal']) ?? '';
    const calls: readonly unknown[] = Array.isArray(delta['tool_calls']) ? delta['tool_calls'] : [];
    return [
      ...(reasoning === '' ? [] : [{ kind: 'reasoning', text: reasoning } as const]),
      ...(text === '' ? [] : [spoken(text, logprobs)]),
      ...(refusal === '' ? [] : [{ kind: 'refusal', text: refusal } as const]),
      ...calls.flatMap((call) => this.#toolCall(asRecord(call) ?? {})),
    ];
  }

  /** A call is begun by its name, and known by its id where servers number all of them 0. */
  #toolCall(delta: JsonObject): readonly GenerationEvent[] {
    const at = asCount(delta['index']) ?? 0;
    const called = asRecord(delta['function']);
    const name = asText(called?.['name']) ?? '';
    const id = asText(delta['id']) || undefined;
    const known = this.#toolCalls.get(at);
    const isKnown =
      known && (id === undefined ? name === '' || !known.hasArguments : id === known.id);
    const begun: GenerationEvent[] = [];
    if (!isKnown) {
      if (name === '') return [{ kind: 'failure', failure: garbled('a tool call without a name') }];
      const index = this.#toolCallCount++;
      this.#toolCalls.set(at, { index, id, hasArguments: false });
      begun.push({ kind: 'tool-call', index, name, ...(id === undefined ? {} : { callId: id }) });
    }
    const call = this.#toolCalls.get(at);
    const text = argumentsIn(called?.['arguments']);
    if (text === undefined)
      return [{ kind: 'failure', failure: garbled('the arguments of a call are nested too deep') }];
    if (!call || text === '') return begun;
    call.hasArguments = true;
    return [...begun, { kind: 'tool-arguments', index: call.index, text }];
  }

  #ended(): readonly GenerationEvent[] {
    if (this.#finishReason === undefined) return [{ kind: 'failure', failure: truncated }];
    const usage = this.#usage;
    const reason = endReason(this.#finishReason, this.#toolCallCount > 0);
    return [...(usage ? [{ kind: 'usage', usage } as const] : []), { kind: 'end', reason }];
  }

  #failure(chunk: JsonObject): GenerationEvent {
    const told = readError(chunk);
    const failure = failureInBand(told, this.#headers, this.#wall, this.#secret);
    const isRequestFault = requestFaultPattern.test(told.code ?? '');
    return { kind: 'failure', failure: isRequestFault ? { ...failure, isRequestFault } : failure };
  }
}

/** Text as it should be; some servers send the object itself. */
const argumentsIn = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value;
  const record = asRecord(value);
  return record ? jsonText(record) : '';
};

const endReason = (reason: string, hasCalls: boolean): EndReason => {
  if (reason === 'length') return 'length';
  if (reason === 'content_filter') return 'content-filter';
  return hasCalls ? 'tool-calls' : 'stop';
};

const usageOf = (usage: JsonObject | undefined): Usage | undefined => {
  const inputTokens = asCount(usage?.['prompt_tokens']);
  const outputTokens = asCount(usage?.['completion_tokens']);
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  const cached = asCount(asRecord(usage?.['prompt_tokens_details'])?.['cached_tokens']);
  const reasoning = asCount(asRecord(usage?.['completion_tokens_details'])?.['reasoning_tokens']);
  return {
    inputTokens,
    outputTokens,
    ...(cached === undefined ? {} : { cachedInputTokens: cached }),
    ...(reasoning === undefined ? {} : { reasoningTokens: reasoning }),
  };
};
