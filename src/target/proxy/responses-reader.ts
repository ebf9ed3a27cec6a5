/**
 * Reads the events of somebody else's Responses stream.
 *
 * Only what a reader would see, what a program would use and how it ended are taken; lifecycle
 * events and comments are neither, and types not known are passed over. Failures come in many
 * shapes: `response.failed`, a flat or a nested `error`, or, from Azure, a rate limit inside a 200:
 * `response.failed` with `error: null`, then an `error` that explains it, with `retry-after` on the
 * head of the 200 (earendil-works/pi#7983).
 */

import type { EndReason, Failure, GenerationEvent, Usage } from '../../protocol/generation.ts';
import { type SseEvent, SseParser } from '../../protocol/sse.ts';
import { type ErrorTold, failureInBand, garbled, readError, type StatusAnswer } from './failure.ts';
import { EventOrder, type NumberedEvent } from './event-order.ts';
import { asCount, asRecord, asText, type JsonObject, parseJson } from './json.ts';
import { spoken } from './logprob.ts';
import type { WireReader } from './upstream-stream.ts';

/** Types after which nothing comes that a reader waits for. */
const lastTypes: ReadonlySet<string> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'error',
]);

/** Codes that blame the request, whichever backend is asked. */
const requestFaultPattern = /^(?:invalid_prompt|invalid_request|context_length|content_filter)/;

/**
 * The last events repeat the whole answer, reasoning twice. So much holds the longest answer that
 * another Spillway lets through.
 */
const frameBytesMax = 64 * 2 ** 20;

/** An event, read as far as its place. */
interface PlacedEvent extends NumberedEvent {
  readonly type: string;
  readonly event: JsonObject;
}

interface ToolCall {
  readonly index: number;
  hasArguments: boolean;
}

export class ResponsesReader implements WireReader {
  readonly #parser = new SseParser(frameBytesMax);
  readonly #order = new EventOrder<PlacedEvent>();
  readonly #headers: StatusAnswer['headers'];
  readonly #wall: number;
  readonly #secret: string | undefined;
  /** Calls by their place in the output. */
  readonly #toolCalls = new Map<number, ToolCall>();
  /** Text parts of which something has been seen. */
  readonly #seenParts = new Set<string>();
  /** What came in pieces: a whole one at a place unheard of is the same once more. */
  readonly #pieced = new Set<string>();
  #announced: Failure | undefined;

  constructor(headers: StatusAnswer['headers'], wall: number, secret: string | undefined) {
    this.#headers = headers;
    this.#wall = wall;
    this.#secret = secret;
  }

  get announced(): Failure | undefined {
    return this.#announced;
  }

  push(bytes: Uint8Array): readonly GenerationEvent[] {
    return this.#parser.push(bytes).flatMap((event) => this.#read(event));
  }

  end(): readonly GenerationEvent[] {
    const last = this.#parser.end().flatMap((event) => this.#read(event));
    return [...last, ...this.#order.release().flatMap((event) => this.#take(event))];
  }

  #read(frame: SseEvent): readonly GenerationEvent[] {
    if (frame.isComment || frame.data === '[DONE]') return [];
    const event = asRecord(parseJson(frame.data));
    if (!event) return [failed('expected an event of JSON')];

    const type = asText(event['type']) ?? frame.event ?? '';
    const number = asCount(event['sequence_number']);
    const placed = { number, data: frame.data, isLast: lastTypes.has(type), type, event };
    const readable = this.#order.take(placed);
    if (!readable) return [failed('events out of order')];
    const [only] = readable;
    return readable.length === 1 && only
      ? this.#take(only)
      : readable.flatMap((it) => this.#take(it));
  }

  #take({ type, event }: PlacedEvent): readonly GenerationEvent[] {
    switch (type) {
      case 'response.created':
        // A server that tries again inside says so, and takes nothing back that it has said.
        return this.#hasSaid ? [failed('the answer began twice')] : [];
      case 'response.output_text.delta':
        return this.#delta(event, 'text', 'delta');
      case 'response.output_text.done':
        return this.#rest(event, 'text', 'text');
      case 'response.refusal.delta':
        return this.#delta(event, 'refusal', 'delta');
      case 'response.refusal.done':
        return this.#rest(event, 'refusal', 'refusal');
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
      case 'response.reasoning.delta':
        return this.#delta(event, 'reasoning', 'delta');
      case 'response.reasoning_summary_part.added':
        // Parts are paragraphs of one summary.
        return (asCount(event['summary_index']) ?? 0) > 0
          ? [{ kind: 'reasoning', text: '\n\n' }]
          : [];
      case 'response.output_item.added':
        return this.#itemAdded(event);
      case 'response.function_call_arguments.delta':
        return this.#arguments(event, asText(event['delta']));
      case 'response.function_call_arguments.done':
        return this.#argumentsDone(event, asText(event['arguments']));
      case 'response.output_item.done':
        return this.#argumentsDone(event, asText(asRecord(event['item'])?.['arguments']));
      case 'response.completed':
      case 'response.incomplete':
        return this.#ended(asRecord(event['response']) ?? {}, type);
      case 'response.failed':
        return this.#failed(asRecord(event['response']) ?? {});
      case 'error':
        return [{ kind: 'failure', failure: this.#failure(readError(event)) }];
      default:
        return [];
    }
  }

  #delta(
    event: JsonObject,
    kind: 'text' | 'refusal' | 'reasoning',
    field: string,
  ): readonly GenerationEvent[] {
    const text = asText(event[field]) ?? '';
    if (text === '') return [];
    this.#seenParts.add(partOf(event));
    if (field === 'delta') this.#pieced.add(kind);
    return [kind === 'text' ? spoken(text, event['logprobs']) : { kind, text }];
  }

  /** The whole of a part, from a server that sent no deltas of it. */
  #rest(event: JsonObject, kind: 'text' | 'refusal', field: string): readonly GenerationEvent[] {
    const isSeen = this.#pieced.has(kind) || this.#seenParts.has(partOf(event));
    return isSeen ? [] : this.#delta(event, kind, field);
  }

