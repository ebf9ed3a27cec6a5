import { describe, expect, test } from 'vitest';

import type { PromptItem } from '../../../src/protocol/responses.ts';
import { encodeSse, sseComment, sseDone } from '../../../src/protocol/sse.ts';
import type { UpstreamCall } from '../../../src/target/proxy/proxy.ts';
import {
  responsesRequest,
  responsesUpstream,
} from '../../../src/target/proxy/responses-upstream.ts';
import type { BackendSystem } from '../../../src/system/system.ts';
import { systemClock } from '../../../src/time/system-clock.ts';
import {
  backend,
  bodyOf,
  call,
  chunk,
  collect,
  head,
  lastChunk,
  never,
  scriptedServer,
  status,
} from './scripted-server.ts';

const clock = systemClock();
const sse = head('text/event-stream; charset=utf-8');

const event = (type: string, more: object = {}): string => encodeSse(type, { type, ...more });
const text = (delta: string): string =>
  event('response.output_text.delta', { output_index: 0, content_index: 0, delta });
const usage = {
  input_tokens: 30,
  input_tokens_details: { cached_tokens: 10 },
  output_tokens: 4,
  output_tokens_details: { reasoning_tokens: 1 },
  total_tokens: 34,
};
const completed = event('response.completed', { response: { status: 'completed', usage } });
const created = event('response.created', { response: { id: 'resp_x', status: 'in_progress' } });

const answered = async (
  answer: string,
  more: Partial<BackendSystem> = {},
  ask: Partial<UpstreamCall> = {},
) => {
  await using server = await scriptedServer((socket) => socket.write(answer));
  const base = { ...backend('azure-openai', [server.url]), ...more };
  const upstream = responsesUpstream(
    { ...base, urls: [server.url + (more.urls?.[0] ?? '')] },
    { clock },
  );
  const events = await collect(upstream.open(call(ask), never()));
  await upstream.close();
  return { events, last: events.at(-1), request: server.requests[0] };
};

const stream = (...frames: readonly string[]): string =>
  sse + frames.map((it) => chunk(it)).join('') + lastChunk;

const spoken = async (...frames: readonly string[]) => (await answered(stream(...frames))).events;

describe('what an answer becomes', () => {
  test('text, usage and the end are told; lifecycle events and comments are not', async () => {
    const item = { output_index: 0, item: { type: 'message', id: 'msg_1' } };
    expect(
      await spoken(
        created,
        sseComment('ping'),
        event('response.output_item.added', item),
        text('a1 '),
        text('a2'),
        event('response.output_text.done', { output_index: 0, content_index: 0, text: 'a1 a2' }),
        event('response.something_new', { delta: 'x' }),
        completed,
        sseDone,
      ),
    ).toEqual([
      { kind: 'text', text: 'a1 a2' },
      {
        kind: 'usage',
        usage: { inputTokens: 30, outputTokens: 4, cachedInputTokens: 10, reasoningTokens: 1 },
      },
      { kind: 'end', reason: 'stop' },
    ]);
  });

  test('an answer that begins again after it has said something is not whole', async () => {
    const twice = await spoken(created, created, text('a1 '), completed);
    expect(twice.at(-1)).toEqual({ kind: 'end', reason: 'stop' });
    const [, last] = await spoken(created, text('a1 '), created, text('a1 '), completed);
    expect(last).toMatchObject({ failure: { message: 'the answer began twice' } });
  });

  test('a whole text at a place unheard of is not said once more', async () => {
    const elsewhere = { output_index: 3, content_index: 1, text: 'a1 ' };
    const whole = event('response.output_text.done', elsewhere);
    expect((await spoken(text('a1 '), whole, completed))[0]).toEqual({ kind: 'text', text: 'a1 ' });
  });

  test('a text of which only the whole is sent is told', async () => {
    const whole = event('response.output_text.done', { output_index: 0, text: 'a1 a2' });
    expect((await spoken(whole, completed))[0]).toEqual({ kind: 'text', text: 'a1 a2' });
  });

  test('parallel calls are told apart by their place in the output', async () => {
    const added = (output_index: number, name: string): string =>
      event('response.output_item.added', {
        output_index,
        item: { type: 'function_call', id: `fc_${name}`, call_id: `call_${name}`, name },
      });
    const delta = (output_index: number, part: string): string =>
      event('response.function_call_arguments.delta', { output_index, delta: part });
    const done = event('response.function_call_arguments.done', {
      output_index: 3,
      arguments: '{"b":2}',
    });
    expect(
      await spoken(
        added(1, 'a'),
        added(3, 'b'),
        delta(1, '{"a"'),
        delta(1, ':1}'),
        done,
        completed,
      ),
    ).toMatchObject([
      { kind: 'tool-call', index: 0, name: 'a', callId: 'call_a' },
      { kind: 'tool-call', index: 1, name: 'b', callId: 'call_b' },
      { kind: 'tool-arguments', index: 0, text: '{"a"' },
      { kind: 'tool-arguments', index: 0, text: ':1}' },
      { kind: 'tool-arguments', index: 1, text: '{"b":2}' },
      { kind: 'usage' },
      { kind: 'end', reason: 'tool-calls' },
    ]);
  });

  test.each([
    'response.reasoning_summary_text.delta',
    'response.reasoning_text.delta',
    'response.reasoning.delta',
  ])('%s is reasoning', async (type) => {
    const [first] = await spoken(event(type, { output_index: 0, delta: 'Hm.' }), completed);
    expect(first).toEqual({ kind: 'reasoning', text: 'Hm.' });
  });

  test('a refusal is told as one', async () => {
    const refused = event('response.refusal.delta', { output_index: 0, delta: 'No.' });
    expect((await spoken(refused, completed))[0]).toEqual({ kind: 'refusal', text: 'No.' });
  });

  test.each([
    ['max_output_tokens', 'length'],
    ['content_filter', 'content-filter'],
  ])('an answer incomplete for %s ends with %s', async (reason, end) => {
    const response = { status: 'incomplete', incomplete_details: { reason }, usage };
    const events = await spoken(text('a1'), event('response.incomplete', { response }));
    expect(events.at(-1)).toEqual({ kind: 'end', reason: end });
  });
});

