import { describe, expect, test } from 'vitest';

import type { CompactionItem, Item } from '../../../src/protocol/responses.ts';
import { seal } from '../../../src/target/proxy/sealed.ts';
import type { Compaction } from '../../../src/target/proxy/compaction.ts';
import { parseRequest } from '../../../src/target/proxy/request.ts';
import type { Caller } from '../../../src/target/proxy/proxy.ts';
import { ProxyWorld, RecordedReply, end, failure, text, usage } from '../../kit/proxy-world.ts';

const caller: Caller = {
  name: 'anonymous',
  residency: 'local-first',
  trace: '1'.padStart(32, '0'),
  requestId: 'req_1',
};
const summary = () => [text('They said hello.'), usage(20, 4), end];

const compact = async (
  world: ProxyWorld,
  body: Readonly<Record<string, unknown>>,
  who: Partial<Caller> = {},
) => {
  const reply = new RecordedReply(world.clock);
  const request = parseRequest({ model: 'm', ...body });
  const done = world.proxy.compact(request, { ...caller, ...who }, reply);
  await world.clock.runUntil(done, world.clock.now() + 3_600_000);
  return reply;
};

const compactionIn = (reply: RecordedReply): Compaction => JSON.parse(reply.body);
const sealedIn = ({ output }: Compaction): CompactionItem => {
  const item = output.find((it) => it.type === 'compaction');
  if (item?.type !== 'compaction') throw new Error('no compaction');
  return item;
};

describe('a conversation in short', () => {
  test('is the words of the user and a sealed summary, and goes on from there', async () => {
    const world = new ProxyWorld({ spark: [summary] });
    const first = await world.ask({ input: 'Hello', instructions: 'Be kind.' });
    const previous_response_id = first.stream.resource.id;
    const reply = await compact(world, { previous_response_id, input: 'And you?' });
    expect([reply.status, reply.isEnded]).toEqual([200, true]);
    const compaction = compactionIn(reply);
    expect(compaction).toMatchObject({
      id: expect.stringMatching(/^resp_/),
      object: 'response.compaction',
      created_at: expect.any(Number),
      output: [
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'And you?' }] },
        { type: 'compaction', id: expect.stringMatching(/^cmp_/) },
      ],
      usage: { input_tokens: 20, output_tokens: 4, total_tokens: 24 },
    });
    expect(sealedIn(compaction).encrypted_content).not.toContain('They said');
    expect(world.spark.calls.at(-1)).toMatchObject({ tools: [], input: { length: 4 } });
    await world.ask({ input: [...compaction.output, { role: 'user', content: 'Go on.' }] });
    expect(world.spark.calls.at(-1)?.input).toMatchObject([
      { role: 'user' },
      { role: 'user' },
      { role: 'developer', content: expect.stringContaining('They said hello.') },
      { role: 'user', content: 'Go on.' },
    ]);
  });

  test('keeps the latest of what the user said, and lets the oldest go', async () => {
    const long = () => [text('Much was said.'), usage(30_000, 4), end];
    const world = new ProxyWorld({ spark: [long] });
    const said = (content: string) => ({ role: 'user', content });
    const input = [said('old '.repeat(15_000)), said('new '.repeat(10_000)), said('last')];
    const { output } = compactionIn(await compact(world, { input }));
    const kept = output.filter((it: Item) => it.type === 'message');
    expect(kept).toHaveLength(2);
  });

  test('obeys residency when it is made, and when it comes back', async () => {
    const world = new ProxyWorld({ spark: [summary] });
    const local = { metadata: { residency: 'local-only' } };
    const made = compactionIn(await compact(world, { input: 'Secret', ...local }));
    world.spark.plays(() => [failure('refused')]);
    const reply = await world.ask({ input: [sealedIn(made), { role: 'user', content: 'And?' }] });
    expect(reply.status).toBe(503);
    const refused = await compact(world, { input: 'Secret', ...local });
    expect(refused.status).toBe(503);
    expect(refused.error['code']).toBe('local_only_unavailable');
    expect(world.azure.calls).toEqual([]);
  });

  test('of a key that is kept at home stays at home', async () => {
    const world = new ProxyWorld({ spark: [summary] });
    const who = { residency: 'local-only' } as const;
    const made = compactionIn(await compact(world, { input: 'Secret' }, who));
    world.spark.plays(() => [failure('refused')]);
    const reply = await world.ask({ input: [sealedIn(made), { role: 'user', content: 'And?' }] });
    expect(reply.status).toBe(503);
    expect(world.azure.calls).toEqual([]);
  });

  test('is not made of nothing, of an unknown model, or of what was sealed elsewhere', async () => {
    const world = new ProxyWorld({ spark: [() => [text(' '), usage(1, 1), end]] });
    expect((await compact(world, { input: 'Hi' })).status).toBe(500);
    expect((await compact(world, { input: 'Hi', model: 'x' })).error['code']).toBe(
      'model_not_found',
    );
    const foreign = [{ type: 'compaction', encrypted_content: 'gAAAA' }];
    expect((await compact(world, { input: foreign })).error['code']).toBe(
      'invalid_encrypted_content',
    );
  });
});

test('a reference to an item carries the residency of the response that holds it', async () => {
  const world = new ProxyWorld();
  const asked = await world.ask({ input: 'Secret', metadata: { residency: 'local-only' } });
  const { id: firstId, output } = asked.stream.resource;
  // The second inherits the demand, and says so to those that refer to it.
  const second = await world.ask({ input: 'More', previous_response_id: firstId });
  expect(second.stream.resource.metadata['residency']).toBe('local-only');
  world.spark.plays(() => [failure('refused')]);
  for (const item of [output[0], second.stream.resource.output[0]]) {
    const reference = { type: 'item_reference', id: item?.id };
    const reply = await world.ask({ input: [reference, { role: 'user', content: 'And?' }] });
    expect(reply.status).toBe(503);
  }
  expect(world.azure.calls).toEqual([]);
});

test('reasoning sealed for a client without state carries it too', async () => {
  const world = new ProxyWorld();
  world.spark.plays(() => [failure('refused')]);
  const encrypted_content = seal('reasoning', { text: 'Hm.', isLocalOnly: true });
  const reply = await world.ask({
    input: [
      { type: 'reasoning', summary: [], encrypted_content },
      { role: 'assistant', content: 'Yes.' },
      { role: 'user', content: 'And?' },
    ],
  });
  expect(reply.status).toBe(503);
  expect(world.azure.calls).toEqual([]);
});
