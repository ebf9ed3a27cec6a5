/**
 * Writes down one exchange as it happens: every instant, and nothing derived from them.
 *
 * The recorder is told what the transport saw and understands the Responses stream in it. It holds
 * no clock and no socket, so a recorded exchange can be replayed byte by byte. What the answer said
 * is kept for the conversation and for counting numbered tokens, and never leaves memory.
 */

import type { ExchangeOutcome } from '../log/entry.ts';
import type { Channel, Chunk } from '../log/chunk-code.ts';
import type { Usage } from '../protocol/generation.ts';
import { textOfHeader } from '../protocol/header-text.ts';
import { type SseEvent, SseParser } from '../protocol/sse.ts';

/** A function the model asked the client to call. */
export interface ToolCall {
  readonly callId: string;
  readonly name: string;
  /** JSON text, as the model wrote it. */
  readonly arguments: string;
}

/** One turn as the client saw it. Absent: it did not happen, or nobody said. */
export interface TurnRecord {
  readonly trace: string;
  readonly sentAt?: number;
  readonly headersAt?: number;
  readonly firstEventAt?: number;
  readonly firstTokenAt?: number;
  readonly firstTextAt?: number;
  readonly lastTokenAt?: number;
  readonly lastTextAt?: number;
  /** The terminal event, or what ended the exchange without one. */
  readonly endedAt: number;
  readonly outcome: ExchangeOutcome;
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
  readonly responseId?: string;
  readonly backend?: string;
  readonly attempts?: number;
  readonly usage?: Usage;
  readonly chunks: readonly Chunk[];
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
}

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;
type Fields = Readonly<Record<string, unknown>>;

/** What a delta event adds to, by its type. */
const channelOf: ReadonlyMap<string, Channel> = new Map([
  ['response.output_text.delta', 'text'],
  ['response.reasoning_text.delta', 'reasoning'],
  ['response.reasoning_summary_text.delta', 'reasoning'],
  ['response.function_call_arguments.delta', 'arguments'],
  ['response.refusal.delta', 'refusal'],
]);

const terminalOf: ReadonlyMap<unknown, ExchangeOutcome> = new Map([
  ['completed', 'completed'],
  ['incomplete', 'incomplete'],
  ['failed', 'failed'],
  ['cancelled', 'failed'],
]);

/** An answer that is not a stream is kept up to here: an error, or a whole response. */
const bodyBytesMax = 4 * 2 ** 20;

/** Longer messages may quote the prompt. */
const messageCharsMax = 300;

export class ExchangeRecorder {
  readonly #record: { -readonly [Key in keyof TurnRecord]: TurnRecord[Key] };
  readonly #chunks: Chunk[] = [];
  readonly #toolCalls: ToolCall[] = [];
  readonly #parser = new SseParser();
  #isStream = true;
  #body: Uint8Array[] = [];
  #bodyBytes = 0;
  #text: string[] = [];
  #isOver = false;
  #hasError = false;

  constructor(trace: string) {
    this.#record = { trace, endedAt: 0, outcome: 'truncated', chunks: [], text: '', toolCalls: [] };
  }

  /** Whether the exchange has its outcome: a terminal event came, or it was ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Pieces of the answer that came so far, of any channel. */
  get tokens(): number {
    return this.#chunks.length;
  }

  sent(at: number): void {
    this.#record.sentAt = at;
  }

  headers(at: number, status: number, headers: Headers): void {
    this.#record.headersAt = at;
    this.#record.status = status;
    this.#isStream = textOf(headers['content-type'])?.includes('text/event-stream') ?? false;
    const backend = textOf(headers['x-spillway-backend']);
    if (backend) this.#record.backend = textOfHeader(backend);
    const attempts = Number(textOf(headers['x-spillway-attempts']));
    if (Number.isInteger(attempts) && attempts > 0) this.#record.attempts = attempts;
  }

