/**
 * `ai` with `@ai-sdk/openai`: it refers to what it believes to be stored by `item_reference`, one
 * for each item, so state must be found by item as well as by response.
 */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import { createOpenAI, type OpenAIProvider } from '@ai-sdk/openai';
import {
  APICallError,
  generateText,
  isStepCount,
  jsonSchema,
  type ModelMessage,
  streamText,
  tool,
  type ToolSet,
} from 'ai';

import { recorder, type Recorder } from './recorder.ts';
import { answer, begun, note, rest, type ScriptName, thought } from './script.ts';
import { type ScriptedProxy, serveScripted } from './served.ts';
import { levelTool } from './tool.ts';

// It warns of reasoning that it leaves out; that it does so is what a test looks at.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

const opened = new AsyncDisposableStack();
let proxy: ScriptedProxy;
let continuing: ScriptedProxy;

before(async () => {
  proxy = opened.use(await serveScripted('fail'));
  continuing = opened.use(await serveScripted('continue'));
});
after(() => opened.disposeAsync());

const tools = {
  level: tool({
    description: levelTool.description,
    inputSchema: jsonSchema<{ readonly place: string }>({
      ...levelTool.parameters,
      type: 'object',
    }),
    execute: ({ place }) => `${place} is full`,
  }),
};

/** The same words for both ways of asking. */
interface Told {
  readonly finishReason: string;
  readonly text: string;
  readonly reasoning: string | undefined;
  readonly calls: readonly string[];
  readonly steps: number;
  readonly responseId: string;
  readonly errors: readonly unknown[];
}

interface Question {
  readonly messages: ModelMessage[];
  readonly tools?: ToolSet;
  readonly options?: {
    readonly store?: boolean;
    readonly include?: string[];
    readonly previousResponseId?: string;
  };
}

type Ask = (provider: OpenAIProvider, model: ScriptName, question?: Question) => Promise<Told>;

const plain: Question = { messages: [{ role: 'user', content: 'How is the dam?' }] };

const settings = (
  provider: OpenAIProvider,
  model: ScriptName,
  { messages, tools: offered, options }: Question,
) => ({
  model: provider(model),
  messages,
  maxRetries: 0,
  stopWhen: isStepCount(4),
  ...(offered ? { tools: offered } : {}),
  ...(options ? { providerOptions: { openai: { ...options } } } : {}),
});

const generated: Ask = async (provider, model, question = plain) => {
  const result = await generateText(settings(provider, model, question));
  return {
    finishReason: result.finishReason,
    text: result.text,
    reasoning: result.steps[0]?.reasoningText,
    calls: result.steps.flatMap((step) => step.toolCalls.map(({ toolName }) => toolName)),
    steps: result.steps.length,
    responseId: result.finalStep.response.id,
    errors: [],
  };
};

const streamed: Ask = async (provider, model, question = plain) => {
  const errors: unknown[] = [];
  const calls: string[] = [];
  let text = '';
  let reasoning: string | undefined;
  let finishReason = 'none';
  let steps = 0;
  let responseId = '';
  const result = streamText({
    ...settings(provider, model, question),
    onError: () => undefined,
  });
  for await (const part of result.stream) {
    if (part.type === 'start-step') {
      steps++;
      text = '';
    }
    if (part.type === 'text-delta') text += part.text;
    if (part.type === 'reasoning-delta' && steps === 1) reasoning = (reasoning ?? '') + part.text;
    if (part.type === 'tool-call') calls.push(part.toolName);
    if (part.type === 'error') errors.push(part.error);
    if (part.type === 'finish-step') responseId = part.response.id;
    if (part.type === 'finish') finishReason = part.finishReason;
  }
  return { finishReason, text, reasoning, calls, steps, responseId, errors };
};

const ways: readonly (readonly [string, Ask])[] = [
  ['generateText', generated],
  ['streamText', streamed],
];

const recorded = (): { readonly provider: OpenAIProvider; readonly recorder: Recorder } => {
  const record = recorder();
  const { fetch } = record;
  return {
    provider: createOpenAI({ baseURL: proxy.url, apiKey: 'unused', fetch }),
    recorder: record,
  };
};

