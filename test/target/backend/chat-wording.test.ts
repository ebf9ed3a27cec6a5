/** Chat completions of the simulated cloud, as a client sees them. */

import { describe, expect, test } from 'vitest';

import { cloud, openServer } from '../../kit/simulated-server.ts';

const jsonOf = async (response: Response) => JSON.parse(await response.text());

const open = async (requestsPerMinute = Infinity) => {
  const { server } = await openServer(cloud({ requestsPerMinute }, { apiKey: 'secret' }));
  const { origin } = new URL(server.url);
  return (body: object, path = '/v1/chat/completions', key = 'secret') =>
    fetch(origin + path, {
      method: 'POST',
      headers: { 'api-key': key },
      body: JSON.stringify({
        model: 'gpt-5-mini',
        messages: [{ role: 'user', content: 'Answer in 3 tokens.' }],
        ...body,
      }),
    });
};

const dated = (version: string): string =>
  `/openai/deployments/mine/chat/completions${version === '' ? '' : `?api-version=${version}`}`;

test.each([
  ['/v1/chat/completions', 'gpt-5-mini'],
  ['/openai/v1/chat/completions', 'gpt-5-mini'],
  [dated('2024-10-21'), 'mine'],
  [dated('2023-05-15'), 'mine'],
])('%s answers as %s', async (path, model) => {
  const post = await open();
  const response = await post({}, path);
  expect(await response.json()).toMatchObject({
    object: 'chat.completion',
    model,
    choices: [
      { index: 0, message: { role: 'assistant', content: 'a1 a2 a3' }, finish_reason: 'stop' },
    ],
    usage: { completion_tokens: 3 },
  });
});

test.each([
  [dated(''), 'secret', 404],
  [dated('2024-10-21'), 'wrong', 401],
])('%s with the key %s is refused with %d', async (path, key, status) => {
  const post = await open();
  expect((await post({}, path, key)).status).toBe(status);
});

test('a quota counts both APIs', async () => {
  const post = await open(1);
  expect((await post({})).status).toBe(200);
  expect((await post({})).status).toBe(429);
});

describe('a stream', () => {
  const chunksOf = async (response: Response) => {
    const frames = (await response.text()).split('\n\n').filter((it) => it !== '');
    expect(frames.at(-1)).toBe('data: [DONE]');
    return frames.slice(0, -1).map((it) => JSON.parse(it.replace(/^data: /, '')));
  };

  test('is a chunk a token, with its usage only on request', async () => {
    const post = await open();
    const plain = await chunksOf(await post({ stream: true }));
    const deltas = plain.map(({ choices }) => choices[0].delta.content);
    expect(deltas).toEqual(['', 'a1 ', 'a2 ', 'a3', undefined]);
    expect(plain.at(-1).choices[0].finish_reason).toBe('stop');
    const more = { stream: true, stream_options: { include_usage: true } };
    const last = (await chunksOf(await post(more))).at(-1);
    expect(last).toMatchObject({ choices: [], usage: { completion_tokens: 3 } });
  });

  test('calls a tool in deltas, and its result is answered', async () => {
    const post = await open();
    const parameters = {
      type: 'object',
      required: ['place'],
      properties: { place: { type: 'string' } },
    };
    const tools = [{ type: 'function', function: { name: 'weather', parameters } }];
    const asked = { role: 'user', content: 'Call weather.' };
    const choice = { tool_choice: { type: 'function', function: { name: 'weather' } } };
    const body = { messages: [asked], tools, ...choice, stream: true };
    const chunks = await chunksOf(await post(body));
    const calls = chunks.flatMap(({ choices }) => choices[0].delta.tool_calls ?? []);
    expect(calls[0]).toMatchObject({ index: 0, type: 'function', function: { name: 'weather' } });
    const text = calls.map((call) => call.function.arguments).join('');
    expect(JSON.parse(text)).toHaveProperty('place');
    expect(chunks.at(-1).choices[0].finish_reason).toBe('tool_calls');

    const call = {
      id: calls[0].id,
      type: 'function',
      function: { name: 'weather', arguments: text },
    };
    const answered = [
      asked,
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: call.id, content: 'Sunny.' },
    ];
    const second = await post({ messages: answered, tools });
    expect((await jsonOf(second)).choices[0]).toMatchObject({ finish_reason: 'stop' });
    const orphan = await post({ messages: [asked, answered.at(-1)], tools });
    expect(orphan.status).toBe(400);
  });
});

test('a limit cuts the answer, and what is no conversation is refused', async () => {
  const post = await open();
  const cut = await post({ max_tokens: 2 });
  expect((await jsonOf(cut)).choices[0]).toMatchObject({
    message: { content: expect.stringMatching(/^a1 a2/) },
    finish_reason: 'length',
  });
  expect((await post({ messages: 'Hello' })).status).toBe(400);
});
