/**
 * Chat completions for older apps, over the same heart: what they send, and what they are given.
 */

import { describe, expect, test } from 'vitest';

import fc from 'fast-check';

import { ApiError } from '../../../src/target/proxy/api-error.ts';
import { chatReply } from '../../../src/target/proxy/chat-reply.ts';
import { parseChatRequest } from '../../../src/target/proxy/chat-request.ts';
import { type JsonObject, asRecord } from '../../../src/target/proxy/json.ts';
import {
  ProxyWorld,
  RecordedReply,
  end,
  failure,
  numbered,
  text,
  usage,
} from '../../kit/proxy-world.ts';

const user = { role: 'user', content: 'Hello' };

const ask = async (world: ProxyWorld, body: JsonObject = {}) => {
  const reply = new RecordedReply(world.clock);
  const asked = parseChatRequest({ model: 'm', messages: [user], ...body });
  const caller = {
    name: 'anonymous',
    residency: 'local-first' as const,
    trace: '1'.padStart(32, '0'),
    requestId: 'req_1',
  };
  const done = world.proxy.respond(asked.request, caller, chatReply(reply, asked.isUsageAsked));
  await world.clock.runUntil(done, world.clock.now() + 3_600_000);
  return reply;
};

const frames = ({ body }: RecordedReply): readonly string[] =>
  body.split('\n\n').filter((frame) => frame !== '' && !frame.startsWith(':'));

const chunks = (reply: RecordedReply): readonly JsonObject[] =>
  frames(reply)
    .filter((frame) => frame !== 'data: [DONE]')
    .map((frame) => asRecord(JSON.parse(frame.replace(/^data: /, ''))) ?? {});

const choices = (reply: RecordedReply): readonly JsonObject[] =>
  chunks(reply).flatMap((chunk) => (Array.isArray(chunk['choices']) ? chunk['choices'] : []));

const deltas = (reply: RecordedReply): readonly unknown[] =>
  choices(reply).map((choice) => choice['delta']);

const call = (index: number, name: string, args: string) =>
  [
    { kind: 'tool-call', index, name },
    { kind: 'tool-arguments', index, text: args },
  ] as const;

describe('a stream', () => {
  test('begins with the role, ends with a reason, the usage if asked for, and [DONE]', async () => {
    const world = new ProxyWorld({
      spark: [() => [{ kind: 'reasoning', text: 'Hm.' }, ...numbered('p', 1, 2), usage(9, 3), end]],
    });
    const reply = await ask(world, { stream: true, stream_options: { include_usage: true } });
    expect(reply.headers).toMatchObject({
      'content-type': expect.stringContaining('text/event-stream'),
      'x-spillway-backend': 'spark',
    });
    expect(deltas(reply)).toEqual([
      { role: 'assistant', content: '', refusal: null },
      { reasoning_content: 'Hm.' },
      { content: 'p1 ' },
      { content: 'p2 ' },
      {},
    ]);
    const all = chunks(reply);
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    expect(all[0]).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion.chunk',
      model: 'm',
      usage: null,
    });
    expect(choices(reply).at(-1)).toMatchObject({ finish_reason: 'stop' });
    expect(all.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
    });
    expect(frames(reply).at(-1)).toBe('data: [DONE]');
  });

  test('tells parallel calls apart by their index', async () => {
    const world = new ProxyWorld({
      spark: [() => [...call(0, 'f', '{"a":1}'), ...call(1, 'g', '{}'), end]],
    });
    const tools = ['f', 'g'].map((name) => ({ type: 'function', function: { name } }));
    const reply = await ask(world, { stream: true, tools });
    const id = expect.stringMatching(/^call_/);
    const begun = (index: number, name: string) => ({
      tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }],
    });
    const grown = (index: number, text: string) => ({
      tool_calls: [{ index, function: { arguments: text } }],
    });
    expect(deltas(reply)).toEqual([
      { role: 'assistant', content: '', refusal: null },
      begun(0, 'f'),
      grown(0, '{"a":1}'),
      begun(1, 'g'),
      grown(1, '{}'),
      {},
    ]);
    expect(choices(reply).at(-1)).toMatchObject({ finish_reason: 'tool_calls' });
    expect(chunks(reply).some((chunk) => 'usage' in chunk)).toBe(false);
  });

  test('falls back silently before the first token', async () => {
    const world = new ProxyWorld({ spark: [() => [failure('refused', { evidence: 'hard' })]] });
    const reply = await ask(world, { stream: true });
    expect(deltas(reply)[1]).toEqual({ content: 'a1 ' });
  });

  test('that breaks off says so, and has no [DONE]', async () => {
    const world = new ProxyWorld({ spark: [() => [...numbered('p', 1, 3), failure('reset')]] });
    const reply = await ask(world, { stream: true });
    expect(chunks(reply).at(-1)).toMatchObject({
      error: { message: expect.stringContaining('broke off'), type: 'server_error' },
    });
    expect(reply.body).not.toContain('[DONE]');
    expect(reply.isEnded).toBe(true);
  });

  test('ends before a text that was named', async () => {
    const world = new ProxyWorld();
    await ask(world, { stream: true, stop: ['END'], seed: 7 });
    expect(world.spark.calls[0]).toMatchObject({ stop: ['END'], seed: 7 });
  });
});

