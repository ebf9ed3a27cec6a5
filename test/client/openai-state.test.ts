/**
 * `openai`, what it does with responses that exist: it reads, lists, follows, cancels and deletes
 * them, and counts and compacts what is to be sent.
 */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import OpenAI from 'openai';

import { answer } from './script.ts';
import { type ScriptedProxy, serveScripted } from './served.ts';

type Response = OpenAI.Responses.Response;

const opened = new AsyncDisposableStack();
let proxy: ScriptedProxy;
let client: OpenAI;

before(async () => {
  proxy = opened.use(await serveScripted('fail'));
  client = new OpenAI({ baseURL: proxy.url, apiKey: 'unused', maxRetries: 0 });
});
after(() => opened.disposeAsync());

const question = 'How is the dam?';

suite('openai, responses that are kept', () => {
  test('the input items of a response are listed, page after page', async () => {
    const questions = Array.from({ length: 5 }, (_, at) => `Question ${at}?`);
    const { id } = await client.responses.create({
      model: 'text',
      input: questions.map((content) => ({ role: 'user', content })),
    });
    const listed: string[] = [];
    for await (const item of client.responses.inputItems.list(id, { limit: 2, order: 'asc' })) {
      assert.ok(item.type === 'message' && item.role === 'user');
      assert.match(item.id ?? '', /^msg_/);
      const [part] = item.content;
      listed.push(part?.type === 'input_text' ? part.text : '');
    }
    assert.deepEqual(listed, questions);
  });

  test('a deleted response is gone, and the next one after it is refused', async () => {
    const { id } = await client.responses.create({ model: 'text', input: question });
    await client.responses.delete(id);
    await assert.rejects(client.responses.retrieve(id), OpenAI.NotFoundError);
    await assert.rejects(
      client.responses.create({ model: 'text', input: 'And now?', previous_response_id: id }),
      (error) =>
        error instanceof OpenAI.BadRequestError && error.code === 'previous_response_not_found',
    );
  });

  test('a response that was waited for cannot be cancelled', async () => {
    const { id } = await client.responses.create({ model: 'text', input: question });
    await assert.rejects(client.responses.cancel(id), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.match(error.message, /Cannot cancel a synchronous response\./);
      return true;
    });
  });
});

suite('openai, in the background', () => {
  /** Asks until it is no longer being made. The proxy's own pace bounds how often. */
  const polled = async (id: string): Promise<Response> => {
    for (;;) {
      const response = await client.responses.retrieve(id);
      if (response.status !== 'queued' && response.status !== 'in_progress') return response;
    }
  };

  test('a response is queued at once, and whole in the end', async () => {
    const begun = await client.responses.create({
      model: 'thinking',
      input: question,
      background: true,
    });
    assert.equal(begun.status, 'queued');
    const ended = await polled(begun.id);
    assert.equal(ended.status, 'completed');
    assert.equal(ended.output_text, answer);
    assert.equal(ended.id, begun.id);
  });

  test('a failure is kept as such', async () => {
    const { id } = await client.responses.create({
      model: 'failed',
      input: question,
      background: true,
    });
    const ended = await polled(id);
    assert.equal(ended.status, 'failed');
    assert.match(ended.error?.message ?? '', /spark: .*azure: /);
  });

  test('a stream that was left is followed from where it was left', async () => {
    const stream = await client.responses.create({
      model: 'text',
      input: question,
      background: true,
      stream: true,
    });
    let id = '';
    for await (const event of stream) {
      if (event.type === 'response.created') id = event.response.id;
      if (event.sequence_number === 3) break;
    }
    const rest = await client.responses.retrieve(id, { stream: true, starting_after: 3 });
    const numbers: number[] = [];
    let last: Response | undefined;
    for await (const event of rest) {
      numbers.push(event.sequence_number);
      if (event.type === 'response.completed') last = event.response;
    }
    assert.deepEqual(
      numbers,
      numbers.map((_, at) => at + 4),
    );
    assert.equal(last?.id, id);
    const again = await client.responses.stream({ response_id: id }).finalResponse();
    assert.equal(again.output_text, answer);
  });

  test('a response that has ended stays as it ended when it is cancelled', async () => {
    const { id } = await client.responses.create({
      model: 'text',
      input: question,
      background: true,
    });
    await polled(id);
    assert.equal((await client.responses.cancel(id)).status, 'completed');
  });
});

suite('openai, an answer that nobody waits for', () => {
  test('is left by the proxy when the client leaves', async () => {
    const left = proxy.upstream.left('endless');
    const body = { model: 'endless', input: question, stream: true } as const;
    for await (const event of await client.responses.create(body))
      if (event.type === 'response.output_text.delta') break;
    await left;
  });

  test('is left when it is cancelled in the background, and kept as cancelled', async () => {
    const left = proxy.upstream.left('endless');
    const stream = await client.responses.create({
      model: 'endless',
      input: question,
      background: true,
      stream: true,
    });
    let id = '';
    for await (const event of stream) {
      if (event.type === 'response.created') id = event.response.id;
      if (event.type === 'response.output_text.delta') break;
    }
    assert.equal((await client.responses.cancel(id)).status, 'cancelled');
    await left;
    assert.equal((await client.responses.retrieve(id)).status, 'cancelled');
  });
});

suite('openai, before a long conversation is sent', () => {
  test('its tokens are counted', async () => {
    const { object, input_tokens: few } = await client.responses.inputTokens.count({
      model: 'text',
      input: question,
    });
    assert.equal(object, 'response.input_tokens');
    const { input_tokens: more } = await client.responses.inputTokens.count({
      model: 'text',
      input: question.repeat(10),
    });
    assert.ok(few > 0 && more > few);
  });

  test('it is made short, and what is left is the input of the next turn', async () => {
    const first = await client.responses.create({ model: 'echo', input: 'One?' });
    const compacted = await client.responses.compact({
      model: 'text',
      previous_response_id: first.id,
      input: 'Two?',
    });
    assert.equal(compacted.object, 'response.compaction');
    assert.equal(compacted.output.at(-1)?.type, 'compaction');
    assert.ok(compacted.usage.total_tokens > 0);
    const next = await client.responses.create({
      model: 'echo',
      input: [
        // The client's types keep input and output apart, though its documentation joins them.
        ...(compacted.output as OpenAI.Responses.ResponseInputItem[]),
        { role: 'user', content: 'Three?' },
      ],
    });
    assert.match(next.output_text, /One\? \/ Two\? \/ .*Three\?$/);
  });
});
