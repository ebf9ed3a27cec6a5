/**
 * The grammar of a Responses stream, as strict clients enforce it: order, pairing, ids, numbers,
 * one terminal event, `[DONE]`. Gives back what a client would have made of the stream.
 */

import assert from 'node:assert/strict';

import type { ResponseResource } from '../../src/protocol/responses.ts';
import { SseParser } from '../../src/protocol/sse.ts';
import { asRecord } from '../../src/target/proxy/json.ts';

type Json = Readonly<Record<string, unknown>>;

/** What a client has after the stream. */
export interface ReadStream {
  readonly events: readonly Json[];
  readonly types: readonly string[];
  readonly comments: number;
  /** All text deltas together. */
  readonly text: string;
  /** The resource in the terminal event. */
  readonly resource: ResponseResource;
  readonly error: Json | undefined;
}

interface ReadItem {
  readonly item: Record<string, unknown>;
  readonly parts: { type: string; text: string; isDone: boolean }[];
  readonly summaries: { text: string; isDone: boolean }[];
  arguments: string;
  isDone: boolean;
}

/** The value as an object, or a failure. */
const objectOf = (value: unknown): Json => {
  const object = asRecord(value);
  assert.ok(object, `expected an object, got ${String(value)}`);
  return object;
};

/** The value as a resource; what it really is, `checkResource` says. */
const resourceOf = (value: unknown): ResponseResource => JSON.parse(JSON.stringify(value));

const terminals: ReadonlySet<string> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
]);

/** Every field that the Open Responses schema requires of a response. */
const resourceFields =
  `id object created_at completed_at status incomplete_details model previous_response_id
  instructions output error tools tool_choice truncation parallel_tool_calls text top_p
  presence_penalty frequency_penalty top_logprobs temperature reasoning usage max_output_tokens
  max_tool_calls store background service_tier metadata safety_identifier prompt_cache_key`
    .trim()
    .split(/\s+/);

const idPrefixes = [
  ['message', 'msg_'],
  ['function_call', 'fc_'],
  ['custom_tool_call', 'ctc_'],
  ['reasoning', 'rs_'],
] as const;

