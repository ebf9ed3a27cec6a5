/**
 * `openai`, the official client, in its three ways of asking: `create`, `create` as a stream, and
 * `stream`, whose accumulator throws on any event that does not follow from those before it.
 */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import OpenAI from 'openai';
import type { ResponseInputItem, ResponseStreamEvent } from 'openai/resources/responses/responses';

import { answer, begun, look, note, rest, type ScriptName, thought } from './script.ts';
import { type ScriptedProxy, serveScripted } from './served.ts';
import { levelTool } from './tool.ts';

type Response = OpenAI.Responses.Response;
type Body = Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, 'stream'> & {
  readonly model: ScriptName;
};
type Ask = (client: OpenAI, body: Body) => Promise<Response>;

const question = 'How is the dam?';

/** What a reader of raw events makes of them, checked against what the last one says. */
const followed = async (events: AsyncIterable<ResponseStreamEvent>): Promise<Response> => {
  let sequence = 0;
  let text = '';
  const ids = new Set<string>();
  const itemIds: (string | undefined)[] = [];
  let last: Response | undefined;
  for await (const event of events) {
    assert.equal(event.sequence_number, sequence++);
    if (event.type === 'response.output_text.delta') text += event.delta;
    if (event.type === 'response.output_item.added') itemIds.push(event.item.id ?? undefined);
    if (!('response' in event)) continue;
    last = event.response;
    ids.add(last.id);
  }
  assert.ok(last, 'expected a response');
  assert.equal(ids.size, 1, 'every event speaks of one response');
  assert.deepEqual(
    last.output.map(({ id }) => id),
    itemIds,
  );
  assert.equal(textOf(last), text);
  return last;
};

const textOf = ({ output }: Response): string =>
  output
    .flatMap((item) => (item.type === 'message' ? item.content : []))
    .map((part) => (part.type === 'output_text' ? part.text : part.refusal))
    .join('');

const callsOf = ({ output }: Response) => output.filter((item) => item.type === 'function_call');

const ways: readonly (readonly [string, Ask])[] = [
  ['create', (client, body) => client.responses.create(body)],
  [
    'create, streamed',
    async (client, body) => followed(await client.responses.create({ ...body, stream: true })),
  ],
  ['stream', (client, body) => client.responses.stream(body).finalResponse()],
];

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

for (const [way, ask] of ways)
  suite(`openai, ${way}`, () => {
    test('text arrives whole, under the id it is kept by', async () => {
      const response = await ask(client, { model: 'text', input: question });
      assert.equal(response.status, 'completed');
      assert.equal(textOf(response), answer);
      assert.match(response.id, /^resp_/);
      assert.match(response.output[0]?.id ?? '', /^msg_/);
      const kept = await client.responses.retrieve(response.id);
      assert.equal(kept.id, response.id);
      assert.equal(kept.output_text, answer);
      assert.deepEqual(
        kept.output.map(({ id }) => id),
        response.output.map(({ id }) => id),
      );
      assert.ok((response.usage?.output_tokens ?? 0) > 0);
    });

    test('thinking is a reasoning item of its own, before the text', async () => {
      const response = await ask(client, { model: 'thinking', input: question });
      const [reasoning, message] = response.output;
      assert.ok(reasoning?.type === 'reasoning');
      assert.match(reasoning.id, /^rs_/);
      assert.deepEqual(
        reasoning.summary.map(({ text }) => text),
        [thought],
      );
      assert.deepEqual(
        reasoning.content?.map(({ text }) => text),
        [thought],
      );
      assert.equal(message?.type, 'message');
      assert.equal(textOf(response), answer);
    });

    test('a tool is called after text, and its result is used', async () => {
      const asked = await ask(client, { model: 'tool', input: question, tools: [levelTool] });
      assert.equal(textOf(asked), look);
      const [call] = callsOf(asked);
      assert.equal(call?.name, 'level');
      assert.deepEqual(JSON.parse(call.arguments), { place: 'Kurobe', days: 2 });
      const told = await ask(client, {
        model: 'tool',
        previous_response_id: asked.id,
        tools: [levelTool],
        input: [{ type: 'function_call_output', call_id: call.call_id, output: 'full' }],
      });
      assert.equal(told.previous_response_id, asked.id);
      assert.equal(textOf(told), 'It says: full');
    });

    test('two tools are called at once, and without state everything is replayed', async () => {
      const tools = [levelTool];
      const asked = await ask(client, { model: 'parallel', input: question, tools, store: false });
      const calls = callsOf(asked);
      assert.deepEqual(
        calls.map((call) => JSON.parse(call.arguments).place),
        ['Kurobe', 'Miyagase'],
      );
      assert.equal(new Set(calls.flatMap((call) => [call.id, call.call_id])).size, 4);
      const input: ResponseInputItem[] = [
        { role: 'user', content: question },
        ...calls,
        ...calls.map(({ call_id }, at) => ({
          type: 'function_call_output' as const,
          call_id,
          output: `level ${at}`,
        })),
      ];
      const told = await ask(client, { model: 'parallel', input, tools, store: false });
      assert.equal(textOf(told), 'They say: level 0, level 1');
      await assert.rejects(client.responses.retrieve(told.id), OpenAI.NotFoundError);
    });

    test('a tool that takes free text is called with it', async () => {
      const tools = [{ type: 'custom' as const, name: 'note', description: 'Writes it down.' }];
      const asked = await ask(client, { model: 'custom', input: question, tools });
      const [call] = asked.output;
      assert.ok(call?.type === 'custom_tool_call');
      assert.deepEqual([call.name, call.input], ['note', note]);
      const told = await ask(client, {
        model: 'custom',
        previous_response_id: asked.id,
        tools,
        input: [{ type: 'custom_tool_call_output', call_id: call.call_id, output: 'noted' }],
      });
      assert.equal(textOf(told), 'It says: noted');
    });

    test('a tool in a namespace is called by the two names it has', async () => {
      const tools = [
        { type: 'namespace' as const, name: 'dam', description: 'Dams.', tools: [levelTool] },
      ];
      const asked = await ask(client, { model: 'namespace', input: question, tools });
      const [call] = callsOf(asked);
      assert.deepEqual([call?.namespace, call?.name], ['dam', 'level']);
      const input: ResponseInputItem[] = [
        { role: 'user', content: question },
        ...callsOf(asked),
        { type: 'function_call_output', call_id: call?.call_id ?? '', output: 'full' },
      ];
      const told = await ask(client, { model: 'namespace', input, tools, store: false });
      assert.equal(textOf(told), 'It says: full');
    });

    test('an answer cut by its limit says so, and keeps what there is', async () => {
      const response = await ask(client, { model: 'incomplete', input: question });
      assert.equal(response.status, 'incomplete');
      assert.equal(response.incomplete_details?.reason, 'max_output_tokens');
      assert.equal(textOf(response), begun);
    });

    test('an error of every backend is a 503 with the cause of each', async () => {
      await assert.rejects(ask(client, { model: 'failed', input: question }), (error) => {
        assert.ok(error instanceof OpenAI.InternalServerError, String(error));
        assert.equal(error.status, 503);
        assert.equal(error.code, 'backends_unavailable');
        assert.match(error.message, /spark: .*out of order.*azure: .*out of order/);
        assert.match(error.requestID ?? '', /^req_/);
        return true;
      });
    });

    for (const model of ['refused', 'broken', 'limited'] as const)
      test(`a first backend that is ${model} is not noticed`, async () => {
        const response = await ask(client, { model, input: question });
        assert.equal(response.status, 'completed');
        assert.equal(textOf(response), answer);
        for (const backend of ['spark', 'azure'] as const)
          if (model !== 'refused' || backend === 'azure')
            assert.ok(proxy.upstream.lastBody(backend, model), `${backend} was asked`);
      });
  });

