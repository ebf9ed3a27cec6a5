/**
 * `@openai/agents`: runs that call tools by themselves, with the history replayed by the client or
 * kept by us, and that throw on any answer that is not whole.
 */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import {
  Agent,
  type AgentInputItem,
  ModelBehaviorError,
  OpenAIProvider,
  Runner,
  tool,
} from '@openai/agents';
import OpenAI from 'openai';
import { z } from 'zod';

import { type Recorder, recorder } from './recorder.ts';
import { answer, begun, rest, type ScriptName } from './script.ts';
import { type ScriptedProxy, serveScripted } from './served.ts';
import { tap } from './tap.ts';
import { levelTool } from './tool.ts';

const opened = new AsyncDisposableStack();
let proxy: ScriptedProxy;
let continuing: ScriptedProxy;

before(async () => {
  proxy = opened.use(await serveScripted('fail'));
  continuing = opened.use(await serveScripted('continue'));
});
after(() => opened.disposeAsync());

const level = tool({
  name: levelTool.name,
  description: levelTool.description,
  parameters: z.object({ place: z.string(), days: z.number().int() }),
  execute: ({ place }) => `${place} is full`,
});

const agentOf = (model: ScriptName) =>
  new Agent({ name: 'keeper', model, instructions: 'Watch the dam.', tools: [level] });

interface Run {
  readonly text: string | undefined;
  /** What was streamed, if it was. */
  readonly deltas: string | undefined;
  readonly history: AgentInputItem[];
  readonly lastResponseId: string | undefined;
}

type Ask = (
  runner: Runner,
  model: ScriptName,
  input: string | AgentInputItem[],
  options?: { readonly previousResponseId?: string },
) => Promise<Run>;

const whole: Ask = async (runner, model, input, options = {}) => {
  const result = await runner.run(agentOf(model), input, options);
  const { finalOutput: text, history, lastResponseId } = result;
  return { text, deltas: undefined, history, lastResponseId };
};

const streamed: Ask = async (runner, model, input, options = {}) => {
  const result = await runner.run(agentOf(model), input, { ...options, stream: true });
  let deltas = '';
  for await (const event of result)
    if (event.type === 'raw_model_stream_event' && event.data.type === 'output_text_delta')
      deltas += event.data.delta;
  await result.completed;
  const { finalOutput: text, history, lastResponseId } = result;
  return { text, deltas, history, lastResponseId };
};

/** A runner that speaks over a WebSocket; closing the provider closes its socket. */
const socketRunner = ({ url }: Pick<ScriptedProxy, 'url'>) => {
  const openAIClient = new OpenAI({ baseURL: url, apiKey: 'unused', maxRetries: 0 });
  const provider = new OpenAIProvider({ openAIClient, useResponsesWebSocket: true });
  return {
    runner: new Runner({ modelProvider: provider, tracingDisabled: true }),
    [Symbol.asyncDispose]: () => provider.close(),
  };
};

const runnerOf = ({ url }: ScriptedProxy): { readonly runner: Runner; readonly sent: Recorder } => {
  const sent = recorder();
  const { fetch } = sent;
  const openAIClient = new OpenAI({ baseURL: url, apiKey: 'unused', maxRetries: 0, fetch });
  const modelProvider = new OpenAIProvider({ openAIClient, useResponses: true });
  return { runner: new Runner({ modelProvider, tracingDisabled: true }), sent };
};

const ways: readonly (readonly [string, Ask])[] = [
  ['whole', whole],
  ['streamed', streamed],
];

