/** An answer with a schema, as each client asks for it and takes it apart. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { createOpenAI } from '@ai-sdk/openai';
import { ChatOpenAI } from '@langchain/openai';
import { Agent, OpenAIProvider, Runner } from '@openai/agents';
import { generateText, Output } from 'ai';
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';

import { level } from './script.ts';
import { type ScriptedProxy, serveScripted } from './served.ts';

const opened = new AsyncDisposableStack();
let proxy: ScriptedProxy;
let client: OpenAI;

before(async () => {
  proxy = opened.use(await serveScripted('fail'));
  client = new OpenAI({ baseURL: proxy.url, apiKey: 'unused', maxRetries: 0 });
});
after(() => opened.disposeAsync());

const shape = z.object({ place: z.string(), isFull: z.boolean() });
const question = 'How is the dam?';

/** The schema has reached the model, and not only the client's own parser. */
const expectSchemaSent = (): void => {
  const sent = JSON.stringify(proxy.upstream.lastBody('spark', 'json')?.['format']);
  assert.match(sent, /"isFull":\{"type":"boolean"/);
};

suite('an answer with a schema', () => {
  test('openai parses it', async () => {
    const body = {
      model: 'json',
      input: question,
      text: { format: zodTextFormat(shape, 'level') },
    };
    assert.deepEqual((await client.responses.parse(body)).output_parsed, level);
    const streamed = await client.responses.stream(body).finalResponse();
    assert.deepEqual(streamed.output_parsed, level);
    expectSchemaSent();
  });

  test('Agents gives it as the final output', async () => {
    const modelProvider = new OpenAIProvider({ openAIClient: client, useResponses: true });
    const runner = new Runner({ modelProvider, tracingDisabled: true });
    const agent = new Agent({ name: 'keeper', model: 'json', outputType: shape });
    assert.deepEqual((await runner.run(agent, question)).finalOutput, level);
    expectSchemaSent();
  });

  test('the AI SDK gives it as the output', async () => {
    const model = createOpenAI({ baseURL: proxy.url, apiKey: 'unused' })('json');
    const { output } = await generateText({
      model,
      prompt: question,
      output: Output.object({ schema: shape }),
      maxRetries: 0,
    });
    assert.deepEqual(output, level);
    expectSchemaSent();
  });

  test('LangChain gives it alone', async () => {
    const model = new ChatOpenAI({
      model: 'json',
      apiKey: 'unused',
      maxRetries: 0,
      useResponsesApi: true,
      configuration: { baseURL: proxy.url },
    });
    const told = await model.withStructuredOutput(shape, { method: 'jsonSchema' }).invoke(question);
    assert.deepEqual(told, level);
    expectSchemaSent();
  });
});
