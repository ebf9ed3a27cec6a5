/** Chat completions as an upstream: what is sent, and what the dialects in the field come to. */

import { describe, expect, test } from 'vitest';

import fc from 'fast-check';

import type { GenerationEvent } from '../../../src/protocol/generation.ts';
import { ChatReader } from '../../../src/target/proxy/chat-reader.ts';
import { chatCompletionRequest, chatUpstream } from '../../../src/target/proxy/chat-upstream.ts';
import type { UpstreamCall } from '../../../src/target/proxy/proxy.ts';
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

const sse = head('text/event-stream');
const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const delta = (fields: object, finish: string | null = null): string =>
  data({
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta: fields, finish_reason: finish }],
  });
const usage = data({
  choices: [],
  usage: {
    prompt_tokens: 30,
    completion_tokens: 4,
    prompt_tokens_details: { cached_tokens: 10 },
    completion_tokens_details: { reasoning_tokens: 1 },
  },
});
const done = 'data: [DONE]\n\n';

const read = (...frames: readonly string[]): readonly GenerationEvent[] => {
  const reader = new ChatReader({}, 0, undefined);
  const events = frames.flatMap((frame) => reader.push(new TextEncoder().encode(frame)));
  const isTold = events.some(({ kind }) => kind === 'end' || kind === 'failure');
  return isTold ? events : [...events, ...reader.end()];
};

const toolDelta = (fields: object): string => delta({ tool_calls: [fields] });
const f = (text: string): object => ({ name: 'f', arguments: text });

describe('what an answer becomes', () => {
  test('reasoning by either name, text, usage, and the end at [DONE]', () => {
    expect(
      read(
        delta({ role: 'assistant', content: null }),
        delta({ reasoning: 'Hm ' }),
        delta({ reasoning_content: 'so.' }),
        delta({ content: 'a1 ' }),
        delta({ content: 'a2' }),
        delta({}, 'stop'),
        usage,
        done,
      ),
    ).toEqual([
      { kind: 'reasoning', text: 'Hm ' },
      { kind: 'reasoning', text: 'so.' },
      { kind: 'text', text: 'a1 ' },
      { kind: 'text', text: 'a2' },
      {
        kind: 'usage',
        usage: { inputTokens: 30, outputTokens: 4, cachedInputTokens: 10, reasoningTokens: 1 },
      },
      { kind: 'end', reason: 'stop' },
    ]);
  });

  test.each([
    ['length', 'length'],
    ['content_filter', 'content-filter'],
    ['stop', 'stop'],
    ['something', 'stop'],
  ])('finish reason %s is %s', (finish, reason) => {
    expect(read(delta({ content: 'x' }, finish), done).at(-1)).toEqual({ kind: 'end', reason });
  });

  test('parallel calls by their index, with arguments in pieces', () => {
    expect(
      read(
        toolDelta({ index: 0, id: 'a', function: f('') }),
        toolDelta({ index: 1, id: 'b', function: f('{"x"') }),
        toolDelta({ index: 0, function: { arguments: '{}' } }),
        toolDelta({ index: 1, function: { arguments: ':1}' } }),
        delta({}, 'tool_calls'),
        done,
      ),
    ).toEqual([
      { kind: 'tool-call', index: 0, name: 'f', callId: 'a' },
      { kind: 'tool-call', index: 1, name: 'f', callId: 'b' },
      { kind: 'tool-arguments', index: 1, text: '{"x"' },
      { kind: 'tool-arguments', index: 0, text: '{}' },
      { kind: 'tool-arguments', index: 1, text: ':1}' },
      { kind: 'end', reason: 'tool-calls' },
    ]);
  });

  test('parallel calls that are all numbered 0, told apart by id, or by having a name', () => {
    const calls = (events: readonly GenerationEvent[]) =>
      events.filter(({ kind }) => kind === 'tool-call').length;
    const named = (id?: string) =>
      toolDelta({ index: 0, ...(id ? { id } : {}), function: f('{}') });
    expect(calls(read(named('a'), named('b'), delta({}, 'stop'), done))).toBe(2);
    expect(calls(read(named(), named(), delta({}, 'stop'), done))).toBe(2);
    // Some repeat id and name in every piece.
    expect(calls(read(named('a'), named('a'), delta({}, 'stop'), done))).toBe(1);
    expect(read(named('a'), delta({}, 'stop'), done).at(-1)).toEqual({
      kind: 'end',
      reason: 'tool-calls',
    });
  });

  test('a stream that closes after its reason, without [DONE], was whole', () => {
    expect(read(delta({ content: 'x' }), delta({}, 'stop')).at(-1)).toMatchObject({ kind: 'end' });
  });
});

