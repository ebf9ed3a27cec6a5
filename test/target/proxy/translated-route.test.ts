/** The routes beside `POST /v1/responses`, over sockets: an older app's, and the two that help. */

import { describe, expect, test } from 'vitest';

import { chatUpstream } from '../../../src/target/proxy/chat-upstream.ts';
import { asRecord, type JsonObject } from '../../../src/target/proxy/json.ts';
import { clock, servedProxy } from '../../kit/served-proxy.ts';
import { backend, call, collect, never } from './scripted-server.ts';

const post = async (origin: string, path: string, body: unknown) => {
  const answer = await fetch(`${origin}/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { status, headers } = answer;
  return { status, headers, text: await answer.text() };
};

const json = (text: string): JsonObject => asRecord(JSON.parse(text)) ?? {};
const model = () => ({ text: 'one two three' });
const messages = [{ role: 'user', content: 'Count.' }];

describe('chat completions', () => {
  test('streamed and whole', async () => {
    await using served = await servedProxy(model);
    const whole = await post(served.origin, '/chat/completions', { model: 'm', messages });
    expect(whole.status).toBe(200);
    expect(json(whole.text)['choices']).toMatchObject([
      { message: { content: 'one two three' }, finish_reason: 'stop' },
    ]);
    const body = { model: 'm', messages, stream: true };
    const streamed = await post(served.origin, '/chat/completions', body);
    expect(streamed.headers.get('content-type')).toContain('text/event-stream');
    expect(streamed.text.split('\n\n')).toHaveLength(1 + 3 + 1 + 1 + 1);
    expect(streamed.text).toMatch(/data: \[DONE\]\n\n$/);
  });

  test('are understood by a proxy that asks another one for them', async () => {
    await using served = await servedProxy(model);
    const system = { ...backend('openai', [`${served.origin}/v1`]), api: 'chat' } as const;
    const upstream = chatUpstream(system, { clock });
    const asked = call({ candidate: { backend: 'box', model: 'm' } });
    expect(await collect(upstream.open(asked, never()))).toEqual([
      { kind: 'text', text: 'one two three' },
      {
        kind: 'usage',
        usage: { inputTokens: 9, outputTokens: 2, cachedInputTokens: 0, reasoningTokens: 0 },
      },
      { kind: 'end', reason: 'stop' },
    ]);
    await expect(upstream.probe(never())).resolves.toEqual({});
    await upstream.close();
  });

  test('refused in the words of this API', async () => {
    await using served = await servedProxy(model);
    const wrong = await post(served.origin, '/chat/completions', { model: 'm', messages: 'Hi' });
    expect([wrong.status, asRecord(json(wrong.text)['error'])?.['param']]).toEqual([
      400,
      'messages',
    ]);
    const unknown = await post(served.origin, '/chat/completions', { model: 'x', messages });
    expect(unknown.status).toBe(404);
  });
});

describe('the length of a prompt', () => {
  const count = async (origin: string, body: JsonObject): Promise<number> => {
    const { status, text } = await post(origin, '/responses/input_tokens', body);
    expect(status).toBe(200);
    expect(json(text)).toEqual({
      object: 'response.input_tokens',
      input_tokens: expect.any(Number),
    });
    return Number(json(text)['input_tokens']);
  };

  test('counts history, instructions, tools and images', async () => {
    await using served = await servedProxy(model);
    const { origin } = served;
    const input = 'word '.repeat(100);
    const plain = await count(origin, { model: 'm', input });
    // Four characters are one token here, and a message has a frame of four.
    expect(plain).toBeGreaterThanOrEqual(125);
    expect(plain).toBeLessThan(135);
    const image = { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' };
    const content = [{ type: 'input_text', text: input }, image];
    expect(await count(origin, { input: [{ role: 'user', content }] })).toBe(plain + 85);
    expect(await count(origin, { input, instructions: input })).toBeGreaterThan(plain + 120);
    const tools = [{ type: 'function', name: 'f', description: input }];
    expect(await count(origin, { input, tools })).toBeGreaterThan(plain + 120);
    const first = await post(origin, '/responses', { model: 'm', input });
    const previous_response_id = json(first.text)['id'];
    expect(await count(origin, { input: 'And?', previous_response_id })).toBeGreaterThan(plain);
  });

  test('is refused for what does not exist', async () => {
    await using served = await servedProxy(model);
    const body = { input: 'Hi', previous_response_id: 'resp_0' };
    const { status, text } = await post(served.origin, '/responses/input_tokens', body);
    expect([status, asRecord(json(text)['error'])?.['code']]).toEqual([
      400,
      'previous_response_not_found',
    ]);
    const unknown = await post(served.origin, '/responses/input_tokens', { model: 'x' });
    expect(asRecord(json(unknown.text)['error'])?.['code']).toBe('model_not_found');
  });
});

test('a conversation in short, and an error of making it', async () => {
  await using served = await servedProxy(model);
  const { origin } = served;
  const made = await post(origin, '/responses/compact', { model: 'm', input: 'Long story.' });
  expect(made.status).toBe(200);
  expect(json(made.text)).toMatchObject({ object: 'response.compaction' });
  const next = { model: 'm', input: json(made.text)['output'] };
  expect((await post(origin, '/responses', next)).status).toBe(200);
  expect((await post(origin, '/responses/compact', { model: 'm' })).status).toBe(400);
});
