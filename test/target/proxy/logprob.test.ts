/** How likely each token was: asked of every wire, and told to the client who wants to know. */

import { describe, expect, test } from 'vitest';

import type { GenerationEvent } from '../../../src/protocol/generation.ts';
import { encodeSse } from '../../../src/protocol/sse.ts';
import type { System } from '../../../src/system/system.ts';
import { parseChatRequest } from '../../../src/target/proxy/chat-request.ts';
import { chatReply } from '../../../src/target/proxy/chat-reply.ts';
import { chatUpstream } from '../../../src/target/proxy/chat-upstream.ts';
import { asRecord } from '../../../src/target/proxy/json.ts';
import { ollamaUpstream } from '../../../src/target/proxy/ollama-upstream.ts';
import { responsesUpstream } from '../../../src/target/proxy/responses-upstream.ts';
import { systemClock } from '../../../src/time/system-clock.ts';
import { ProxyWorld, RecordedReply, end, text, usage } from '../../kit/proxy-world.ts';
import {
  backend,
  bodyOf,
  call,
  chunk,
  head,
  lastChunk,
  never,
  scriptedServer,
  status,
} from './scripted-server.ts';

const clock = systemClock();

/** As servers tell it, with bytes or without. */
const told = [
  { token: '水', logprob: -0.25, top_logprobs: [{ token: 'w', logprob: -1.5, bytes: [119] }] },
];
/** As it is known here. */
const known = [
  {
    token: '水',
    logprob: -0.25,
    bytes: [0xe6, 0xb0, 0xb4],
    top_logprobs: [{ token: 'w', logprob: -1.5, bytes: [119] }],
  },
];

const sse = head('text/event-stream');
const frame = (data: object): string => chunk(`data: ${JSON.stringify(data)}\n\n`);

const responses = {
  name: 'responses',
  open: (url: string) => responsesUpstream(backend('openai', [url]), { clock }),
  asked: { include: ['message.output_text.logprobs'], top_logprobs: 1 },
  answer:
    sse +
    frame({ type: 'response.output_text.delta', output_index: 0, delta: '水', logprobs: told }) +
    chunk(encodeSse('response.completed', { type: 'response.completed', response: {} })),
};

const wires = [
  responses,
  {
    name: 'ollama',
    open: (url: string) => ollamaUpstream(backend('ollama', [url]), { clock }),
    asked: { logprobs: true, top_logprobs: 1 },
    answer:
      head('application/x-ndjson') +
      chunk(`${JSON.stringify({ message: { content: '水' }, logprobs: told })}\n`) +
      chunk(`${JSON.stringify({ done: true, done_reason: 'stop' })}\n`),
  },
  {
    name: 'chat completions',
    open: (url: string) => chatUpstream(backend('openai', [url]), { clock }),
    asked: { logprobs: true, top_logprobs: 1 },
    answer:
      sse +
      frame({ choices: [{ delta: { content: '水' }, logprobs: { content: told } }] }) +
      frame({ choices: [{ delta: {}, finish_reason: 'stop' }] }) +
      chunk('data: [DONE]\n\n'),
  },
];

describe.each(wires)('$name', ({ open, asked, answer }) => {
  const ask = async (script: (at: number) => string, topLogprobs?: number) => {
    let at = 0;
    await using server = await scriptedServer((socket) => socket.write(script(at++) + lastChunk));
    const upstream = open(server.url);
    const events: GenerationEvent[] = [];
    const more = topLogprobs === undefined ? {} : { topLogprobs };
    for await (const some of upstream.open(call(more), never())) events.push(...some);
    await upstream.close();
    return { events, bodies: server.requests.map((it) => bodyOf(it)) };
  };

  test('is asked for them, and tells them', async () => {
    const { events, bodies } = await ask(() => answer, 1);
    expect(bodies).toMatchObject([asked]);
    expect(events[0]).toEqual({ kind: 'text', text: '水', logprobs: known });
  });

  test('is not asked for what nobody wants', async () => {
    const { bodies } = await ask(() => answer);
    for (const key of Object.keys(asked)) expect(bodies[0]).not.toHaveProperty(key);
  });
});

test('a model that refuses them answers without', async () => {
  const refusal = {
    error: { param: 'top_logprobs', code: 'unsupported_parameter', message: 'no' },
  };
  let at = 0;
  const { answer, open } = responses;
  await using server = await scriptedServer((socket) =>
    socket.write(at++ === 0 ? status(400, JSON.stringify(refusal)) : answer + lastChunk),
  );
  const upstream = open(server.url);
  const events: GenerationEvent[] = [];
  for await (const some of upstream.open(call({ topLogprobs: 1 }), never())) events.push(...some);
  await upstream.close();
  expect(events.at(-1)).toEqual({ kind: 'end', reason: 'stop' });
  expect(bodyOf(server.requests.at(-1))).not.toHaveProperty('top_logprobs');
});

describe('a client', () => {
  const speaking = (system: Partial<System> = {}) =>
    new ProxyWorld({
      system,
      spark: [
        () => [
          { kind: 'text', text: '水', logprobs: known },
          text('が。'),
          { kind: 'text', text: '水', logprobs: known },
          usage(9, 3),
          end,
        ],
      ],
    });
  const include = ['message.output_text.logprobs'];

  test('that wants them gets them with each piece, with the whole, and in the response', async () => {
    const world = speaking();
    const { events, resource } = (await world.ask({ include, top_logprobs: 1 })).stream;
    const of = (type: string) =>
      events.filter((event) => event['type'] === type).map((event) => event['logprobs']);
    expect(of('response.output_text.delta')).toEqual([known, [], known]);
    expect(of('response.output_text.done')).toEqual([[...known, ...known]]);
    expect(resource.output).toMatchObject([{ content: [{ logprobs: [...known, ...known] }] }]);
    expect(resource.top_logprobs).toBe(1);
    expect(world.spark.calls[0]?.topLogprobs).toBe(1);
    const added = events.find((event) => event['type'] === 'response.content_part.added');
    expect(added?.['part']).toMatchObject({ logprobs: [] });
  });

  test('that does not want them is not told them', async () => {
    const world = speaking();
    const reply = await world.ask({ top_logprobs: 1, stream: false });
    expect(reply.json['output']).toMatchObject([{ content: [{ logprobs: [] }] }]);
    expect(world.spark.calls[0]?.topLogprobs).toBeUndefined();
  });

  test('of chat completions gets them as it knows them', async () => {
    for (const stream of [false, true]) {
      const world = speaking();
      const reply = new RecordedReply(world.clock);
      const messages = [{ role: 'user', content: 'Hello' }];
      const asked = parseChatRequest({ model: 'm', messages, logprobs: true, stream });
      const who = { name: 'anonymous', residency: 'local-first' as const };
      const caller = { ...who, trace: '1'.padStart(32, '0'), requestId: 'req_1' };
      const done = world.proxy.respond(asked.request, caller, chatReply(reply, false));
      await world.clock.runUntil(done, world.clock.now() + 60_000);
      const content = stream ? known : [...known, ...known];
      const first = stream ? reply.body.split('\n\n')[1]?.replace(/^data: /, '') : reply.body;
      const { choices } = asRecord(JSON.parse(first ?? '')) ?? {};
      expect(choices).toMatchObject([{ logprobs: { content, refusal: null } }]);
    }
  });

  test('of chat completions says that it wants them, or is asked what it meant', () => {
    const messages = [{ role: 'user', content: 'Hello' }];
    expect(() => parseChatRequest({ model: 'm', messages, top_logprobs: 2 })).toThrow(/'logprobs'/);
  });
});