test('the parts of a reasoning summary are paragraphs', async () => {
  const part = (summary_index: number) =>
    event('response.reasoning_summary_part.added', { output_index: 0, summary_index });
  const thought = (delta: string) =>
    event('response.reasoning_summary_text.delta', { output_index: 0, delta });
  const events = await spoken(
    part(0),
    thought('One.'),
    part(1),
    thought('Two.'),
    text('x'),
    completed,
  );
  const told = events.map((it) => (it.kind === 'reasoning' ? it.text : '')).join('');
  expect(told).toBe('One.\n\nTwo.');
});

describe('what a failure becomes', () => {
  const failed = (error: object | null): string =>
    event('response.failed', { response: { status: 'failed', error } });
  const rateLimit = { code: 'rate_limit_exceeded', message: 'Slow down.' };

  test('response.failed with its error', async () => {
    const events = await spoken(created, failed({ code: 'server_error', message: 'Oh.' }));
    expect(events).toEqual([
      {
        kind: 'failure',
        failure: { reason: 'in-band', evidence: 'soft', message: 'Oh.', code: 'server_error' },
      },
    ]);
  });

  test.each([
    ['flat', event('error', { ...rateLimit, param: null })],
    ['nested', event('error', { error: { type: 'x', ...rateLimit } })],
  ])('a %s error event', async (_form, frame) => {
    expect(await spoken(text('a1'), frame, failed(null))).toMatchObject([
      { kind: 'text' },
      { kind: 'failure', failure: { reason: 'rate-limited', message: 'Slow down.' } },
    ]);
  });

  test('a rate limit inside a 200, explained after the fact, with its wait on the head', async () => {
    const answer =
      head('text/event-stream', 'retry-after: 7\r\ntransfer-encoding: chunked') +
      [created, failed(null), event('error', rateLimit)].map((it) => chunk(it)).join('') +
      lastChunk;
    expect((await answered(answer)).events).toMatchObject([
      { kind: 'failure', failure: { reason: 'rate-limited', retryAfterMs: 7000 } },
    ]);
  });

  test('a failure that is never explained is told all the same, though the stream stays open', async () => {
    const { events } = await answered(sse + chunk(failed(null)));
    expect(events).toMatchObject([{ kind: 'failure', failure: { reason: 'in-band' } }]);
  });

  test('a request that is itself at fault', async () => {
    const blamed = failed({ code: 'context_length_exceeded', message: 'Too long.' });
    expect(await spoken(blamed)).toMatchObject([
      { kind: 'failure', failure: { isRequestFault: true, code: 'context_length_exceeded' } },
    ]);
  });

  test.each([
    ['after text', [text('a1')]],
    ['after nothing but comments', [sseComment('ping'), sseComment('ping')]],
    ['after [DONE] alone', [text('a1'), sseDone]],
  ])('a clean end without a terminal event %s is truncated', async (_when, frames) => {
    expect((await spoken(...frames)).at(-1)).toMatchObject({ failure: { reason: 'truncated' } });
  });

  test('data that is not JSON is garbled', async () => {
    expect(await spoken(text('a1'), 'data: {"type":\n\n')).toMatchObject([
      { kind: 'text' },
      { failure: { reason: 'garbled' } },
    ]);
  });

  test('a whole response in JSON, where a stream was asked for, is garbled', async () => {
    const { last } = await answered(head('application/json') + chunk('{"output":[]}') + lastChunk);
    expect(last).toMatchObject({ failure: { reason: 'garbled' } });
  });

  test('a 400 passes on code and parameter', async () => {
    const error = { message: 'Blocked.', code: 'content_filter', param: 'prompt', type: null };
    const { last } = await answered(status(400, JSON.stringify({ error })));
    expect(last).toEqual({
      kind: 'failure',
      failure: {
        reason: 'status',
        evidence: 'soft',
        message: 'Blocked.',
        status: 400,
        isRequestFault: true,
        code: 'content_filter',
        param: 'prompt',
      },
    });
  });
});

