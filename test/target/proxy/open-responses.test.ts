/** Every kind of answer, held against the Open Responses schema, event by event. */

import { describe, expect, test } from 'vitest';

import type { GenerationEvent } from '../../../src/protocol/generation.ts';
import {
  compactionSchema,
  departures,
  eventDepartures,
  responseSchema,
} from '../../kit/open-responses.ts';
import {
  type Act,
  ProxyWorld,
  RecordedReply,
  end,
  failure,
  numbered,
  text,
  usage,
} from '../../kit/proxy-world.ts';
import { parseRequest } from '../../../src/target/proxy/request.ts';

const call = (index: number, name: string, ...pieces: readonly string[]): GenerationEvent[] => [
  { kind: 'tool-call', index, name },
  ...pieces.map((piece): GenerationEvent => ({ kind: 'tool-arguments', index, text: piece })),
];
const thought: GenerationEvent = { kind: 'reasoning', text: 'Hm. ' };
const tools = ['f', 'g'].map((name) => ({ type: 'function', name }));
const everything = {
  instructions: 'Be brief.',
  tools: [
    { type: 'function', name: 'f', description: 'F', parameters: {}, strict: true },
    tools[1],
  ],
  tool_choice: { type: 'allowed_tools', tools: [{ type: 'function', name: 'f' }] },
  text: { format: { type: 'json_schema', name: 'n', schema: {} }, verbosity: 'low' },
  reasoning: { effort: 'minimal', summary: 'auto' },
  include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
  truncation: 'auto',
  temperature: 0,
  top_p: 0.5,
  max_output_tokens: 100,
  max_tool_calls: 2,
  parallel_tool_calls: false,
  metadata: { a: 'b' },
  service_tier: 'auto',
  safety_identifier: 'someone',
  prompt_cache_key: 'key',
  user: 'someone',
  stream_options: { include_obfuscation: false },
  store: false,
};

const answers: readonly (readonly [string, readonly Act[], Readonly<Record<string, unknown>>])[] = [
  ['text', [...numbered('p', 1, 3), usage(9, 3), end], {}],
  ['thinking and text', [thought, thought, text('Yes.'), usage(9, 3), end], {}],
  ['every parameter', [thought, ...call(0, 'f', '{}'), usage(9, 3), end], everything],
  ['text and a call', [text('See: '), ...call(0, 'f', '{"a"', ':1}'), usage(9, 3), end], { tools }],
  ['two parallel calls', [...call(0, 'f', '{}'), ...call(1, 'g'), end], { tools }],
  ['a refusal', [{ kind: 'refusal', text: 'No.' }, end], {}],
  ['a limit', [text('Cut'), { kind: 'end', reason: 'length' }], { max_output_tokens: 1 }],
  ['a filter', [text('Cut'), { kind: 'end', reason: 'content-filter' }], {}],
  ['a failure', [text('Cut'), failure('reset')], {}],
];

describe('what a client is told', () => {
  test.each(answers)('%s, streamed', async (_, acts, body) => {
    const reply = await new ProxyWorld({ spark: [() => acts] }).ask(body);
    expect(reply.stream.events.flatMap((event) => eventDepartures(event))).toEqual([]);
  });

  test.each(answers.slice(0, -1))('%s, whole', async (_, acts, body) => {
    const world = new ProxyWorld({ spark: [() => acts] });
    const reply = await world.ask({ ...body, stream: false });
    expect(departures(responseSchema, reply.json)).toEqual([]);
  });

  test('a conversation in short', async () => {
    const world = new ProxyWorld({ spark: [() => [text('Short.'), usage(9, 3), end]] });
    const reply = new RecordedReply(world.clock);
    const caller = { name: 'a', residency: 'local-first', trace: '1', requestId: 'r' } as const;
    const done = world.proxy.compact(parseRequest({ model: 'm', input: 'Hi' }), caller, reply);
    await world.clock.runUntil(done, 3_600_000);
    expect(departures(compactionSchema, reply.json)).toEqual([]);
  });

  test('the schema itself is no pushover', () => {
    expect(departures(responseSchema, { id: 'resp_1' }).length).toBeGreaterThan(0);
    expect(eventDepartures({ type: 'response.new', sequence_number: 0 })).toHaveLength(1);
  });
});

