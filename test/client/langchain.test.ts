/**
 * `@langchain/openai` on the Responses API: messages with content blocks, tools bound to the model,
 * and the previous response as an option of the call.
 */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import {
  type AIMessage,
  AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  ToolMessage,
} from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';

import { answer, begun, look, rest, type ScriptName, thought } from './script.ts';
import { type ScriptedProxy, serveScripted } from './served.ts';
import { levelTool } from './tool.ts';

const opened = new AsyncDisposableStack();
let proxy: ScriptedProxy;
let continuing: ScriptedProxy;

before(async () => {
  proxy = opened.use(await serveScripted('fail'));
  continuing = opened.use(await serveScripted('continue'));
});
after(() => opened.disposeAsync());

const level = tool(
  ({ place }: { readonly place: string; readonly days: number }) => `${place} is full`,
  {
    name: levelTool.name,
    description: levelTool.description,
    schema: z.object({ place: z.string(), days: z.number().int() }),
  },
);

const modelOf = (served: ScriptedProxy, model: ScriptName): ChatOpenAI =>
  new ChatOpenAI({
    model,
    apiKey: 'unused',
    maxRetries: 0,
    useResponsesApi: true,
    configuration: { baseURL: served.url },
  });

type Runnable = Pick<ChatOpenAI, 'invoke' | 'stream'>;
type Ask = (
  model: Runnable,
  input: BaseMessage[],
  options?: { readonly previous_response_id?: string },
) => Promise<AIMessage>;

const invoked: Ask = (model, input, options) => model.invoke(input, options);

const streamed: Ask = async (model, input, options) => {
  let whole: AIMessageChunk | undefined;
  for await (const chunk of await model.stream(input, options))
    whole = whole === undefined ? chunk : whole.concat(chunk);
  assert.ok(whole, 'expected a chunk');
  return whole;
};

const ways: readonly (readonly [string, Ask])[] = [
  ['invoke', invoked],
  ['stream', streamed],
];

const question = [new HumanMessage('How is the dam?')];

const idOf = (message: AIMessage): string => String(message.response_metadata['id']);

const answersTo = (message: AIMessage): Promise<ToolMessage[]> =>
  Promise.all(
    (message.tool_calls ?? []).map((call) => level.invoke({ ...call, type: 'tool_call' })),
  );

for (const [way, ask] of ways)
  suite(`LangChain, ${way}`, () => {
    test('text arrives whole, with the id of the response and its usage', async () => {
      const message = await ask(modelOf(proxy, 'text'), question);
      assert.equal(message.text, answer);
      assert.match(idOf(message), /^resp_/);
      assert.equal(message.response_metadata['status'], 'completed');
      assert.match(JSON.stringify(message.usage_metadata), /"output_tokens":[1-9]/);
    });

    test('thinking is a block of its own', async () => {
      const message = await ask(modelOf(proxy, 'thinking'), question);
      assert.equal(message.text, answer);
      const reasoning = message.contentBlocks.find(({ type }) => type === 'reasoning');
      assert.equal(reasoning?.['reasoning'], thought);
    });

    test('a tool is called after text, and the whole history is replayed', async () => {
      const model = modelOf(proxy, 'thinking-tool').bindTools([level]);
      const asked = await ask(model, question);
      assert.equal(asked.text, look);
      assert.deepEqual(
        asked.tool_calls?.map(({ name, args }) => [name, args]),
        [['level', { place: 'Kurobe', days: 2 }]],
      );
      const told = await ask(model, [...question, asked, ...(await answersTo(asked))]);
      assert.equal(told.text, 'It says: Kurobe is full');
    });

    test('two tools are called at once, and their results are sent alone', async () => {
      const model = modelOf(proxy, 'parallel').bindTools([level]);
      const asked = await ask(model, question);
      assert.equal(asked.tool_calls?.length, 2);
      const options = { previous_response_id: idOf(asked) };
      const told = await ask(model, await answersTo(asked), options);
      assert.equal(told.text, 'They say: Kurobe is full, Miyagase is full');
    });

    test('a second turn has the first one before it', async () => {
      const model = modelOf(proxy, 'echo');
      const first = await ask(model, [new HumanMessage('One?')]);
      const options = { previous_response_id: idOf(first) };
      const chained = await ask(model, [new HumanMessage('Two?')], options);
      assert.equal(chained.text, 'asked: One? / Two?');
      const replayed = await ask(model, [
        new HumanMessage('One?'),
        first,
        new HumanMessage('Three?'),
      ]);
      assert.equal(replayed.text, 'asked: One? / Three?');
    });

    test('an answer cut by its limit says so', async () => {
      const message = await ask(modelOf(proxy, 'incomplete'), question);
      assert.equal(message.text, begun);
      assert.equal(message.response_metadata['status'], 'incomplete');
      assert.deepEqual(message.response_metadata['incomplete_details'], {
        reason: 'max_output_tokens',
      });
    });

    test('an error of every backend throws', async () => {
      await assert.rejects(ask(modelOf(proxy, 'failed'), question), (error) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, /503 No backend can serve this request: spark: .*azure: /);
        return true;
      });
    });

    for (const name of ['refused', 'broken', 'limited'] as const)
      test(`a first backend that is ${name} is not noticed`, async () => {
        const message = await ask(modelOf(proxy, name), question);
        assert.equal(message.text, answer);
      });
  });

suite('LangChain, an answer that breaks off', () => {
  test('throws in a stream', async () => {
    await assert.rejects(streamed(modelOf(proxy, 'cut'), question), /The answer broke off/);
  });

  test('is one text in a stream, where it is continued', async () => {
    const message = await streamed(modelOf(continuing, 'cut'), question);
    assert.equal(message.text, begun + rest);
  });
});