describe('what a failure becomes', () => {
  test('[DONE] without a reason is a cut', () => {
    expect(read(delta({ content: 'x' }), done).at(-1)).toMatchObject({
      failure: { reason: 'truncated' },
    });
  });

  test.each([
    [data({ error: { message: 'CUDA error', code: 500 } }), { reason: 'in-band' }],
    [data({ object: 'error', message: 'no room', code: 40_303 }), { message: 'no room' }],
    [
      data({ error: { message: 'too long', code: 'context_length_exceeded' } }),
      { isRequestFault: true },
    ],
    [
      data({ error: { message: 'slow down', code: 'rate_limit_exceeded' } }),
      { reason: 'rate-limited' },
    ],
    ['data: nonsense\n\n', { reason: 'garbled' }],
    [toolDelta({ index: 0, function: { arguments: '{}' } }), { reason: 'garbled' }],
  ])('%s', (frame, failure) => {
    expect(read(delta({ content: 'x' }), frame).at(-1)).toMatchObject({ kind: 'failure', failure });
  });

  test('any JSON in a frame is read or is a failure, never more', () => {
    const field = fc.constantFrom('choices', 'delta', 'tool_calls', 'function', 'usage', 'error');
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.jsonValue({ maxDepth: 1 }),
        fc.dictionary(field, tie('tree'), { maxKeys: 4 }),
        fc.array(tie('tree'), { maxLength: 3 }),
      ),
    }));
    fc.assert(
      fc.property(fc.array(tree), (values) => {
        expect(() => read(...values.map((value) => data(value)))).not.toThrow();
      }),
    );
  });
});

describe('what is sent', () => {
  const sent = (more: Partial<UpstreamCall>) => chatCompletionRequest(call(more));

  test('a call whole: streamed, with usage, under the words of this wire', () => {
    expect(
      sent({
        instructions: 'Be brief.',
        format: { type: 'json_schema', name: 'n', schema: { type: 'object' }, strict: true },
        tools: [{ type: 'function', name: 'f', description: null, parameters: null, strict: null }],
        toolChoice: { type: 'function', name: 'f' },
        isParallelToolCalls: false,
        reasoningEffort: 'low',
        verbosity: 'high',
        maxOutputTokens: 9,
        stop: ['END'],
        seed: 7,
      }),
    ).toEqual({
      model: 'gpt-oss:120b',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Say hello.' },
      ],
      stream: true,
      stream_options: { include_usage: true },
      tools: [
        {
          type: 'function',
          function: { name: 'f', parameters: { type: 'object', properties: {} } },
        },
      ],
      tool_choice: { type: 'function', function: { name: 'f' } },
      parallel_tool_calls: false,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'n', schema: { type: 'object' }, strict: true },
      },
      reasoning_effort: 'low',
      verbosity: 'high',
      max_tokens: 9,
      stop: ['END'],
      seed: 7,
    });
  });

  test('text and the calls after it are one message, and images stand in parts', () => {
    const image_url = 'data:image/png;base64,AAAA';
    const { messages } = sent({
      input: [
        { type: 'message', role: 'developer', content: 'Look.' },
        {
          type: 'message',
          role: 'user',
          content: [
            { type: 'input_text', text: 'What?' },
            { type: 'input_image', image_url, detail: 'low' },
          ],
        },
        { type: 'reasoning', summary: [] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Well' }] },
        { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' },
        { type: 'function_call', call_id: 'b', name: 'g', arguments: '{}' },
        {
          type: 'function_call_output',
          call_id: 'a',
          output: [
            { type: 'input_text', text: 'A' },
            { type: 'input_image', image_url },
          ],
        },
        { type: 'function_call_output', call_id: 'b', output: [{ type: 'input_text', text: 'B' }] },
      ],
    });
    const called = (id: string, name: string) => ({
      id,
      type: 'function',
      function: { name, arguments: '{}' },
    });
    expect(messages).toEqual([
      { role: 'system', content: 'Look.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What?' },
          { type: 'image_url', image_url: { url: image_url, detail: 'low' } },
        ],
      },
      { role: 'assistant', content: 'Well', tool_calls: [called('a', 'f'), called('b', 'g')] },
      { role: 'tool', tool_call_id: 'a', content: 'A' },
      { role: 'tool', tool_call_id: 'b', content: 'B' },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: image_url } }] },
    ]);
  });
});