  get #hasSaid(): boolean {
    return this.#seenParts.size > 0 || this.#toolCalls.size > 0;
  }

  #itemAdded(event: JsonObject): readonly GenerationEvent[] {
    const item = asRecord(event['item']);
    if (item?.['type'] !== 'function_call') return [];
    const name = asText(item['name']);
    if (name === undefined) return [failed('a tool call without a name')];
    const index = this.#toolCalls.size;
    this.#toolCalls.set(placeOf(event), { index, hasArguments: false });
    const callId = asText(item['call_id']);
    return [{ kind: 'tool-call', index, name, ...(callId === undefined ? {} : { callId }) }];
  }

  #arguments(event: JsonObject, text: string | undefined): readonly GenerationEvent[] {
    const call = this.#toolCalls.get(placeOf(event));
    if (!call) return [failed('arguments of an unknown call')];
    if (text === undefined || text === '') return [];
    call.hasArguments = true;
    return [{ kind: 'tool-arguments', index: call.index, text }];
  }

  /** The whole arguments, from a server that sent no deltas of them. */
  #argumentsDone(event: JsonObject, text: string | undefined): readonly GenerationEvent[] {
    const call = this.#toolCalls.get(placeOf(event));
    return !call || call.hasArguments ? [] : this.#arguments(event, text);
  }

  #ended(response: JsonObject, type: string): readonly GenerationEvent[] {
    const usage = usageOf(asRecord(response['usage']));
    const reason =
      type === 'response.incomplete'
        ? cutReason(asText(asRecord(response['incomplete_details'])?.['reason']))
        : this.#toolCalls.size > 0
          ? 'tool-calls'
          : 'stop';
    return [...(usage ? [{ kind: 'usage', usage } as const] : []), { kind: 'end', reason }];
  }

  #failed(response: JsonObject): readonly GenerationEvent[] {
    const error = asRecord(response['error']);
    if (error) return [{ kind: 'failure', failure: this.#failure(readError(error)) }];
    this.#announced = this.#failure({ message: 'the response failed, and no error was given' });
    return [];
  }

  #failure(told: ErrorTold): Failure {
    const failure = failureInBand(told, this.#headers, this.#wall, this.#secret);
    const isRequestFault = requestFaultPattern.test(told.code ?? '');
    return isRequestFault ? { ...failure, isRequestFault } : failure;
  }
}

const failed = (message: string): GenerationEvent => ({
  kind: 'failure',
  failure: garbled(message),
});

const placeOf = (event: JsonObject): number => asCount(event['output_index']) ?? 0;

const partOf = (event: JsonObject): string =>
  `${placeOf(event)} ${asCount(event['content_index']) ?? 0}`;

const cutReason = (reason: string | undefined): EndReason =>
  reason === 'content_filter' ? 'content-filter' : 'length';

const usageOf = (usage: JsonObject | undefined): Usage | undefined => {
  const inputTokens = asCount(usage?.['input_tokens']);
  const outputTokens = asCount(usage?.['output_tokens']);
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  const cached = asCount(asRecord(usage?.['input_tokens_details'])?.['cached_tokens']);
  const reasoning = asCount(asRecord(usage?.['output_tokens_details'])?.['reasoning_tokens']);
  return {
    inputTokens,
    outputTokens,
    ...(cached === undefined ? {} : { cachedInputTokens: cached }),
    ...(reasoning === undefined ? {} : { reasoningTokens: reasoning }),
  };
};