describe('a whole answer', () => {
  test('is one message', async () => {
    const world = new ProxyWorld({
      spark: [() => [text('Hi'), ...call(0, 'f', '{}'), usage(9, 3), end]],
    });
    const reply = await ask(world, {
      tools: [{ type: 'function', function: { name: 'f' } }],
    });
    expect(reply.json).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      model: 'm',
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          message: {
            role: 'assistant',
            content: 'Hi',
            refusal: null,
            tool_calls: [{ type: 'function', function: { name: 'f', arguments: '{}' } }],
          },
        },
      ],
      usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
    });
  });

  test('that a limit cut short says so, and nothing is stored', async () => {
    const world = new ProxyWorld({
      spark: [() => [text('Hi'), usage(9, 1), { kind: 'end', reason: 'length' }]],
    });
    const reply = await ask(world, { max_tokens: 1 });
    expect(reply.json['choices']).toMatchObject([{ finish_reason: 'length' }]);
    expect(world.spark.calls[0]).toMatchObject({ maxOutputTokens: 1 });
    const id = String(reply.json['id']).replace('chatcmpl-', 'resp_');
    expect(await world.store.get(id)).toBeUndefined();
  });

  test('refuses an unknown model with 404, as OpenAI does on this route', async () => {
    const reply = await ask(new ProxyWorld(), { model: 'x' });
    expect([reply.status, reply.error['code']]).toEqual([404, 'model_not_found']);
  });

  test('local-only is obeyed', async () => {
    const world = new ProxyWorld({ spark: [() => [failure('refused')]] });
    const reply = await ask(world, { metadata: { residency: 'local-only' } });
    expect([reply.status, reply.error['code']]).toEqual([503, 'local_only_unavailable']);
    expect(world.azure.calls).toEqual([]);
  });
});

describe('what apps send', () => {
  const parse = (more: JsonObject) => parseChatRequest({ model: 'm', messages: [user], ...more });

  test('a conversation with images, tools, and their results', () => {
    const image = { url: 'data:image/png;base64,AAAA', detail: 'low' };
    const called = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } };
    const { request } = parse({
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
        { role: 'user', content: [{ type: 'image_url', image_url: image }] },
        { role: 'assistant', content: null, tool_calls: [called] },
        { role: 'tool', tool_call_id: 'call_1', content: 'done' },
        { role: 'assistant', content: 'Yes.', refusal: null },
      ],
      tools: [{ type: 'function', function: { name: 'f', strict: true } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema: {} } },
      reasoning_effort: 'low',
      max_completion_tokens: 7,
      stop: 'END',
      seed: -7,
    });
    expect(request).toMatchObject({
      input: [
        { role: 'system', content: [{ type: 'input_text', text: 'Be brief.' }] },
        { role: 'user', content: [{ type: 'input_image', image_url: image.url, detail: 'low' }] },
        { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'done' },
        { role: 'assistant', content: [{ type: 'output_text', text: 'Yes.' }] },
      ],
      tools: [{ type: 'function', name: 'f', strict: true }],
      toolChoice: { type: 'function', name: 'f' },
      format: { type: 'json_schema', name: 'n' },
      reasoningEffort: 'low',
      maxOutputTokens: 7,
      stop: ['END'],
      seed: -7,
      isStored: false,
    });
  });

  const refusal = (body: unknown): unknown => {
    try {
      parseChatRequest(body);
    } catch (error) {
      return error instanceof ApiError ? error.param : error;
    }
    throw new Error('it was accepted');
  };

  test.each([
    ['messages', {}],
    ['messages', { messages: [] }],
    ['messages[0].role', { messages: [{ role: 'function', content: 'x' }] }],
    ['messages[0].content', { messages: [{ role: 'user' }] }],
    [
      'messages[0].content[0].type',
      { messages: [{ ...user, content: [{ type: 'input_audio' }] }] },
    ],
    [
      'messages',
      { messages: [{ ...user, content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
    ],
    ['messages[0].tool_call_id', { messages: [{ role: 'tool', content: 'x' }] }],
    ['tools[0].function.name', { messages: [user], tools: [{ type: 'function', function: {} }] }],
    ['n', { messages: [user], n: 2 }],
    ['functions', { messages: [user], functions: [] }],
    ['stop', { messages: [user], stop: ['a', 'b', 'c', 'd', 'e'] }],
    ['max_tokens', { messages: [user], max_tokens: 0 }],
  ])('%s is named when it is wrong', (param, body) => {
    expect(refusal({ model: 'm', ...body })).toBe(param);
  });

  test('any JSON at all is read or refused, never more', () => {
    const wordOf = (words: string) => fc.constantFrom(...words.split(' '));
    const key = wordOf('messages tools tool_choice response_format stop stream_options n metadata');
    const field = wordOf(
      'role content type text tool_calls function custom name id image_url file',
    );
    const word = wordOf('user assistant tool text image_url file function custom allowed_tools');
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4, depthSize: 'small' },
        fc.jsonValue({ maxDepth: 1 }),
        word,
        fc.dictionary(field, tie('tree'), { maxKeys: 5 }),
        fc.array(tie('tree'), { maxLength: 4 }),
      ),
    }));
    const body = fc.dictionary(key, tree, { maxKeys: 5 });
    const isReadOrRefused = (value: unknown): boolean => {
      try {
        return parseChatRequest(value).request.model !== '';
      } catch (error) {
        return error instanceof ApiError && error.status === 400;
      }
    };
    fc.assert(
      fc.property(
        fc.oneof(
          body.map((it) => ({ model: 'm', messages: [user], ...it })),
          tree,
        ),
        (it) => {
          expect(isReadOrRefused(it)).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