for (const [way, ask] of ways)
  suite(`Agents, ${way}`, () => {
    test('text is the final output', async () => {
      const run = await ask(runnerOf(proxy).runner, 'text', 'How is the dam?');
      assert.equal(run.text, answer);
      assert.match(run.lastResponseId ?? '', /^resp_/);
      if (run.deltas !== undefined) assert.equal(run.deltas, answer);
    });

    test('thinking is no part of the final output', async () => {
      const run = await ask(runnerOf(proxy).runner, 'thinking', 'How is the dam?');
      assert.equal(run.text, answer);
    });

    test('a tool is called within a run, and its first step is replayed', async () => {
      const { runner, sent } = runnerOf(proxy);
      const run = await ask(runner, 'thinking-tool', 'How is the dam?');
      assert.equal(run.text, 'It says: Kurobe is full');
      const prefixes = sent.inputOf(1).map(({ id }) => String(id ?? '').replace(/_.*/, ''));
      assert.deepEqual(prefixes, ['', 'rs', 'msg', 'fc', '']);
    });

    test('two tools are called at once', async () => {
      const run = await ask(runnerOf(proxy).runner, 'parallel', 'How are the dams?');
      assert.equal(run.text, 'They say: Kurobe is full, Miyagase is full');
    });

    test('a conversation goes on by its replayed history, tools and thoughts and all', async () => {
      const { runner } = runnerOf(proxy);
      const first = await ask(runner, 'thinking-tool', 'One?');
      const next: AgentInputItem[] = [...first.history, { role: 'user', content: 'Two?' }];
      const second = await ask(runner, 'echo', next);
      assert.equal(second.text, 'asked: One? / Two?');
    });

    test('a conversation goes on by the previous response, also through a tool', async () => {
      const { runner, sent } = runnerOf(proxy);
      const first = await ask(runner, 'echo', 'One?');
      assert.ok(first.lastResponseId !== undefined);
      const previousResponseId = first.lastResponseId;
      const second = await ask(runner, 'tool', 'Two?', { previousResponseId });
      assert.equal(second.text, 'It says: Kurobe is full');
      // The step after the tool sends its output alone.
      assert.deepEqual(
        sent.inputOf(2).map(({ type }) => type),
        ['function_call_output'],
      );
      assert.ok(second.lastResponseId !== undefined);
      const third = await ask(runner, 'echo', 'Three?', {
        previousResponseId: second.lastResponseId,
      });
      assert.equal(third.text, 'asked: One? / Two? / Three?');
    });

    test('an answer cut by its limit throws', async () => {
      const run = ask(runnerOf(proxy).runner, 'incomplete', 'How is the dam?');
      await assert.rejects(run, ModelBehaviorError);
    });

    test('an error of every backend throws the error of the client below', async () => {
      await assert.rejects(
        ask(runnerOf(proxy).runner, 'failed', 'How is the dam?'),
        (error) => error instanceof OpenAI.InternalServerError && error.status === 503,
      );
    });

    for (const model of ['refused', 'broken', 'limited'] as const)
      test(`a first backend that is ${model} is not noticed`, async () => {
        const run = await ask(runnerOf(proxy).runner, model, 'How is the dam?');
        assert.equal(run.text, answer);
      });
  });

suite('Agents, over a WebSocket', () => {
  test('a tool is called and the answer streamed, all on one socket', async () => {
    await using listener = await tap(proxy.url);
    await using session = socketRunner(listener);
    const run = await streamed(session.runner, 'thinking-tool', 'How is the dam?');
    assert.equal(run.text, 'It says: Kurobe is full');
    assert.equal(listener.heads.length, 1);
    assert.match(listener.heads[0] ?? '', /^GET .*upgrade: websocket/is);
  });

  test('a conversation goes on by the previous response', async () => {
    await using session = socketRunner(proxy);
    const first = await streamed(session.runner, 'echo', 'One?');
    assert.ok(first.lastResponseId !== undefined);
    const previousResponseId = first.lastResponseId;
    const second = await streamed(session.runner, 'echo', 'Two?', { previousResponseId });
    assert.equal(second.text, 'asked: One? / Two?');
  });

  test('an answer that is not whole throws, and leaves nothing behind for the next', async () => {
    await using session = socketRunner(proxy);
    for (const model of ['incomplete', 'cut', 'failed'] as const)
      await assert.rejects(streamed(session.runner, model, 'How is the dam?'), ModelBehaviorError);
    assert.equal((await streamed(session.runner, 'text', 'How is the dam?')).text, answer);
  });
});

suite('Agents, an answer that breaks off', () => {
  test('throws in a stream', async () => {
    await assert.rejects(
      streamed(runnerOf(proxy).runner, 'cut', 'How is the dam?'),
      (error) => error instanceof OpenAI.APIError && /The answer broke off/.test(error.message),
    );
  });

  test('is one text in a stream, where it is continued', async () => {
    const run = await streamed(runnerOf(continuing).runner, 'cut', 'How is the dam?');
    assert.equal(run.text, begun + rest);
    assert.equal(run.deltas, begun + rest);
  });
});