suite('openai, a first backend that breaks off', () => {
  test('throws in a stream, when it is not to be continued', async () => {
    const isToldSo = (error: unknown): boolean =>
      error instanceof OpenAI.APIError &&
      error.code === 'server_error' &&
      error.message.includes('The answer broke off');
    for (const [way, ask] of ways.slice(1))
      await assert.rejects(ask(client, { model: 'cut', input: question }), isToldSo, way);
  });

  test('is kept as failed, with the text that was shown', async () => {
    let id = '';
    let text = '';
    const events = await client.responses.create({ model: 'cut', input: question, stream: true });
    await assert.rejects(async () => {
      for await (const event of events) {
        if (event.type === 'response.created') id = event.response.id;
        if (event.type === 'response.output_text.delta') text += event.delta;
      }
    });
    assert.equal(text, begun);
    const kept = await client.responses.retrieve(id);
    assert.equal(kept.status, 'failed');
    assert.equal(kept.error?.code, 'server_error');
    assert.equal(kept.output_text, begun);
  });

  test('is not noticed without a stream, since nothing has been shown', async () => {
    const { data, response } = await client.responses
      .create({ model: 'cut', input: question })
      .withResponse();
    assert.equal(data.output_text, answer);
    assert.equal(response.headers.get('x-spillway-backend'), 'azure');
    assert.equal(response.headers.get('x-spillway-attempts'), '2');
  });

  test('is continued by the second inside one message, and the metadata says so', async () => {
    const client = clientOf(continuing);
    for (const [way, ask] of ways.slice(1)) {
      const response = await ask(client, { model: 'cut', input: question });
      assert.equal(response.status, 'completed', way);
      assert.equal(textOf(response), begun + rest);
      assert.equal(response.output.length, 1);
      assert.equal(response.metadata?.['spillway_backend'], 'azure');
      const kept = await client.responses.retrieve(response.id);
      assert.equal(kept.output_text, begun + rest);
    }
  });
});

suite('openai, what the backends are sent', () => {
  test('is the whole conversation, without an id of ours', async () => {
    const first = await client.responses.create({ model: 'echo', input: 'One?' });
    const second = await client.responses.create({
      model: 'echo',
      input: 'Two?',
      previous_response_id: first.id,
    });
    assert.equal(second.output_text, 'asked: One? / Two?');
    const branch = await client.responses.create({
      model: 'echo',
      input: 'Three?',
      previous_response_id: first.id,
    });
    assert.equal(branch.output_text, 'asked: One? / Three?');
    const sent = JSON.stringify(proxy.upstream.lastBody('spark', 'echo'));
    assert.doesNotMatch(sent, /resp_|msg_|"store"/);
  });

  test('an unknown previous response is refused in the words that clients look for', async () => {
    const body = { model: 'text', input: question, previous_response_id: 'resp_unknown' };
    await assert.rejects(client.responses.create(body), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.code, 'previous_response_not_found');
      assert.equal(error.param, 'previous_response_id');
      return true;
    });
  });
});
