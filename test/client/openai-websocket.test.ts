/**
 * `openai`, its `ResponsesWS`: turns one after the other on one socket, which remembers its answers
 * for clients that store nothing.
 */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import OpenAI from 'openai';
import type {
  ResponsesClientEvent,
  ResponsesServerEvent,
} from 'openai/resources/responses/responses';
import { ResponsesWS } from 'openai/resources/responses/ws';

import { answer, begun, look, rest, type ScriptName, thought } from './script.ts';
import { type ScriptedProxy, serveScripted } from './served.ts';
import { levelTool } from './tool.ts';

type Response = OpenAI.Responses.Response;
type Body = Omit<Extract<ResponsesClientEvent, { type: 'response.create' }>, 'type'> & {
  readonly model: ScriptName;
};
type ErrorEvent = Extract<ResponsesServerEvent, { type: 'error' }>;

const opened = new AsyncDisposableStack();
let proxy: ScriptedProxy;
let continuing: ScriptedProxy;

before(async () => {
  proxy = opened.use(await serveScripted('fail'));
  continuing = opened.use(await serveScripted('continue'));
});
after(() => opened.disposeAsync());

const clientOf = ({ url }: ScriptedProxy): OpenAI =>
  new OpenAI({ baseURL: url, apiKey: 'unused', maxRetries: 0 });

/** What one turn gave: the response as it ended, or the error that came instead of one. */
interface Turn {
  readonly events: readonly ResponsesServerEvent[];
  readonly response: Response | undefined;
  readonly error: Record<string, unknown> | undefined;
}

class Socket implements AsyncDisposable {
  readonly #socket: ResponsesWS;
  readonly #messages: AsyncIterator<ResponsesServerEvent>;

  constructor(served: ScriptedProxy) {
    this.#socket = new ResponsesWS(clientOf(served));
    // Errors are read as they come; without a listener they would be thrown as well.
    this.#socket.on('error', () => undefined);
    this.#messages = messagesOf(this.#socket);
  }