/** Checks that a resource has each of the 31 fields, of types that strict clients accept. */
const checkResource = (resource: ResponseResource): void => {
  assert.equal(resourceFields.length, 31);
  for (const field of resourceFields) assert.ok(field in resource, `the resource lacks ${field}`);
  assert.match(resource.id, /^resp_[0-9a-f]{44}$/);
  for (const field of ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty'] as const)
    assert.equal(typeof resource[field], 'number', field);
  for (const item of resource.output) {
    const prefix = new Map<string, string>(idPrefixes).get(item.type);
    assert.ok(prefix && item.id?.startsWith(prefix), `${item.type} has id ${item.id}`);
    if (item.type === 'function_call') assert.match(item.call_id, /^call_/);
    if (item.type === 'message') assert.ok(Array.isArray(item.content));
  }
  if (resource.usage) {
    const { input_tokens, output_tokens, total_tokens } = resource.usage;
    assert.equal(total_tokens, input_tokens + output_tokens);
  }
};

/** Reads a stream as written, and fails on the first thing a strict client would not accept. */
export const readStream = (written: string): ReadStream => {
  const parser = new SseParser();
  const frames = [...parser.push(new TextEncoder().encode(written)), ...parser.end()];
  const data = frames.filter((frame) => !frame.isComment);
  assert.equal(data.at(-1)?.data, '[DONE]', 'the stream ends with [DONE]');
  const reader = new StreamReader();
  for (const frame of data.slice(0, -1)) {
    const event = objectOf(JSON.parse(frame.data));
    assert.equal(frame.event, event['type'], 'the event line names the type');
    reader.take(event);
  }
  return reader.end(frames.length - data.length);
};

class StreamReader {
  readonly #events: Json[] = [];
  readonly #items: ReadItem[] = [];
  readonly #ids = new Set<unknown>();
  #responseId: unknown;
  #terminal: Json | undefined;
  #error: Json | undefined;
  #text = '';

  take(event: Json): void {
    assert.equal(event['sequence_number'], this.#events.length, 'sequence numbers have no gap');
    assert.ok(!this.#terminal, 'nothing follows the terminal event');
    assert.equal(this.#events.length === 0, event['type'] === 'response.created');
    this.#events.push(event);
    const type = String(event['type']);
    assert.equal('error' in event && Boolean(event['error']), type === 'error', 'top-level error');
    if (type === 'error') this.#takeError(event);
    else if ('response' in event) this.#takeLifecycle(type, objectOf(event['response']));
    else if (type === 'response.output_item.added') this.#takeItem(event);
    else this.#takeDetail(type, event);
  }

  end(comments: number): ReadStream {
    assert.ok(this.#terminal, 'a terminal event');
    const resource = resourceOf(this.#terminal['response']);
    checkResource(resource);
    if (this.#terminal['type'] !== 'response.failed')
      assert.ok(
        this.#items.every((item) => item.isDone),
        'every item is done',
      );
    else assert.ok(this.#error, 'an error precedes response.failed');
    assert.equal(resource.output.length, this.#items.length);
    for (const [at, { item, isDone, parts }] of this.#items.entries()) {
      assert.equal(resource.output[at]?.id, item['id'], 'the final item is the streamed one');
      const final = resource.output[at];
      if (isDone) assert.deepEqual(final, item);
      if (final?.type === 'message' && Array.isArray(final.content))
        assert.deepEqual(
          final.content.map((part: Json) => part['text'] ?? part['refusal']),
          parts.map((part) => part.text),
        );
    }
    // A failure may find several calls open; a limit cuts only what was being written.
    const whole = resource.status === 'failed' ? [] : resource.output.slice(0, -1);
    for (const item of whole)
      if ('status' in item) assert.equal(item.status, 'completed', 'only the last is incomplete');
    return {
      events: this.#events,
      types: this.#events.map((event) => String(event['type'])),
      comments,
      text: this.#text,
      resource,
      error: this.#error,
    };
  }

  #takeError(event: Json): void {
    assert.equal(typeof event['code'], 'string');
    const nested = objectOf(event['error']);
    assert.equal(nested['message'], event['message']);
    assert.equal(nested['code'], event['code']);
    this.#error = event;
  }

  #takeLifecycle(type: string, response: Json): void {
    checkResource(resourceOf(response));
    this.#responseId ??= response['id'];
    assert.equal(response['id'], this.#responseId, 'one response id');
    if (terminals.has(type)) {
      assert.equal(`response.${String(response['status'])}`, type);
      this.#terminal = { type, response };
    } else {
      assert.ok(
        ['response.created', 'response.queued', 'response.in_progress'].includes(type),
        type,
      );
      assert.deepEqual([response['output'], response['usage']], [[], null]);
    }
  }

  #takeItem(event: Json): void {
    const item = objectOf(event['item']);
    assert.equal(event['output_index'], this.#items.length, 'items are numbered in order');
    assert.ok(typeof item['id'] === 'string' && item['id'] !== '');
    for (const id of [item['id'], item['call_id']])
      if (id !== undefined) assert.ok(!this.#ids.has(id), 'ids are unique');
    this.#ids.add(item['id']).add(item['call_id']);
    this.#items.push({ item: { ...item }, parts: [], summaries: [], arguments: '', isDone: false });
  }

  #takeDetail(type: string, event: Json): void {
    const entry = this.#items[Number(event['output_index'])];
    assert.ok(entry && !entry.isDone, `${type} for an item that is not open`);
    if (type === 'response.output_item.done') {
      this.#takeDone(entry, objectOf(event['item']));
      return;
    }
    assert.equal(event['item_id'], entry.item['id'], `${type} names its item`);
    const name = type.replace('response.', '');
    const kind = String(entry.item['type']);
    if (name.startsWith('reasoning_summary')) {
      assert.equal(kind, 'reasoning');
      this.#takeSummary(name, entry, event);
    } else if (name.startsWith('function_call_arguments')) {
      assert.equal(kind, 'function_call');
      if (name.endsWith('.delta')) entry.arguments += String(event['delta']);
      else assert.equal(event['arguments'], entry.arguments);
    } else if (name.startsWith('custom_tool_call_input')) {
      assert.equal(kind, 'custom_tool_call');
      if (name.endsWith('.delta')) entry.arguments += String(event['delta']);
      else assert.equal(event['input'], entry.arguments);
    } else {
      assert.equal(kind, 'message');
      this.#takePart(name, entry, event);
    }
  }

  #takePart(name: string, entry: ReadItem, event: Json): void {
    const part = entry.parts.at(-1);
    if (name === 'content_part.added') {
      assert.ok(!part || part.isDone, 'one part at a time');
      assert.equal(event['content_index'], entry.parts.length);
      entry.parts.push({ type: String(objectOf(event['part'])['type']), text: '', isDone: false });
      return;
    }
    assert.ok(part && !part.isDone, `${name} without a part`);
    assert.equal(event['content_index'], entry.parts.length - 1);
    const field = part.type === 'output_text' ? 'text' : 'refusal';
    if (name === `${field === 'text' ? 'output_text' : 'refusal'}.delta`) {
      part.text += String(event['delta']);
      if (field === 'text') this.#text += String(event['delta']);
    } else if (name === 'content_part.done') {
      assert.equal(objectOf(event['part'])[field], part.text);
      part.isDone = true;
    } else {
      assert.equal(name, `${field === 'text' ? 'output_text' : 'refusal'}.done`);
      assert.equal(event[field], part.text);
    }
  }

  #takeSummary(name: string, entry: ReadItem, event: Json): void {
    const part = entry.summaries.at(-1);
    if (name === 'reasoning_summary_part.added') {
      assert.equal(event['summary_index'], entry.summaries.length);
      entry.summaries.push({ text: '', isDone: false });
      return;
    }
    assert.ok(part && !part.isDone, `${name} without a part`);
    if (name === 'reasoning_summary_text.delta') part.text += String(event['delta']);
    else if (name === 'reasoning_summary_text.done') assert.equal(event['text'], part.text);
    else {
      assert.equal(name, 'reasoning_summary_part.done');
      part.isDone = true;
    }
  }

  #takeDone(entry: ReadItem, item: Json): void {
    assert.equal(item['id'], entry.item['id']);
    assert.ok(
      [...entry.parts, ...entry.summaries].every((part) => part.isDone),
      'parts are done',
    );
    if (item['type'] === 'function_call') assert.equal(item['arguments'], entry.arguments);
    if (item['type'] === 'custom_tool_call') assert.equal(item['input'], entry.arguments);
    if (item['type'] === 'reasoning') {
      const texts = entry.summaries.map((part) => part.text);
      for (const [field, type] of [
        ['summary', 'summary_text'],
        ['content', 'reasoning_text'],
      ] as const)
        assert.deepEqual(
          item[field],
          texts.map((text) => ({ type, text })),
        );
    }
    Object.assign(entry.item, item);
    entry.isDone = true;
  }
}