describe('over a socket', () => {
  const clock = systemClock();

  const answered = async (answer: string) => {
    await using server = await scriptedServer((socket) => socket.write(answer));
    const upstream = chatUpstream(
      { ...backend('openai', [`${server.url}/v1`]), api: 'chat' },
      { clock },
    );
    const events = await collect(upstream.open(call(), never()));
    await upstream.close();
    return { events, request: server.requests[0] };
  };

  test('the path, the key and the body', async () => {
    const frames = [delta({ content: 'a1' }), delta({}, 'stop'), usage, done];
    const { events, request } = await answered(
      sse + frames.map((frame) => chunk(frame)).join('') + lastChunk,
    );
    expect(request).toMatch(/^POST \/v1\/chat\/completions HTTP/);
    expect(request).toContain('authorization: Bearer box-key-0123456789');
    expect(bodyOf(request)).toMatchObject({ model: 'gpt-oss:120b', stream: true });
    expect(events.map(({ kind }) => kind)).toEqual(['text', 'usage', 'end']);
  });

  test('a stream without an end, and a status, are failures', async () => {
    const cut = await answered(sse + chunk(delta({ content: 'a1' })) + lastChunk);
    expect(cut.events.at(-1)).toMatchObject({ failure: { reason: 'truncated' } });
    const full = await answered(status(503, '{"error":{"message":"loading"}}'));
    expect(full.events).toMatchObject([{ failure: { reason: 'overloaded' } }]);
  });
});

describe('on Azure', () => {
  test.each([
    [undefined, '/openai/v1/chat/completions'],
    ['2024-10-21', '/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21'],
  ])('version %s is asked at %s, with its own key header', async (apiVersion, path) => {
    await using server = await scriptedServer((socket) => {
      socket.end(`${sse}${chunk(delta({ content: 'Hi' }, 'stop'))}${chunk(done)}${lastChunk}`);
    });
    const base = backend('azure-openai', [`${server.url}/openai/v1/`]);
    const azure = { ...base, api: 'chat', ...(apiVersion && { apiVersion }) } as const;
    const upstream = chatUpstream(azure, { clock: systemClock() });
    const candidate = { backend: 'azure', model: 'my gpt' };
    const asked = call({ candidate, maxOutputTokens: 50 });
    const events = await collect(upstream.open(asked, never()));
    await upstream.close();
    expect(events).toEqual([
      { kind: 'text', text: 'Hi' },
      { kind: 'end', reason: 'stop' },
    ]);
    const [request] = server.requests;
    expect(request).toContain(`POST ${path} HTTP/1.1`);
    expect(request).toContain('api-key: box-key-0123456789');
    expect(request).not.toContain('authorization');
    // Models that reason refuse the older name.
    expect(bodyOf(request)).toMatchObject({ max_completion_tokens: 50, model: 'my gpt' });
    expect(bodyOf(request)).not.toHaveProperty('max_tokens');
  });
});
