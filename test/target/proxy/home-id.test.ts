/** Items that a client keeps itself, and sends again without the demand they were said under. */

import { describe, expect, test } from 'vitest';

import { asRecord } from '../../../src/target/proxy/json.ts';
import { type Act, ProxyWorld, answer, end, failure, text } from '../../kit/proxy-world.ts';

const localOnly = { metadata: { residency: 'local-only' } };
const question = { type: 'message', role: 'user', content: 'Secret?' };
const tool = { type: 'function', name: 'f', parameters: { type: 'object' } };
const calling: readonly Act[] = [
  { kind: 'tool-call', index: 0, name: 'f' },
  { kind: 'tool-arguments', index: 0, text: '{}' },
  { kind: 'end', reason: 'tool-calls' },
];

/** The output of an answer given at home, and a world whose box has failed since. */
const answeredAtHome = async (acts: readonly Act[], store: boolean) => {
  const world = new ProxyWorld({
    spark: [() => acts, () => [failure('refused', { evidence: 'hard' })]],
  });
  const first = await world.ask({ input: [question], tools: [tool], store, ...localOnly });
  return { world, output: first.stream.resource.output };
};

describe('what was said under `local-only` stays at home when it comes back', () => {
  test.each([true, false])('as whole items, with store: %s', async (store) => {
    const { world, output } = await answeredAtHome([text('Yes.'), end], store);
    const reply = await world.ask({ input: [question, ...output, question], store });
    expect(reply.status).toBe(503);
    expect(reply.error).toMatchObject({ code: 'local_only_unavailable' });
    expect(world.azure.calls).toHaveLength(0);
  });

  test('as a call without its own id, and the output of its tool', async () => {
    const { world, output } = await answeredAtHome(calling, false);
    const { call_id } = asRecord(output.find(({ type }) => type === 'function_call')) ?? {};
    const call = { type: 'function_call', call_id, name: 'f', arguments: '{}' };
    const result = { type: 'function_call_output', call_id, output: 'done' };
    const reply = await world.ask({ input: [question, call, result], tools: [tool] });
    expect(reply.status).toBe(503);
    expect(world.azure.calls).toHaveLength(0);
  });

  test('and what was not, or has no id, is free', async () => {
    const world = new ProxyWorld();
    const { stream } = await world.ask({ input: [question] });
    expect(JSON.stringify(stream.resource.output)).not.toContain('_local');
    const ids = ['msg_local', `msg_${'0'.repeat(44)}_locals`, 'my_local'];
    const input = [...stream.resource.output, ...ids.map((id) => ({ ...question, id }))];
    world.spark.plays(() => [failure('refused', { evidence: 'hard' })]);
    world.azure.plays(() => answer('a', 3));
    const reply = await world.ask({ input });
    expect(reply.headers['x-spillway-backend']).toBe('azure');
  });
});
