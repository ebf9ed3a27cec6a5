/**
 * Older apps: the same clients on `/v1/chat/completions`, which goes through the same routing and
 * failover.
 */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { createOpenAI } from '@ai-sdk/openai';
import { HumanMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, streamText } from 'ai';
import OpenAI from 'openai';

import { answer, begun, look, rest, type ScriptName } from './script.ts';
import { type ScriptedProxy, serveScripted } from './served.ts';
import { levelTool } from './tool.ts';

type Completion = OpenAI.Chat.ChatCompletion;
type Message = OpenAI.Chat.ChatCompletionMessageParam;
type Ask = (client: OpenAI, model: ScriptName, messages: Message[]) => Promise<Completion>;

const opened = new AsyncDisposableStack();
let proxy: ScriptedProxy;
let continuing: ScriptedProxy;
let client: OpenAI;

const clientOf = ({ url }: ScriptedProxy): OpenAI =>
  new OpenAI({ baseURL: url, apiKey: 'unused', maxRetries: 0 });

before(async () => {
  proxy = opened.use(await serveScripted('fail'));
  continuing = opened.use(await serveScripted('continue'));
  client = clientOf(proxy);
});
after(() => opened.disposeAsync());

const { type, strict: _strict, ...level } = levelTool;
const tools = [{ type, function: level }];
const question: Message[] = [{ role: 'user', content: 'How is the dam?' }];

const ways: readonly (readonly [string, Ask])[] = [
  ['create', (it, model, messages) => it.chat.completions.create({ model, messages, tools })],
  [
    'stream',
    (it, model, messages) =>
      it.chat.completions
        .stream({ model, messages, tools, stream_options: { include_usage: true } })
        .finalChatCompletion(),
  ],
];

for (const [way, ask] of ways)
  suite(`openai chat, ${way}`, () => {
    test('text stops, with its usage', async () => {
      const { choices, usage } = await ask(client, 'text', question);
      assert.equal(choices[0]?.message.content, answer);
      assert.equal(choices[0].finish_reason, 'stop');
      assert.ok((usage?.completion_tokens ?? 0) > 0);
    });

    test('a tool is called after text, and its result is used', async () => {
      const { choices } = await ask(client, 'tool', question);
      const message = choices[0]?.message;
      assert.equal(choices[0]?.finish_reason, 'tool_calls');
      assert.equal(message?.content, look);
      const [call] = message.tool_calls ?? [];
      assert.ok(call?.type === 'function');
      assert.deepEqual(JSON.parse(call.function.arguments), { place: 'Kurobe', days: 2 });
      const result: Message = { role: 'tool', tool_call_id: call.id, content: 'full' };
      const told = await ask(client, 'tool', [...question, message, result]);
      assert.equal(told.choices[0]?.message.content, 'It says: full');
    });

    test('two tools are called at once', async () => {
      const { choices } = await ask(client, 'parallel', question);
      const calls = choices[0]?.message.tool_calls ?? [];
      assert.equal(new Set(calls.map(({ id }) => id)).size, 2);
      const results = calls.map(({ id }, at) => ({
        role: 'tool' as const,
        tool_call_id: id,
        content: String(at),
      }));
      const asked: Message[] = [
        ...question,
        { role: 'assistant', content: null, tool_calls: calls },
        ...results,
      ];
      const told = await ask(client, 'parallel', asked);
      assert.equal(told.choices[0]?.message.content, 'They say: 0, 1');
    });

    test('an error of every backend is a 503 with the cause of each', async () => {
      await assert.rejects(
        ask(client, 'failed', question),
        (error) =>
          error instanceof OpenAI.InternalServerError && /spark: .*azure: /.test(error.message),
      );
    });

    for (const model of ['refused', 'broken', 'limited'] as const)
      test(`a first backend that is ${model} is not noticed`, async () => {
        const { choices } = await ask(client, model, question);
        assert.equal(choices[0]?.message.content, answer);
      });
  });

suite('chat, an answer that is not whole', () => {
  test('finishes with `length` where its limit cut it', async () => {
    const body = { model: 'incomplete', messages: question };
    const { choices } = await client.chat.completions.create(body);
    assert.equal(choices[0]?.finish_reason, 'length');
    assert.equal(choices[0].message.content, begun);
    const reasons: unknown[] = [];
    for await (const chunk of await client.chat.completions.create({ ...body, stream: true }))
      reasons.push(chunk.choices[0]?.finish_reason ?? undefined);
    assert.deepEqual(
      reasons.filter((reason) => reason !== undefined),
      ['length'],
    );
  });

  const [, [, stream] = []] = ways;

  test('throws in a stream where it broke off', async () => {
    await assert.rejects(stream?.(client, 'cut', question) ?? Promise.resolve(), OpenAI.APIError);
  });

  test('is one text in a stream where it is continued', async () => {
    const told = await stream?.(clientOf(continuing), 'cut', question);
    assert.equal(told?.choices[0]?.message.content, begun + rest);
  });
});

suite('chat, other clients', () => {
  test('the AI SDK generates and streams', async () => {
    const model = createOpenAI({ baseURL: proxy.url, apiKey: 'unused' }).chat('text');
    assert.equal((await generateText({ model, prompt: 'How?' })).text, answer);
    const streamed = streamText({ model, prompt: 'How?' });
    assert.equal(await streamed.text, answer);
    assert.equal(await streamed.finishReason, 'stop');
  });

  test('LangChain invokes and streams', async () => {
    const model = new ChatOpenAI({
      model: 'text',
      apiKey: 'unused',
      maxRetries: 0,
      configuration: { baseURL: proxy.url },
    });
    assert.equal((await model.invoke([new HumanMessage('How?')])).text, answer);
    let text = '';
    for await (const chunk of await model.stream('How?')) text += chunk.text;
    assert.equal(text, answer);
  });
});