  async say(body: Body): Promise<Turn> {
    this.#socket.send({ type: 'response.create', ...body });
    const events: ResponsesServerEvent[] = [];
    let error: ErrorEvent | undefined;
    for (;;) {
      const { value: event, done } = await this.#messages.next();
      assert.ok(done !== true, `the socket closed after ${events.at(-1)?.type ?? 'nothing'}`);
      if (event.type !== 'error') assert.equal(numberOf(event), events.length);
      events.push(event);
      if (event.type === 'error') {
        error = event;
        // Within a response the error is followed by that response's end.
        if (events.length === 1) return { events, response: undefined, error: { ...error } };
      }
      if (isTerminal(event))
        return { events, response: event.response, error: error && { ...error } };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    while ((await this.#messages.next()).done !== true);
  }
}

async function* messagesOf(socket: ResponsesWS): AsyncGenerator<ResponsesServerEvent> {
  for await (const record of socket.stream()) {
    if (record.type === 'message') yield record.message;
    if (record.type === 'error') {
      // Without an event it is the transport that failed.
      if (!record.error.error) throw record.error;
      yield record.error.error;
    }
    if (record.type === 'close') return;
  }
}

const numberOf = (event: ResponsesServerEvent): number | undefined =>
  'sequence_number' in event ? event.sequence_number : undefined;

type Terminal = Extract<
  ResponsesServerEvent,
  { type: 'response.completed' | 'response.incomplete' | 'response.failed' }
>;

const isTerminal = (event: ResponsesServerEvent): event is Terminal =>
  event.type === 'response.completed' ||
  event.type === 'response.incomplete' ||
  event.type === 'response.failed';

const textOf = (response: Response | undefined): string =>
  (response?.output ?? [])
    .flatMap((item) => (item.type === 'message' ? item.content : []))
    .map((part) => (part.type === 'output_text' ? part.text : part.refusal))
    .join('');

const codeOf = ({ error }: Turn): unknown =>
  (error?.['error'] as Record<string, unknown> | undefined)?.['code'];

const question = 'How is the dam?';

suite('openai, WebSocket', () => {
  test('text arrives whole, and turn follows turn on one socket', async () => {
    await using socket = new Socket(proxy);
    const first = await socket.say({ model: 'text', input: question });
    assert.equal(first.events[0]?.type, 'response.created');
    assert.equal(textOf(first.response), answer);
    const second = await socket.say({ model: 'thinking', input: question });
    assert.equal(second.response?.output[0]?.type, 'reasoning');
    assert.match(JSON.stringify(second.response.output[0]), new RegExp(thought));
    assert.notEqual(second.response.id, first.response?.id);
    const kept = await clientOf(proxy).responses.retrieve(second.response.id);
    assert.equal(kept.output_text, answer);
  });

  test('what is not stored can be continued on its socket, and nowhere else', async () => {
    const first = { model: 'echo', input: 'One?', store: false } as const;
    await using socket = new Socket(proxy);
    const { response } = await socket.say(first);
    assert.ok(response);
    const next = { ...first, input: 'Two?', previous_response_id: response.id };
    assert.equal(textOf((await socket.say(next)).response), 'asked: One? / Two?');
    await using other = new Socket(proxy);
    assert.equal(codeOf(await other.say(next)), 'previous_response_not_found');
    assert.equal(textOf((await other.say(first)).response), 'asked: One?');
  });

  test('a tool is called, and its output alone is sent', async () => {
    await using socket = new Socket(proxy);
    const model = 'thinking-tool' as const;
    const common = { model, store: false, tools: [levelTool] };
    const { response } = await socket.say({ ...common, input: question });
    assert.equal(textOf(response), look);
    const call = response?.output.find((item) => item.type === 'function_call');
    assert.ok(call);
    const told = await socket.say({
      ...common,
      previous_response_id: response?.id ?? '',
      input: [{ type: 'function_call_output', call_id: call.call_id, output: 'full' }],
    });
    assert.equal(textOf(told.response), 'It says: full');
  });

  test('two tools are called at once', async () => {
    await using socket = new Socket(proxy);
    const { response } = await socket.say({ model: 'parallel', input: question });
    const calls = response?.output.filter((item) => item.type === 'function_call') ?? [];
    assert.equal(new Set(calls.map(({ call_id }) => call_id)).size, 2);
    const told = await socket.say({
      model: 'parallel',
      previous_response_id: response?.id ?? '',
      input: calls.map(({ call_id }, at) => ({
        type: 'function_call_output',
        call_id,
        output: String(at),
      })),
    });
    assert.equal(textOf(told.response), 'They say: 0, 1');
  });

  test('a conversation that was prepared without an answer is answered later', async () => {
    await using socket = new Socket(proxy);
    // `generate` is not among the client's types yet.
    const prepared = { model: 'echo', input: 'One?', store: false, generate: false } as const;
    const { response } = await socket.say(prepared);
    assert.deepEqual([response?.status, response?.output], ['completed', []]);
    const next = { model: 'echo', input: 'Two?', store: false } as const;
    const told = await socket.say({ ...next, previous_response_id: response?.id ?? '' });
    assert.equal(textOf(told.response), 'asked: One? / Two?');
  });

  test('a failed continuation takes what it continued with it', async () => {
    await using socket = new Socket(proxy);
    const { response } = await socket.say({ model: 'echo', input: 'One?', store: false });
    const next = { input: 'Two?', store: false, previous_response_id: response?.id ?? '' } as const;
    const failed = await socket.say({ ...next, model: 'failed' });
    assert.equal(failed.error?.['status'], 503);
    assert.equal(codeOf(failed), 'backends_unavailable');
    assert.equal(
      codeOf(await socket.say({ ...next, model: 'echo' })),
      'previous_response_not_found',
    );
  });

  test('a stored response is continued on another socket', async () => {
    let id = '';
    {
      await using socket = new Socket(proxy);
      id = (await socket.say({ model: 'echo', input: 'One?' })).response?.id ?? '';
    }
    await using socket = new Socket(proxy);
    const told = await socket.say({ model: 'echo', input: 'Two?', previous_response_id: id });
    assert.equal(textOf(told.response), 'asked: One? / Two?');
  });

  test('an answer cut by its limit says so', async () => {
    await using socket = new Socket(proxy);
    const { response, events } = await socket.say({ model: 'incomplete', input: question });
    assert.equal(events.at(-1)?.type, 'response.incomplete');
    assert.equal(response?.incomplete_details?.reason, 'max_output_tokens');
    assert.equal(textOf(response), begun);
  });

  for (const model of ['refused', 'broken', 'limited'] as const)
    test(`a first backend that is ${model} is not noticed`, async () => {
      await using socket = new Socket(proxy);
      const { response } = await socket.say({ model, input: question });
      assert.equal(textOf(response), answer);
    });

  test('an answer that breaks off is an error, and the socket lives on', async () => {
    await using socket = new Socket(proxy);
    const { response, error } = await socket.say({ model: 'cut', input: question });
    assert.match(JSON.stringify(error), /The answer broke off/);
    assert.equal(response?.status, 'failed');
    assert.equal(textOf((await socket.say({ model: 'text', input: question })).response), answer);
  });

  test('an answer that breaks off and is continued is one text', async () => {
    await using socket = new Socket(continuing);
    const { response, error } = await socket.say({ model: 'cut', input: question });
    assert.equal(error, undefined);
    assert.equal(textOf(response), begun + rest);
  });
});