describe('what agents rely on', () => {
  const codexTools = [
    { type: 'custom', name: 'apply_patch', description: 'Patch' },
    {
      type: 'namespace',
      name: 'files',
      description: 'F',
      tools: [{ type: 'function', name: 'read' }],
    },
    { type: 'web_search' },
  ];

  test('a free-text call streams as one, and goes back to the model as the call it was', async () => {
    const patch = '*** Begin Patch\n"quoted"';
    const argument = JSON.stringify({ input: patch });
    const world = new ProxyWorld({
      spark: [() => [...call(0, 'apply_patch', argument.slice(0, 9), argument.slice(9)), end]],
    });
    const { stream } = await world.ask({ tools: codexTools });
    const [item] = stream.resource.output;
    expect(item).toMatchObject({ type: 'custom_tool_call', name: 'apply_patch', input: patch });
    expect(stream.types).toContain('response.custom_tool_call_input.done');
    expect(stream.resource.tools.map(({ type }) => type)).toEqual(['custom', 'namespace']);
    const callId = item && 'call_id' in item ? item.call_id : '';
    const output = { type: 'custom_tool_call_output', call_id: callId, output: 'ok' };
    await world.ask({
      tools: codexTools,
      input: [output],
      previous_response_id: stream.resource.id,
    });
    expect(world.spark.calls[1]?.input.slice(1)).toMatchObject([
      { type: 'function_call', name: 'apply_patch', arguments: argument },
      { type: 'function_call_output', call_id: callId, output: 'ok' },
    ]);
  });

  test('a call in a namespace comes back under the name the client gave', async () => {
    const world = new ProxyWorld({ spark: [() => [...call(0, 'files__read', '{}'), end]] });
    const { stream } = await world.ask({ tools: codexTools });
    expect(world.spark.calls[0]?.tools.map(({ name }) => name)).toEqual([
      'apply_patch',
      'files__read',
    ]);
    expect(stream.resource.output[0]).toMatchObject({
      type: 'function_call',
      namespace: 'files',
      name: 'read',
    });
  });

  test('a call outside of allowed tools is suppressed, and what remains is the answer', async () => {
    const tool_choice = { type: 'allowed_tools', tools: [{ type: 'function', name: 'g' }] };
    const acts = [text('Well.'), ...call(0, 'f', '{}'), ...call(1, 'g', '{}'), end];
    const world = new ProxyWorld({ spark: [() => acts] });
    const { stream } = await world.ask({ tools, tool_choice });
    expect(stream.resource.output).toMatchObject([{ type: 'message' }, { name: 'g' }]);
    expect(world.spark.calls[0]?.tools.map(({ name }) => name)).toEqual(['g']);
  });

  test('reasoning comes sealed for one that keeps the conversation itself, and is read again', async () => {
    const world = new ProxyWorld({ spark: [() => [thought, text('Yes.'), end]] });
    const { stream } = await world.ask({
      store: false,
      include: ['reasoning.encrypted_content'],
    });
    const [first, second] = stream.resource.output;
    const sealed = first?.type === 'reasoning' ? first.encrypted_content : undefined;
    expect(sealed).toEqual(expect.any(String));
    const input = [{ type: 'reasoning', summary: [], encrypted_content: sealed }, second];
    await world.ask({ input: [...input, { role: 'user', content: 'And?' }] });
    expect(world.spark.calls[1]?.input[0]).toMatchObject({
      content: [{ type: 'reasoning_text', text: 'Hm. ' }],
    });
    expect(JSON.stringify(world.spark.calls[1]?.input)).not.toContain(sealed);
  });

  test('the address of an image goes to the cloud alone, and nowhere when at home', async () => {
    const image = { type: 'input_image', image_url: 'http://192.168.0.1/secret.png' };
    const body = { input: [{ role: 'user', content: [image] }] };
    const world = new ProxyWorld();
    const reply = await world.ask(body);
    expect([reply.stream.text.slice(0, 3), world.spark.calls]).toEqual(['a1 ', []]);
    const home = await world.ask({ ...body, metadata: { residency: 'local-only' } });
    expect([home.status, home.error['code']]).toEqual([400, 'invalid_image_url']);
    expect(world.azure.calls).toHaveLength(1);
  });
});
