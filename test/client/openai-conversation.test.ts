/**
 * Conversations under names of their own, as `openai` makes and edits them, and as the sessions of
 * `@openai/agents` keep their history in them.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';

import { Agent, OpenAIConversationsSession, OpenAIProvider, Runner } from '@openai/agents';
import OpenAI from 'openai';

import { type ScriptedProxy, serveHybrid, serveScripted } from './served.ts';

const opened = new AsyncDisposableStack();
let proxy: ScriptedProxy;
let client: OpenAI;

before(async () => {
  proxy = opened.use(await serveScripted('fail'));
  client = new OpenAI({ baseURL: proxy.url, apiKey: 'unused', maxRetries: 0 });
});
after(() => opened.disposeAsync());

suite('openai, conversations', () => {
  test('a conversation is made, gone on with, streamed into, listed, edited and deleted', async () => {
    const { id, metadata } = await client.conversations.create({
      metadata: { topic: 'dam' },
      items: [{ role: 'user', content: 'One?' }],
    });
    assert.deepEqual(metadata, { topic: 'dam' });
    const first = await client.responses.create({ model: 'echo', input: 'Two?', conversation: id });
    assert.equal(first.output_text, 'asked: One? / Two?');
    assert.equal(first.conversation?.id, id);
    const second = client.responses.stream({
      model: 'echo',
      input: 'Three?',
      conversation: { id },
      store: false,
    });
    assert.equal((await second.finalResponse()).output_text, 'asked: One? / Two? / Three?');

    const texts: string[] = [];
    const ids: string[] = [];
    for await (const item of client.conversations.items.list(id, { limit: 2, order: 'asc' })) {
      assert.ok(item.type === 'message');
      ids.push(item.id);
      const [part] = item.content;
      texts.push(part && 'text' in part ? part.text : '');
    }
    assert.deepEqual(texts, [
      'One?',
      'Two?',
      'asked: One? / Two?',
      'Three?',
      'asked: One? / Two? / Three?',
    ]);
    const item = ids[0] ?? '';
    const found = await client.conversations.items.retrieve(item, { conversation_id: id });
    assert.equal(found.id, item);
    await client.conversations.items.delete(item, { conversation_id: id });
    const third = await client.responses.create({ model: 'echo', input: '4?', conversation: id });
    assert.equal(third.output_text, 'asked: Two? / Three? / 4?');

    const updated = await client.conversations.update(id, { metadata: { topic: 'river' } });
    assert.deepEqual(updated.metadata, { topic: 'river' });
    assert.equal((await client.conversations.delete(id)).deleted, true);
    await assert.rejects(client.conversations.retrieve(id), OpenAI.NotFoundError);
  });

  test('what broke off was not said', async () => {
    const { id } = await client.conversations.create();
    const stream = client.responses.stream({ model: 'cut', input: 'One?', conversation: id });
    await assert.rejects(stream.finalResponse());
    const { data } = await client.conversations.items.list(id);
    assert.deepEqual(data, []);
  });

  test('a conversation survives the death of the process after each answer', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-conversation-'));
    opened.defer(() => rmSync(folder, { recursive: true }));
    let id: string | undefined;
    for (const turn of [0, 1, 2]) {
      const served = await serveHybrid(folder);
      const openai = new OpenAI({ baseURL: served.url, apiKey: 'unused', maxRetries: 0 });
      id ??= (await openai.conversations.create()).id;
      const { data } = await openai.conversations.items.list(id, { limit: 100 });
      const roles = data.map((item) => (item.type === 'message' ? item.role : undefined));
      for (const role of ['user', 'assistant'])
        assert.equal(roles.filter((it) => it === role).length, turn);
      const stream = openai.responses.stream({
        model: 'gpt-oss-120b',
        input: 'Answer in 5 tokens.',
        conversation: id,
      });
      for await (const event of stream)
        if (event.type === 'response.completed') await served.kill();
    }
  });
});

suite('@openai/agents, with its history in a conversation', () => {
  const runnerOf = () =>
    new Runner({
      modelProvider: new OpenAIProvider({ openAIClient: client, useResponses: true }),
      tracingDisabled: true,
    });
  const agent = new Agent({ name: 'keeper', model: 'echo' });

  test('named by its id', async () => {
    const { id: conversationId } = await client.conversations.create();
    const runner = runnerOf();
    await runner.run(agent, 'One?', { conversationId });
    const { finalOutput } = await runner.run(agent, 'Two?', { conversationId });
    assert.equal(finalOutput, 'asked: One? / Two?');
  });

  test('as a session of its own', async () => {
    const session = new OpenAIConversationsSession({ client });
    const runner = runnerOf();
    await runner.run(agent, 'One?', { session });
    const { finalOutput } = await runner.run(agent, 'Two?', { session });
    assert.equal(finalOutput, 'asked: One? / Two?');
    assert.equal((await session.getItems()).length, 4);
    await session.popItem();
    assert.equal((await session.getItems()).length, 3);
    await session.clearSession();
  });
});
