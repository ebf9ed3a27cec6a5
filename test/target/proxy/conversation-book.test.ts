/** Responses that go on with a conversation, in virtual time. */

import { describe, expect, test } from 'vitest';

import type { Item } from '../../../src/protocol/responses.ts';
import { ConversationBook } from '../../../src/target/proxy/conversation-book.ts';
import { memoryConversations } from '../../../src/target/proxy/conversation-store.ts';
import {
  ProxyWorld,
  type RecordedReply,
  answer,
  end,
  failure,
  pause,
  text,
} from '../../kit/proxy-world.ts';

const me = { name: 'anonymous', residency: 'local-first' } as const;

const opened = async (world: ProxyWorld, body: object = {}): Promise<string> =>
  (await world.proxy.conversations.create(body, me)).id;

const said = async (world: ProxyWorld, id: string): Promise<readonly string[]> => {
  const { data } = await world.proxy.conversations.items(id, me, { order: 'asc', limit: '100' });
  return data.map((item: Item) => {
    if (item.type !== 'message') return item.type;
    const [part] = item.content;
    return typeof part === 'object' && 'text' in part ? part.text : '';
  });
};

const shown = (world: ProxyWorld): readonly unknown[] =>
  (world.spark.calls.at(-1)?.input ?? []).map((item) => item.type === 'message' && item.content);

describe('a response in a conversation', () => {
  test('is shown what was said there, and adds what was asked and answered', async () => {
    const world = new ProxyWorld({ spark: [() => [text('One.'), end], () => [text('Two.'), end]] });
    const message = { role: 'user', content: 'Before.' };
    const id = await opened(world, { items: [message] });
    const first = await world.ask({ input: 'First?', conversation: id });
    expect(first.stream.resource.conversation).toEqual({ id });
    const second = await world.ask({ input: 'Second?', conversation: { id }, store: false });
    expect(second.stream.resource.status).toBe('completed');
    expect(shown(world)).toMatchObject(['Before.', 'First?', [{ text: 'One.' }], 'Second?']);
    expect(await said(world, id)).toEqual(['Before.', 'First?', 'One.', 'Second?', 'Two.']);
    // It asked not to be stored as a response.
    expect(await world.store.get(second.stream.resource.id)).toBeUndefined();
  });

  test('has added it before the client is told of its end', async () => {
    const world = new ProxyWorld();
    const id = await opened(world);
    const { reply, done } = world.begin({ conversation: id });
    let follower: Promise<RecordedReply> | undefined;
    reply.onWrite = (chunk) => {
      if (!chunk.startsWith('event: response.completed')) return;
      follower = world.ask({ conversation: id });
    };
    await world.clock.runUntil(done, 60_000);
    expect((await follower)?.status).toBe(200);
    expect(await said(world, id)).toHaveLength(4);
  });

  test('adds nothing when it fails', async () => {
    const broken = [...answer('p', 3).slice(0, 3), failure('reset')];
    const world = new ProxyWorld({ spark: [() => broken], azure: [() => broken] });
    const id = await opened(world);
    const reply = await world.ask({ conversation: id });
    expect(reply.stream.resource.status).toBe('failed');
    expect(await said(world, id)).toEqual([]);
  });

  test('keeps another one out while it runs, and lets it in afterwards', async () => {
    const world = new ProxyWorld({ spark: [() => [pause(500), ...answer('p', 2)]] });
    const id = await opened(world);
    const running = world.begin({ conversation: id });
    const refused = await world.ask({ conversation: id });
    expect(refused.status).toBe(409);
    expect(refused.error).toMatchObject({ code: 'conversation_locked' });
    expect(refused.headers['retry-after']).toBe('2');
    await world.clock.runUntil(running.done, 60_000);
    expect((await world.ask({ conversation: id })).status).toBe(200);
  });

  test('lets it go when its client leaves', async () => {
    const world = new ProxyWorld({ spark: [() => ['hang'], () => answer('p', 2)] });
    const id = await opened(world);
    const { reply, done } = world.begin({ conversation: id });
    reply.leave();
    await world.clock.runUntil(done, 60_000);
    expect((await world.ask({ conversation: id })).status).toBe(200);
    expect(await said(world, id)).toHaveLength(2);
  });

  test('is gone on with by the conversation, not by its own id', async () => {
    const world = new ProxyWorld();
    const id = await opened(world);
    const { stream } = await world.ask({ conversation: id });
    const previous = stream.resource.id;
    const reply = await world.ask({ previous_response_id: previous });
    expect(reply.status).toBe(400);
    expect(reply.error['message']).toContain(`belongs to the conversation '${id}'`);
    expect(() => world.begin({ previous_response_id: previous, conversation: id })).toThrow(
      /Mutually exclusive parameters/,
    );
  });

  test('may refer to an item of it, but not repeat one', async () => {
    const world = new ProxyWorld();
    const item = { type: 'message', id: 'msg_1', role: 'user', content: 'Once.' };
    const id = await opened(world, { items: [item] });
    const repeated = await world.ask({ conversation: id, input: [item] });
    expect(repeated.error).toMatchObject({ code: 'duplicate_item', param: 'input' });
    const referring = { type: 'item_reference', id: 'msg_1' };
    const reply = await world.ask({ conversation: id, input: [referring] });
    expect(reply.error).toMatchObject({ code: 'duplicate_item' });
  });

  test.each(['of another key', 'that there is not'])('one %s is not found', async (which) => {
    const world = new ProxyWorld();
    const other = await world.proxy.conversations.create({}, { ...me, name: 'other' });
    const id = which === 'of another key' ? other.id : 'conv_none';
    const reply = await world.ask({ conversation: id });
    expect(reply.status).toBe(404);
    expect(reply.error['message']).toBe(`Conversation with id '${id}' not found.`);
    expect(world.spark.calls).toHaveLength(0);
  });
});