describe('how long a 429 asks to be left alone', () => {
  const message = 'Requests have exceeded token rate limit. Please retry after 6 seconds.';
  test.each([
    ['retry-after-ms before all', ['retry-after-ms: 1500', 'retry-after: 9'], 1500],
    ['retry-after in seconds', ['retry-after: 9'], 9000],
    ['its words where headers are silent', [], 6000],
    ['its words where headers are negative', ['retry-after: -1'], 6000],
    ['its words where headers are nonsense', ['retry-after: abc'], 6000],
  ])('%s', async (_how, headers, retryAfterMs) => {
    const body = JSON.stringify({ error: { code: '429', message } });
    const { last } = await answered(status(429, body, headers));
    expect(last).toMatchObject({ failure: { reason: 'rate-limited', status: 429, retryAfterMs } });
  });

  test('a date', async () => {
    const date = new Date(clock.wall() + 20_000).toUTCString();
    const { last } = await answered(status(429, '{}', [`retry-after: ${date}`]));
    const wait = last?.kind === 'failure' ? last.failure.retryAfterMs : undefined;
    expect(wait).toBeGreaterThan(18_000);
    expect(wait).toBeLessThanOrEqual(20_000);
  });
});

describe('what is asked', () => {
  test.each([
    ['azure-openai', undefined, '', '/openai/v1/responses', 'api-key: box-key-0123456789'],
    ['azure-openai', undefined, '/openai/v1/', '/openai/v1/responses', 'api-key: '],
    ['azure-openai', 'preview', '', '/openai/v1/responses?api-version=preview', 'api-key: '],
    [
      'azure-openai',
      '2025-04-01-preview',
      '',
      '/openai/responses?api-version=2025-04-01-preview',
      'api-key: ',
    ],
    ['openai', undefined, '/v1', '/v1/responses', 'authorization: Bearer box-key-0123456789'],
  ] as const)('%s %s at "%s"', async (wire, apiVersion, base, path, key) => {
    const more = { wire, urls: [base], ...(apiVersion ? { apiVersion } : {}) };
    const { request } = await answered(stream(completed), more);
    expect(request).toContain(`POST ${path} HTTP/1.1`);
    expect(request).toContain(key);
    expect(request).toContain(
      'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    );
    expect(bodyOf(request)).toMatchObject({ stream: true, store: false, model: 'gpt-oss:120b' });
  });

  test('no id of ours, no status and no foreign reasoning is sent', () => {
    const input: readonly PromptItem[] = [
      { type: 'message', id: 'msg_1', status: 'completed', role: 'user', content: 'Hi.' },
      { type: 'reasoning', id: 'rs_1', summary: [] },
      {
        type: 'message',
        id: 'msg_2',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Yes?', annotations: [{ a: 1 }] }],
      },
      { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'f', arguments: '{}' },
      { type: 'function_call_output', id: 'fo_1', call_id: 'c1', output: 'ok' },
      { type: 'message', role: 'developer', content: 'Go on.' },
    ];
    expect(responsesRequest(call({ input }))['input']).toEqual([
      { type: 'message', role: 'user', content: 'Hi.' },
      {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Yes?', annotations: [] }],
      },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'ok' },
      { type: 'message', role: 'developer', content: 'Go on.' },
    ]);
  });

  test('what the model said is output and all else is input, whatever a client called it', () => {
    const parts = [
      { type: 'input_text', text: 'a' },
      { type: 'output_text', text: 'b' },
      { type: 'refusal', refusal: 'c' },
    ] as const;
    const said = (role: 'user' | 'assistant') => {
      const input: readonly PromptItem[] = [{ type: 'message', role, content: parts }];
      return responsesRequest(call({ input }))['input'];
    };
    const output = (text: string) => ({ type: 'output_text', text, annotations: [] });
    expect(said('assistant')).toMatchObject([{ content: [output('a'), output('b'), parts[2]] }]);
    const heard = ['a', 'b', 'c'].map((text) => ({ type: 'input_text', text }));
    expect(said('user')).toMatchObject([{ content: heard }]);
  });

  test('what the client asked for goes along, and nothing that it did not', () => {
    const asked = {
      verbosity: 'low',
      reasoningEffort: 'high',
      reasoningSummary: 'auto',
      promptCacheKey: 'k',
      safetyIdentifier: 's',
      user: 'u',
      serviceTier: 'flex',
    } as const;
    expect(responsesRequest(call(asked))).toMatchObject({
      text: { format: { type: 'text' }, verbosity: 'low' },
      reasoning: { effort: 'high', summary: 'auto' },
      prompt_cache_key: 'k',
      safety_identifier: 's',
      user: 'u',
      service_tier: 'flex',
    });
    expect(Object.keys(responsesRequest(call())).toSorted()).toEqual([
      'input',
      'model',
      'store',
      'stream',
      'text',
    ]);
  });
});