for (const [way, ask] of ways)
  suite(`AI SDK, ${way}`, () => {
    test('text finishes with `stop`', async () => {
      const told = await ask(recorded().provider, 'text');
      assert.equal(told.finishReason, 'stop');
      assert.equal(told.text, answer);
      assert.match(told.responseId, /^resp_/);
    });

    test('thinking is reasoning, not text', async () => {
      const told = await ask(recorded().provider, 'thinking');
      assert.equal(told.reasoning, thought);
      assert.equal(told.text, answer);
    });

    test('a tool is called, and the next step refers to the stored items', async () => {
      const { provider, recorder: sent } = recorded();
      const told = await ask(provider, 'thinking-tool', { ...plain, tools });
      assert.deepEqual(told.calls, ['level']);
      assert.equal(told.steps, 2);
      assert.equal(told.text, 'It says: Kurobe is full');
      const references = sent.inputOf(1).filter(({ type }) => type === 'item_reference');
      assert.deepEqual(
        references.map(({ id }) => String(id).replace(/_.*/, '')),
        ['rs', 'msg'],
      );
    });

    test('without state the thought goes along sealed, and reaches the model again', async () => {
      const { provider, recorder: sent } = recorded();
      const options = { store: false, include: ['reasoning.encrypted_content'] };
      const told = await ask(provider, 'thinking-tool', { ...plain, tools, options });
      assert.equal(told.text, 'It says: Kurobe is full');
      assert.deepEqual(
        sent.inputOf(1).map(({ type, role }) => type ?? role),
        ['user', 'reasoning', 'assistant', 'function_call', 'function_call_output'],
      );
      const reached = JSON.stringify(proxy.upstream.lastBody('spark', 'thinking-tool'));
      assert.ok(reached.includes(`"thinking":"${thought}"`));
    });

    test('a tool that takes free text is called with it', async () => {
      const { provider } = recorded();
      const written: string[] = [];
      const custom = provider.tools.customTool({
        description: 'Writes it down.',
        execute: (text) => {
          written.push(text);
          return 'noted';
        },
      });
      const told = await ask(provider, 'custom', { ...plain, tools: { note: custom } });
      assert.deepEqual(written, [note]);
      assert.equal(told.text, 'It says: noted');
    });

    test('two tools are called at once', async () => {
      const told = await ask(recorded().provider, 'parallel', { ...plain, tools });
      assert.deepEqual(told.calls, ['level', 'level']);
      assert.equal(told.text, 'They say: Kurobe is full, Miyagase is full');
    });

    test('a second turn has the first one before it', async () => {
      const { provider } = recorded();
      const first = await ask(provider, 'echo', { messages: [{ role: 'user', content: 'One?' }] });
      const chained = await ask(provider, 'echo', {
        messages: [{ role: 'user', content: 'Two?' }],
        options: { previousResponseId: first.responseId },
      });
      assert.equal(chained.text, 'asked: One? / Two?');
    });

    test('an answer cut by its limit finishes with `length`', async () => {
      const told = await ask(recorded().provider, 'incomplete');
      assert.equal(told.finishReason, 'length');
      assert.equal(told.text, begun);
      assert.deepEqual(told.errors, []);
    });

    for (const model of ['refused', 'broken', 'limited'] as const)
      test(`a first backend that is ${model} is not noticed`, async () => {
        const told = await ask(recorded().provider, model);
        assert.equal(told.finishReason, 'stop');
        assert.equal(told.text, answer);
        assert.deepEqual(told.errors, []);
      });
  });

suite('AI SDK, what goes wrong', () => {
  test('an error of every backend is thrown, or is a part of the stream', async () => {
    const isTold = (error: unknown): boolean =>
      APICallError.isInstance(error) &&
      error.statusCode === 503 &&
      /spark: .*azure: /.test(error.message);
    await assert.rejects(generated(recorded().provider, 'failed'), isTold);
    const told = await streamed(recorded().provider, 'failed');
    assert.ok(told.errors.length === 1 && isTold(told.errors[0]), String(told.errors));
  });

  test('a stream that breaks off has an error part and finishes with `error`', async () => {
    const told = await streamed(recorded().provider, 'cut');
    assert.equal(told.finishReason, 'error');
    assert.equal(told.text, begun);
    assert.match(String(told.errors), /The answer broke off/);
  });

  test('a stream that breaks off and is continued is one text', async () => {
    const provider = createOpenAI({ baseURL: continuing.url, apiKey: 'unused' });
    const told = await streamed(provider, 'cut');
    assert.equal(told.finishReason, 'stop');
    assert.equal(told.text, begun + rest);
    assert.deepEqual(told.errors, []);
  });
});