describe('what was said at home stays at home', () => {
  const down = { spark: [() => [failure('refused')]] };
  const localOnly = { metadata: { residency: 'local-only' } };

  test('when the conversation demands it', async () => {
    const world = new ProxyWorld(down);
    const id = await opened(world, localOnly);
    expect((await world.ask({ conversation: id })).status).toBe(503);
    expect(world.azure.calls).toHaveLength(0);
  });

  test('when one response in it demanded it, whatever the next one says', async () => {
    const world = new ProxyWorld({ spark: [() => answer('p', 2), () => [failure('refused')]] });
    const id = await opened(world);
    await world.ask({ conversation: id, ...localOnly });
    expect((await world.ask({ conversation: id })).status).toBe(503);
    expect(world.azure.calls).toHaveLength(0);
  });

  test('when an item was added under a demand that has been taken back since', async () => {
    const world = new ProxyWorld(down);
    const id = await opened(world, { ...localOnly, items: [{ role: 'user', content: 'Secret.' }] });
    await world.proxy.conversations.update(id, { metadata: {} }, me);
    expect((await world.ask({ conversation: id })).status).toBe(503);
    expect(world.azure.calls).toHaveLength(0);
    const { data } = await world.proxy.conversations.items(id, me, {});
    await world.proxy.conversations.removeItem(id, data[0]?.id ?? '', me);
    expect((await world.ask({ conversation: id })).status).toBe(200);
    expect(world.azure.calls).toHaveLength(1);
  });
});

test('what cannot be written is told as such: nothing is to be had by asking otherwise', async () => {
  const { clock, store } = new ProxyWorld();
  const memory = memoryConversations({ retainDays: 30, wall: () => 0 });
  let isFull = false;
  const writing = <T>(write: Promise<T>): Promise<T> =>
    isFull ? Promise.reject(new Error('database or disk is full')) : write;
  const book = new ConversationBook({
    clock,
    store,
    ids: () => 'a',
    conversations: {
      ...memory,
      put: (it) => writing(memory.put(it)),
      append: (id, items) => writing(memory.append(id, items)),
      removeItem: (id, item) => writing(memory.removeItem(id, item)),
      delete: (id) => writing(memory.delete(id)),
    },
  });
  const { id } = await book.create({ items: [{ id: 'msg_1', role: 'user', content: 'Hi.' }] }, me);
  isFull = true;
  const items = [{ role: 'user', content: 'More.' }];
  const refused = {
    status: 503,
    message: expect.stringMatching(/conversation could not be stored/),
  };
  await expect(book.create({}, me)).rejects.toMatchObject(refused);
  await expect(book.update(id, { metadata: {} }, me)).rejects.toMatchObject(refused);
  await expect(book.addItems(id, { items }, me)).rejects.toMatchObject(refused);
  await expect(book.removeItem(id, 'msg_1', me)).rejects.toMatchObject(refused);
  await expect(book.remove(id, me)).rejects.toMatchObject(refused);
});
