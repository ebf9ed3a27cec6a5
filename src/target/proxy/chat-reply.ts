/**
 * `POST /v1/chat/completions` for older apps: the answer.
 *
 * The heart answers in the words of the Responses API, frame by frame; here each frame becomes the
 * chunks of this one. A stream that fails says so in a frame and ends without `[DONE]`, which is
 * how clients of this API tell a broken answer from a whole one.
 */

import { asRecord, asText, type JsonObject, parseJson } from './json.ts';
import type { Reply } from './proxy.ts';

/** What the heart is given in place of the client's own reply. */
export const chatReply = (reply: Reply, isUsageAsked: boolean): Reply => {
  const chunks = new ChatChunks(isUsageAsked);
  let write = (chunk: string): boolean => reply.write(chunk);
  return {
    gone: reply.gone,
    head(status, headers) {
      if (status >= 400) {
        write = (body) => {
          // OpenAI tells of an unknown model by another status on this route.
          const error = asRecord(asRecord(parseJson(body))?.['error']);
          reply.head(error?.['code'] === 'model_not_found' ? 404 : status, headers);
          return reply.write(body);
        };
        return;
      }
      const isStream = (headers['content-type'] ?? '').startsWith('text/event-stream');
      reply.head(status, headers);
      write = isStream
        ? (frame) => {
            const text = chunks.of(frame);
            return text === '' || reply.write(text);
          }
        : (body) => reply.write(JSON.stringify(completionOf(asRecord(parseJson(body)) ?? {})));
    },
    write: (chunk) => write(chunk),
    drained: () => reply.drained(),
    end: () => reply.end(),
  };
};

const doneFrame = 'data: [DONE]\n\n';

class ChatChunks {
  readonly #isUsageAsked: boolean;
  /** Calls by the id of their item, in the order in which they began. */
  readonly #calls = new Map<unknown, number>();
  #identity: JsonObject = {};
  #hasFailed = false;

  constructor(isUsageAsked: boolean) {
    this.#isUsageAsked = isUsageAsked;
  }