  bytes(chunk: Uint8Array, at: number): void {
    if (this.#isOver) return;
    if (!this.#isStream) {
      this.#bodyBytes += chunk.length;
      if (this.#bodyBytes <= bodyBytesMax) this.#body.push(chunk);
      return;
    }
    this.#takeAll(this.#parser.push(chunk), at);
  }

  /** The response's body ended as HTTP says it should. */
  ended(at: number): void {
    if (this.#isOver) return;
    if (this.#isStream) this.#takeAll(this.#parser.end(), at);
    else this.#takeBody(at);
    if (this.#isOver) return;
    const isError = this.#hasError || (this.#record.status ?? 0) >= 400;
    this.#end(at, isError ? 'failed' : 'truncated');
  }

  /** The connection failed. Before any answer that is an error like any other. */
  failed(at: number, error: unknown): void {
    if (this.#isOver) return;
    const isAnswered = this.#record.headersAt !== undefined && !this.#hasError;
    if (!this.#hasError) {
      const code = fieldsOf(error)['code'];
      this.#tell(code, error instanceof Error ? error.message : String(error));
    }
    this.#end(at, isAnswered ? 'truncated' : 'failed');
  }

  /** The client's own deadline passed. */
  hung(at: number): void {
    if (!this.#isOver) this.#end(at, 'hung');
  }

  cancelled(at: number): void {
    if (!this.#isOver) this.#end(at, 'cancelled');
  }

  record(): TurnRecord {
    return {
      ...this.#record,
      chunks: this.#chunks,
      text: this.#text.join(''),
      toolCalls: this.#toolCalls,
    };
  }

  #takeAll(events: readonly SseEvent[], at: number): void {
    for (const { data, isComment } of events) if (!isComment && !this.#isOver) this.#take(data, at);
  }

  #take(data: string, at: number): void {
    this.#record.firstEventAt ??= at;
    const event = fieldsOf(parsed(data));
    const type = typeof event['type'] === 'string' ? event['type'] : '';
    const channel = channelOf.get(type);
    if (channel) this.#takeDelta(channel, event['delta'], at);
    else if (type === 'response.output_item.done') this.#takeItem(event['item']);
    else if (type === 'error') this.#takeError(event['error'] ?? event);
    else if (event['response'] !== undefined) this.#takeResource(event['response'], at);
  }

  #takeDelta(channel: Channel, delta: unknown, at: number): void {
    if (typeof delta !== 'string' || delta === '') return;
    const record = this.#record;
    this.#chunks.push({ at, channel });
    record.firstTokenAt ??= at;
    record.lastTokenAt = at;
    if (channel !== 'text') return;
    this.#text.push(delta);
    record.firstTextAt ??= at;
    record.lastTextAt = at;
  }

  #takeItem(item: unknown): void {
    const { type, call_id: callId, name, arguments: text } = fieldsOf(item);
    if (type !== 'function_call' || typeof callId !== 'string' || typeof name !== 'string') return;
    if (this.#toolCalls.some((call) => call.callId === callId)) return;
    this.#toolCalls.push({ callId, name, arguments: typeof text === 'string' ? text : '' });
  }

  #takeError(error: unknown): void {
    const { code, type, message } = fieldsOf(error);
    this.#hasError = true;
    this.#tell(code ?? type, message);
  }

  #takeResource(resource: unknown, at: number): void {
    const fields = fieldsOf(resource);
    const record = this.#record;
    if (typeof fields['id'] === 'string') record.responseId = fields['id'];
    const outcome = terminalOf.get(fields['status']);
    if (outcome === undefined) return;
    const backend = fieldsOf(fields['metadata'])['spillway_backend'];
    if (typeof backend === 'string' && backend !== '') record.backend = backend;
    const usage = usageOf(fields['usage']);
    if (usage) record.usage = usage;
    if (Array.isArray(fields['output'])) for (const item of fields['output']) this.#takeItem(item);
    if (outcome === 'incomplete') this.#tell(fieldsOf(fields['incomplete_details'])['reason']);
    if (outcome === 'failed' && fields['error']) this.#takeError(fields['error']);
    this.#end(at, outcome);
  }

  /** A whole body at once: an error, or a response that was not streamed, all of it one chunk. */
  #takeBody(at: number): void {
    const body = fieldsOf(parsed(Buffer.concat(this.#body).toString()));
    this.#body = [];
    if (body['error']) this.#takeError(body['error']);
    if (body['object'] !== 'response') return;
    const items: readonly unknown[] = Array.isArray(body['output']) ? body['output'] : [];
    for (const item of items) {
      const { type, content } = fieldsOf(item);
      if (type === 'message' && Array.isArray(content))
        for (const part of content) this.#takeDelta('text', fieldsOf(part)['text'], at);
    }
    this.#record.firstEventAt ??= at;
    this.#takeResource(body, at);
  }

  #tell(code: unknown, message?: unknown): void {
    if (typeof code === 'string' || typeof code === 'number') this.#record.code = String(code);
    if (typeof message === 'string' && message !== '')
      this.#record.message = message.slice(0, messageCharsMax);
  }

  #end(at: number, outcome: ExchangeOutcome): void {
    this.#isOver = true;
    this.#record.endedAt = at;
    this.#record.outcome = outcome;
  }
}

const usageOf = (usage: unknown): Usage | undefined => {
  const fields = fieldsOf(usage);
  const { input_tokens: inputTokens, output_tokens: outputTokens } = fields;
  if (typeof inputTokens !== 'number' || typeof outputTokens !== 'number') return undefined;
  const cached = fieldsOf(fields['input_tokens_details'])['cached_tokens'];
  const reasoning = fieldsOf(fields['output_tokens_details'])['reasoning_tokens'];
  return {
    inputTokens,
    outputTokens,
    ...(typeof cached === 'number' ? { cachedInputTokens: cached } : {}),
    ...(typeof reasoning === 'number' ? { reasoningTokens: reasoning } : {}),
  };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});

const textOf = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'string' ? header : header?.[0];
