/** The libraries against the simulated hybrid: sessions whose state outlives the process. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { createOpenAI } from '@ai-sdk/openai';
import { HumanMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents';
import { generateText, isStepCount, jsonSchema, tool as sdkTool } from 'ai';
import OpenAI from 'openai';
import { z } from 'zod';

import { type Served, serveHybrid } from './served.ts';

const model = 'gpt-oss-120b';
const folder = mkdtempSync(join(tmpdir(), 'spillway-client-'));
let served: Served;
let client: OpenAI;

const start = async (): Promise<void> => {
  served = await serveHybrid(folder);
  client = new OpenAI({ baseURL: served.url, apiKey: 'unused', maxRetries: 0 });
};

before(start);
after(async () => {
  await served.stop();
  rmSync(folder, { recursive: true });
});

const weather = {
  type: 'function',
  name: 'weather',
  description: 'The weather of a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'integer' } },
    required: ['city', 'days'],
    additionalProperties: false,
  },
  strict: true,
} as const;

test('two turns share their context', async () => {
  const first = await client.responses.create({ model, input: 'Hello. Answer in 20 tokens.' });
  assert.equal(first.status, 'completed');
  assert.notEqual(first.output_text, '');
  const second = await client.responses.create({
    model,
    input: 'Go on. Answer in 20 tokens.',
    previous_response_id: first.id,
  });
  assert.equal(second.status, 'completed');
  assert.equal(second.previous_response_id, first.id);
  assert.ok((second.usage?.input_tokens ?? 0) > (first.usage?.input_tokens ?? 0));
});

test('two turns share their context, streamed', async () => {
  const stream = async (input: string, previous?: string) => {
    let text = '';
    let response: OpenAI.Responses.Response | undefined;
    let sequence = 0;
    const events = await client.responses.create({
      model,
      input,
      stream: true,
      ...(previous === undefined ? {} : { previous_response_id: previous }),
    });
    for await (const event of events) {
      assert.equal(event.sequence_number, sequence++);
      if (event.type === 'response.output_text.delta') text += event.delta;
      if (event.type === 'response.completed') response = event.response;
    }
    assert.ok(response, 'expected response.completed');
    const [message] = response.output.filter((item) => item.type === 'message');
    const [part] = message?.content ?? [];
    assert.equal(part?.type === 'output_text' ? part.text : undefined, text);
    return response;
  };
  const first = await stream('Hello. Answer in 20 tokens.');
  const second = await stream('Go on. Answer in 20 tokens.', first.id);
  assert.ok((second.usage?.input_tokens ?? 0) > (first.usage?.input_tokens ?? 0));
});

test('the strict accumulator takes every event', async () => {
  const stream = client.responses.stream({ model, input: 'Hello. Answer in 20 tokens.' });
  const response = await stream.finalResponse();
  assert.equal(response.status, 'completed');
  assert.notEqual(response.output_text, '');
});

test('a tool is called, answered, and its result used', async () => {
  const asked = await client.responses
    .stream({ model, input: 'What is the weather in Kyoto for 2 days?', tools: [weather] })
    .finalResponse();
  const call = asked.output.find((item) => item.type === 'function_call');
  assert.ok(call, 'expected a function call');
  assert.equal(call.name, 'weather');
  const sent: unknown = JSON.parse(call.arguments);
  assert.ok(typeof sent === 'object' && sent !== null);
  assert.deepEqual(Object.keys(sent).toSorted(), ['city', 'days']);

  const answer = await client.responses.create({
    model,
    previous_response_id: asked.id,
    tools: [weather],
    input: [{ type: 'function_call_output', call_id: call.call_id, output: '{"sky":"rain"}' }],
  });
  assert.equal(answer.status, 'completed');
  assert.notEqual(answer.output_text, '');
});

test('a response can be read and deleted', async () => {
  const { id } = await client.responses.create({ model, input: 'Hello. Answer in 5 tokens.' });
  assert.equal((await client.responses.retrieve(id)).id, id);
  await client.responses.delete(id);
  await assert.rejects(client.responses.retrieve(id), OpenAI.NotFoundError);
  await assert.rejects(
    client.responses.create({ model, input: 'Go on.', previous_response_id: id }),
    (error) =>
      error instanceof OpenAI.BadRequestError && error.code === 'previous_response_not_found',
  );
});

test('an agent calls its tool and goes on, turn after turn', async () => {
  const asked: string[] = [];
  const forecast = tool({
    name: weather.name,
    description: weather.description,
    parameters: z.object({ city: z.string(), days: z.number().int() }),
    execute: ({ city }) => {
      asked.push(city);
      return 'rain';
    },
  });
  const modelProvider = new OpenAIProvider({ openAIClient: client, useResponses: true });
  const runner = new Runner({ modelProvider, tracingDisabled: true });
  const agent = new Agent({ name: 'guide', model, tools: [forecast] });
  const first = await runner.run(agent, 'What is the weather in Kyoto for 2 days?');
  assert.equal(asked.length, 1);
  assert.notEqual(first.finalOutput ?? '', '');
  assert.ok(first.lastResponseId !== undefined);
  const chatting = new Agent({ name: 'guide', model });
  const previousResponseId = first.lastResponseId;
  const second = await runner.run(chatting, 'Thank you. Answer in 20 tokens.', {
    previousResponseId,
  });
  assert.notEqual(second.finalOutput ?? '', '');
  const replayed = await runner.run(chatting, [
    ...first.history,
    { role: 'user', content: 'Thank you. Answer in 20 tokens.' },
  ]);
  assert.notEqual(replayed.finalOutput ?? '', '');
});

test('the AI SDK calls its tool, and refers to what is stored', async () => {
  const asked: string[] = [];
  const forecast = sdkTool({
    description: weather.description,
    inputSchema: jsonSchema<{ readonly city: string }>({
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer' } },
      required: ['city', 'days'],
    }),
    execute: ({ city }) => {
      asked.push(city);
      return 'rain';
    },
  });
  const told = await generateText({
    model: createOpenAI({ baseURL: served.url, apiKey: 'unused' })(model),
    prompt: 'What is the weather in Kyoto for 2 days?',
    tools: { weather: forecast },
    stopWhen: isStepCount(3),
    maxRetries: 0,
  });
  assert.equal(asked.length, 1);
  assert.equal(told.finishReason, 'stop');
  assert.notEqual(told.text, '');
});

test('LangChain goes on from the response before', async () => {
  const chat = new ChatOpenAI({
    model,
    apiKey: 'unused',
    maxRetries: 0,
    useResponsesApi: true,
    configuration: { baseURL: served.url },
  });
  const first = await chat.invoke([new HumanMessage('Hello. Answer in 20 tokens.')]);
  const options = { previous_response_id: String(first.response_metadata['id']) };
  const second = await chat.invoke([new HumanMessage('Go on. Answer in 20 tokens.')], options);
  assert.notEqual(second.text, '');
  assert.equal(second.response_metadata['status'], 'completed');
});

test('the models are listed', async () => {
  const { data } = await client.models.list();
  assert.deepEqual(
    data.map(({ id }) => id),
    [model],
  );
});

test('the context survives `kill -9` between the turns', async () => {
  const first = await client.responses.create({ model, input: 'Hello. Answer in 20 tokens.' });
  await served.kill();
  await start();
  assert.deepEqual(await client.responses.retrieve(first.id), first);
  const second = await client.responses.create({
    model,
    input: 'Go on. Answer in 20 tokens.',
    previous_response_id: first.id,
  });
  assert.equal(second.status, 'completed');
  assert.ok((second.usage?.input_tokens ?? 0) > (first.usage?.input_tokens ?? 0));
});