  /** The frames that one frame of a Responses stream becomes. */
  of(frame: string): string {
    if (frame.startsWith(':')) return frame;
    if (frame === doneFrame) return this.#hasFailed ? '' : doneFrame;
    const json = /^data: (.*)$/m.exec(frame)?.[1] ?? '';
    return this.#chunks(asRecord(parseJson(json)) ?? {})
      .map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)
      .join('');
  }

  #chunks(event: JsonObject): readonly JsonObject[] {
    switch (event['type']) {
      case 'response.created':
        this.#identity = identityOf(asRecord(event['response']) ?? {}, 'chat.completion.chunk');
        return [this.#delta({ role: 'assistant', content: '', refusal: null })];
      case 'response.output_text.delta':
        return [this.#delta({ content: event['delta'] }, null, logprobsOf(event['logprobs']))];
      case 'response.refusal.delta':
        return [this.#delta({ refusal: event['delta'] })];
      case 'response.reasoning_summary_text.delta':
        return [this.#delta({ reasoning_content: event['delta'] })];
      case 'response.output_item.added':
        return this.#begun(asRecord(event['item']) ?? {});
      case 'response.function_call_arguments.delta':
        return [this.#call(event['item_id'], { function: { arguments: event['delta'] } })];
      case 'response.custom_tool_call_input.delta':
        return [this.#call(event['item_id'], { custom: { input: event['delta'] } })];
      case 'response.completed':
      case 'response.incomplete':
        return this.#ended(asRecord(event['response']) ?? {});
      case 'error':
        this.#hasFailed = true;
        return [{ error: event['error'] }];
      default:
        return [];
    }
  }

  #begun(item: JsonObject): readonly JsonObject[] {
    const kind = callKinds.get(item['type']);
    if (!kind) return [];
    this.#calls.set(item['id'], this.#calls.size);
    const { call_id: id, name } = item;
    const called = { name, [kind === 'function' ? 'arguments' : 'input']: '' };
    return [this.#call(item['id'], { id, type: kind, [kind]: called })];
  }

  #call(itemId: unknown, fields: JsonObject): JsonObject {
    return this.#delta({ tool_calls: [{ index: this.#calls.get(itemId) ?? 0, ...fields }] });
  }

  #ended(response: JsonObject): readonly JsonObject[] {
    const last = this.#delta({}, finishReason(response));
    if (!this.#isUsageAsked) return [last];
    return [last, { ...this.#identity, choices: [], usage: usageOf(response) }];
  }

  #delta(
    delta: JsonObject,
    finish: string | null = null,
    logprobs: JsonObject | null = null,
  ): JsonObject {
    return {
      ...this.#identity,
      choices: [{ index: 0, delta, logprobs, finish_reason: finish }],
      ...(this.#isUsageAsked ? { usage: null } : {}),
    };
  }
}

const callKinds: ReadonlyMap<unknown, 'function' | 'custom'> = new Map([
  ['function_call', 'function'],
  ['custom_tool_call', 'custom'],
]);

const identityOf = (response: JsonObject, object: string): JsonObject => ({
  id: (asText(response['id']) ?? '').replace(/^resp_/, 'chatcmpl-'),
  object,
  created: response['created_at'],
  model: response['model'],
  service_tier: response['service_tier'],
});

const logprobsOf = (told: unknown): JsonObject | null =>
  Array.isArray(told) && told.length > 0 ? { content: told, refusal: null } : null;

/** The whole answer, from the response's resource. */
const completionOf = (response: JsonObject): JsonObject => {
  const items = recordsIn(response['output']);
  const parts = items.flatMap((item) => recordsIn(item['content']));
  const text = (type: string, field: string): string =>
    parts.map((part) => (part['type'] === type ? (asText(part[field]) ?? '') : '')).join('');
  const refusal = text('refusal', 'refusal');
  const reasoning = text('reasoning_text', 'text');
  const calls = items.flatMap((item) => callOf(item) ?? []);
  const message = {
    role: 'assistant',
    content: text('output_text', 'text') || null,
    refusal: refusal || null,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  const logprobs = logprobsOf(parts.flatMap((part) => recordsIn(part['logprobs'])));
  const choice = { index: 0, message, logprobs, finish_reason: finishReason(response) };
  return {
    ...identityOf(response, 'chat.completion'),
    choices: [choice],
    usage: usageOf(response),
  };
};

const callOf = (item: JsonObject): JsonObject | undefined => {
  const { call_id: id, name } = item;
  const kind = callKinds.get(item['type']);
  if (kind === undefined) return undefined;
  return kind === 'function'
    ? { id, type: kind, function: { name, arguments: item['arguments'] } }
    : { id, type: kind, custom: { name, input: item['input'] } };
};

const finishReason = (response: JsonObject): string => {
  const reason = asRecord(response['incomplete_details'])?.['reason'];
  if (reason === 'content_filter') return 'content_filter';
  if (reason !== undefined) return 'length';
  return recordsIn(response['output']).some((item) => callKinds.has(item['type']))
    ? 'tool_calls'
    : 'stop';
};

const usageOf = (response: JsonObject): JsonObject => {
  const usage = asRecord(response['usage']);
  return {
    prompt_tokens: usage?.['input_tokens'] ?? 0,
    completion_tokens: usage?.['output_tokens'] ?? 0,
    total_tokens: usage?.['total_tokens'] ?? 0,
    prompt_tokens_details: {
      cached_tokens: asRecord(usage?.['input_tokens_details'])?.['cached_tokens'] ?? 0,
    },
    completion_tokens_details: {
      reasoning_tokens: asRecord(usage?.['output_tokens_details'])?.['reasoning_tokens'] ?? 0,
    },
  };
};

const recordsIn = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.map((it: unknown) => asRecord(it) ?? {}) : [];
