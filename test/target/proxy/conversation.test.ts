import { describe, expect, test } from 'vitest';

import type { Item } from '../../../src/protocol/responses.ts';
import { seededIds } from '../../../src/random/id.ts';
import { seeded } from '../../../src/random/random.ts';
import { resolveConversation } from '../../../src/target/proxy/conversation.ts';
import { memoryStore } from '../../../src/target/proxy/memory-store.ts';
import { parseRequest } from '../../../src/target/proxy/request.ts';
import { begun, responseResource } from '../../../src/target/proxy/resource.ts';

const user = (content: string): Item => ({
  type: 'message',
  id: `msg_${content}`,
  role: 'user',
  content,
});
const said = (text: string): Item => ({
  type: 'message',
  id: `msg_${text}`,
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [] }],
});
const call = (callId: string, status: 'completed' | 'incomplete' = 'completed'): Item => ({
  type: 'function_call',
  id: `fc_${callId}`,
  call_id: callId,
  name: 'f',
  arguments: '{}',
  status,
});
const output = (callId: string): Item => ({
  type: 'function_call_output',
  call_id: callId,
  output: 'done',
});
const thought: Item = { type: 'reasoning', id: 'rs_1', summary: [] };

/** A store with the given turns, each the child of the one before: `resp_1`, `resp_2`, … */
const world = async (
  turns: readonly {
    readonly input: readonly Item[];
    readonly output: readonly Item[];
    readonly metadata?: Readonly<Record<string, string>>;
  }[],
) => {
  const store = memoryStore({ retainDays: 30, wall: () => 0 });
  for (const [at, turn] of turns.entries()) {
    const id = `resp_${at + 1}`;
    const request = parseRequest({ model: 'm', input: '', metadata: turn.metadata });
    const identity = { id, createdAt: 0, request, isLocalOnly: false };
    await store.put({
      id,
      owner: 'me',
      ...(at > 0 ? { previousId: `resp_${at}` } : {}),
      input: turn.input,
      resource: responseResource(identity, { ...begun, status: 'completed', output: turn.output }),
      createdAtWall: 0,
    });
  }
  return (input: unknown, previous?: string, owner = 'me') =>
    resolveConversation(
      parseRequest({ model: 'm', input, previous_response_id: previous }),
      owner,
      store,
      seededIds(seeded(1)),
      { isHome: false },
    );
};

const bare = (items: readonly Item[]): readonly Item[] =>
  items.map(({ id, ...item }) => (id === undefined ? item : { ...item }));

describe('the whole conversation', () => {
  test('is the inputs and outputs of all ancestors, in order, and the new input', async () => {
    const resolve = await world([
      { input: [user('One')], output: [said('1')] },
      { input: [user('Two')], output: [said('2')] },
    ]);
    const { whole, input } = await resolve('Three', 'resp_2');
    expect(whole).toEqual(bare([user('One'), said('1'), user('Two'), said('2'), user('Three')]));
    expect(input).toMatchObject([{ id: expect.stringMatching(/^msg_[0-9a-f]{32}$/) }]);
  });

  test('branches do not see one another', async () => {
    const resolve = await world([
      { input: [user('One')], output: [said('1')] },
      { input: [user('Two')], output: [said('2')] },
    ]);
    const { whole } = await resolve('Other', 'resp_1');
    expect(whole).toEqual(bare([user('One'), said('1'), user('Other')]));
  });

  test('references are resolved, from the chain or from the store', async () => {
    const resolve = await world([{ input: [user('One')], output: [thought, said('1')] }]);
    const references = [{ type: 'item_reference', id: 'rs_1' }, { id: 'msg_1' }];
    const { whole } = await resolve([...references, { role: 'user', content: 'Two' }]);
    expect(whole).toEqual(bare([thought, said('1'), user('Two')]));
  });

  test('reasoning that led to nothing is left out', async () => {
    const resolve = await world([{ input: [user('One')], output: [thought] }]);
    expect((await resolve('Two', 'resp_1')).whole).toEqual(bare([user('One'), user('Two')]));
  });

  test('a call cut off in its arguments is left out', async () => {
    const resolve = await world([{ input: [user('One')], output: [call('c', 'incomplete')] }]);
    expect((await resolve('Two', 'resp_1')).whole).toEqual(bare([user('One'), user('Two')]));
  });

  test('a demand for residency is inherited', async () => {
    const metadata = { residency: 'local-only' };
    const resolve = await world([
      { input: [user('One')], output: [said('1')], metadata },
      { input: [user('Two')], output: [said('2')] },
    ]);
    expect((await resolve('Three', 'resp_2')).isLocalOnly).toBe(true);
    expect((await resolve('New')).isLocalOnly).toBe(false);
  });
});

describe('what refers to nothing', () => {
  test('a previous response that is unknown, or of another key', async () => {
    const resolve = await world([{ input: [user('One')], output: [said('1')] }]);
    const expected = { status: 400, code: 'previous_response_not_found' };
    await expect(resolve('Two', 'resp_9')).rejects.toMatchObject(expected);
    await expect(resolve('Two', 'resp_1', 'stranger')).rejects.toMatchObject(expected);
    await expect(resolve([{ id: 'msg_1' }], undefined, 'stranger')).rejects.toThrow(
      "Item with id 'msg_1' not found.",
    );
  });

  test('an output without its call, and a call without its output', async () => {
    const resolve = await world([{ input: [user('One')], output: [call('call_a')] }]);
    await expect(resolve([output('call_b')])).rejects.toThrow(
      'No tool call found for function call output with call_id call_b.',
    );
    await expect(resolve('Two', 'resp_1')).rejects.toThrow(
      'No tool output found for function call call_a.',
    );
    const { whole } = await resolve([output('call_a')], 'resp_1');
    expect(whole).toEqual(bare([user('One'), call('call_a'), output('call_a')]));
  });
});
