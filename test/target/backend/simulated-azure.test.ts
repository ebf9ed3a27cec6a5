/** The simulated cloud on a real socket, as a client sees it. */

import { expect, test } from 'vitest';

import type { ResponseEvent, ResponseResource } from '../../../src/protocol/responses.ts';
import { type SseEvent, SseParser } from '../../../src/protocol/sse.ts';
import type { BackendSystem, SimulatedCloud } from '../../../src/system/system.ts';
import { systemClock } from '../../../src/time/system-clock.ts';
import { cloud, openServer, spark } from '../../kit/simulated-server.ts';

const clock = systemClock();
const open = async (simulate: Partial<SimulatedCloud> = {}, more: Partial<BackendSystem> = {}) => {
  const { server, notes } = await openServer(cloud(simulate, more));
  const origin = new URL(server.url).origin;
  const post = (body: unknown, init: RequestInit = {}, path = '/openai/v1/responses') =>
    fetch(origin + path, {
      method: 'POST',
      body: JSON.stringify({ model: 'gpt-5-mini', ...Object(body) }),
      ...init,
    });
  return { server, origin, notes, post };
};

const framesOf = async (response: Response): Promise<SseEvent[]> => {
  const parser = new SseParser();
  const frames: SseEvent[] = [];
  for await (const bytes of response.body ?? []) frames.push(...parser.push(bytes));
  return frames;
};

const eventsOf = async (response: Response): Promise<ResponseEvent[]> =>
  (await framesOf(response)).slice(0, -1).map(({ data }) => JSON.parse(data));

const resourceOf = async (response: Response): Promise<ResponseResource> =>
  JSON.parse(await response.text());

const errorOf = async (response: Response) => {
  const { error }: { error: Record<string, unknown> } = JSON.parse(await response.text());
  return error;
};

const textOf = (events: readonly ResponseEvent[]): string =>
  events
    .filter(({ type }) => type === 'response.output_text.delta')
    .map((event) => event['delta'])
    .join('');

test('an answer streams in the grammar of the Responses API, a token a delta', async () => {
  const { post, notes } = await open({}, { deployment: { type: 'Standard', region: 'japaneast' } });
  const response = await post({ input: '[s2 t1] in 4 tokens', stream: true });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  expect(response.headers.get('apim-request-id')).toMatch(/^[0-9a-f]{32}$/);
  expect(response.headers.get('x-ms-region')).toBe('japaneast');
  const frames = await framesOf(response);
  expect(frames.at(-1)).toEqual({ data: '[DONE]' });
  const events = frames.slice(0, -1).map(({ data }): ResponseEvent => JSON.parse(data));
  expect(frames.slice(0, -1).map(({ event }) => event)).toEqual(events.map(({ type }) => type));
  expect(events.map(({ type }) => type.replace('response.', ''))).toEqual([
    'created',
    'in_progress',
    'output_item.added',
    'content_part.added',
    'output_text.delta',
    'output_text.delta',
    'output_text.delta',
    'output_text.delta',
    'output_text.done',
    'content_part.done',
    'output_item.done',
    'completed',
  ]);
  expect(textOf(events)).toBe('a1 a2 a3 a4');
  expect(events.at(-1)?.['response']).toMatchObject({
    status: 'completed',
    model: 'gpt-5-mini',
    usage: { output_tokens: 4, total_tokens: expect.any(Number) },
    output: [{ type: 'message', content: [{ type: 'output_text', text: 'a1 a2 a3 a4' }] }],
  });
  expect(notes).toMatchObject([
    {
      backend: 'azure',
      residency: 'cloud',
      outcome: 'completed',
      history: 's2 t1',
      outputTokens: 4,
    },
  ]);
});

test('without streaming it is one object; the limit makes it incomplete', async () => {
  const { post, notes } = await open();
  const response = await post({ input: 'in 40 tokens', max_output_tokens: 3 });
  expect(await resourceOf(response)).toMatchObject({
    object: 'response',
    status: 'incomplete',
    incomplete_details: { reason: 'max_output_tokens' },
    max_output_tokens: 3,
    output: [{ content: [{ text: 'a1 a2 a3 ' }] }],
  });
  expect(notes[0]?.outcome).toBe('length');
});

test('both addresses of Azure and that of OpenAI answer', async () => {
  const { post } = await open();
  const statusOf = async (path: string) => (await post({ input: 'in 1 token' }, {}, path)).status;
  expect(await statusOf('/openai/v1/responses')).toBe(200);
  expect(await statusOf('/v1/responses')).toBe(200);
  expect(await statusOf('/openai/responses?api-version=2025-04-01-preview')).toBe(200);
  expect(await statusOf('/openai/responses')).toBe(404);
  expect(await statusOf('/openai/nowhere')).toBe(404);
  const { server } = await open({}, { wire: 'openai', residency: 'local' });
  expect(server.url).toMatch(/\/v1$/);
  const init = { method: 'POST', body: JSON.stringify({ model: 'm', input: 'in 2 tokens' }) };
  const resource = await resourceOf(await fetch(`${server.url}/responses`, init));
  expect(resource.output).toMatchObject([{ content: [{ text: 'p1 p2' }] }]);
});

test('a key is asked for in either header', async () => {
  const { post, origin, notes } = await open({}, { apiKey: 'secret' });
  const statusOf = async (headers: Record<string, string>) =>
    (await post({ input: 'in 1 token' }, { headers })).status;
  expect(await statusOf({})).toBe(401);
  expect(await statusOf({ 'api-key': 'wrong' })).toBe(401);
  expect(await statusOf({ 'api-key': 'secret' })).toBe(200);
  expect(await statusOf({ authorization: 'Bearer secret' })).toBe(200);
  expect((await fetch(`${origin}/openai/v1/models`)).status).toBe(401);
  const models = await fetch(`${origin}/v1/models`, { headers: { 'api-key': 'secret' } });
  expect(await models.json()).toEqual({ object: 'list', data: [] });
  expect(notes.map(({ outcome }) => outcome)).toEqual([
    'rejected',
    'rejected',
    'completed',
    'completed',
  ]);
});

test('tokens above the quota of the minute are refused, and it says for how long', async () => {
  const { post, notes } = await open({
    tokensPerMinute: 1000,
    timeScale: 1,
    ttftMsP50: 1,
    ttftMsP95: 2,
  });
  const first = await post({ input: 'in 1 token', max_output_tokens: 600 });
  expect(first.headers.get('x-ratelimit-limit-tokens')).toBe('1000');
  expect(Number(first.headers.get('x-ratelimit-remaining-tokens'))).toBeLessThan(400);
  expect(first.headers.get('x-ratelimit-limit-requests')).toBe('-1');
  await first.text();

  const second = await post({ input: 'in 1 token', max_output_tokens: 600 });
  expect(second.status).toBe(429);
  const seconds = Number(second.headers.get('retry-after'));
  const ms = Number(second.headers.get('retry-after-ms'));
  expect(seconds).toBe(Math.ceil(ms / 1000));
  expect(ms).toBeGreaterThan(0);
  expect(ms).toBeLessThanOrEqual(60_000);
  expect(await errorOf(second)).toMatchObject({
    code: 'too_many_requests',
    message: expect.stringContaining(
      `token rate limit of your current OpenAI S0 pricing tier. Please retry after ${seconds} s`,
    ),
  });
  expect(notes.map(({ outcome }) => outcome)).toEqual(['completed', 'rejected']);
});

test('requests are counted over a second', async () => {
  const { post } = await open({ requestsPerMinute: 60, timeScale: 1, ttftMsP50: 1, ttftMsP95: 2 });
  const statuses: number[] = [];
  for (let at = 0; at < 3; at++) {
    const response = await post({ input: 'in 1 token' });
    await response.text();
    statuses.push(response.status);
  }
  // Three in quick succession meet at most one change of the second.
  expect(statuses).toContain(429);
});

test('a tool is called in deltas, and its result answered', async () => {
  const { post } = await open();
  const parameters = { type: 'object', properties: { n: { const: 5 } }, required: ['n'] };
  const tools = [{ type: 'function', name: 'count', parameters, strict: true }];
  const question = { role: 'user', content: [{ type: 'input_text', text: 'in 3 tokens' }] };
  const events = await eventsOf(await post({ input: [question], tools, stream: true }));
  const deltas = events.filter(({ type }) => type === 'response.function_call_arguments.delta');
  expect(deltas.map((event) => event['delta']).join('')).toBe('{"n":5}');
  expect(deltas.length).toBeGreaterThan(1);
  const call = {
    type: 'function_call',
    call_id: expect.stringMatching(/^call_/),
    name: 'count',
    arguments: '{"n":5}',
  };
  expect(events.at(-1)?.['response']).toMatchObject({ output: [call] });

  const replayed = [
    question,
    { ...call, call_id: 'call_1' },
    { type: 'function_call_output', call_id: 'call_1', output: '5' },
  ];
  const after = await resourceOf(await post({ input: replayed, tools }));
  expect(after.output).toMatchObject([{ content: [{ text: 'a1 a2 a3' }] }]);
  expect((await post({ input: replayed.slice(0, 2) })).status).toBe(400);
  expect((await post({ input: [question, replayed[2]] })).status).toBe(400);
});

test('it knows the items it gave out, and no others', async () => {
  const { post } = await open();
  const first = await resourceOf(await post({ input: 'in 2 tokens' }));
  const again = [{ role: 'user', content: 'in 2 tokens' }, ...first.output];
  const known = await post({ input: [...again, { role: 'user', content: 'in 1 token' }] });
  expect(known.status).toBe(200);
  const foreign = [{ type: 'reasoning', id: 'rs_foreign', summary: [] }];
  const unknown = await post({ input: [...foreign, ...again] });
  expect(unknown.status).toBe(400);
  expect(await errorOf(unknown)).toMatchObject({
    message: expect.stringContaining("Item with id 'rs_foreign' not found."),
    param: 'input',
  });
  const chained = await post({ input: 'hi', previous_response_id: 'resp_1' });
  expect(await errorOf(chained)).toMatchObject({ code: 'previous_response_not_found' });
});

test('what it cannot read is refused with the place', async () => {
  const { post, notes } = await open();
  expect(await errorOf(await post({ input: 7 }))).toMatchObject({
    param: 'input',
    type: 'invalid_request_error',
  });
  expect(await errorOf(await post({}, { body: '{"model":' }))).toMatchObject({ code: '400' });
  expect(await errorOf(await post({ input: [{ type: 'telepathy' }] }))).toMatchObject({
    param: 'input[0]',
  });
  expect(notes.map(({ outcome }) => outcome)).toEqual(['rejected', 'rejected']);
});

test('reasoning takes tokens, and is summed up only on request', async () => {
  const { post } = await open();
  const ask = (reasoning: unknown) => post({ input: 'in 8 tokens', reasoning });
  const silent = await resourceOf(await ask({ effort: 'low' }));
  expect(silent.usage).toMatchObject({
    output_tokens: 10,
    output_tokens_details: { reasoning_tokens: 2 },
  });
  expect(silent.output).toMatchObject([{ type: 'reasoning', summary: [] }, { type: 'message' }]);
  const told = await resourceOf(await ask({ effort: 'low', summary: 'auto' }));
  expect(told.output).toMatchObject([{ summary: [{ text: 't1 t2 ' }] }, {}]);
  expect((await resourceOf(await ask({ effort: 'minimal' }))).output).toHaveLength(1);
});

test.each([
  ['well', 'a4 a5 a6'],
  ['start-over', 'a1 a2 a3 a4 a5 a6'],
  ['repeat', 'p1 p2 p3 a4 a5 a6'],
  ['preamble', 'Sure, here is the continuation: a4 a5 a6'],
  ['refuse', "I'm sorry, but I can't continue that."],
] as const)('asked to go on, it goes on %s', async (continues, expected) => {
  const { post } = await open({ continues });
  const input = [
    { role: 'user', content: 'in 6 tokens' },
    { role: 'assistant', content: [{ type: 'output_text', text: 'p1 p2 p3 ' }] },
    { role: 'developer', content: 'Continue exactly where the answer stops.' },
  ];
  expect(textOf(await eventsOf(await post({ input, stream: true })))).toBe(expected);
});

test('a client that leaves ends the answer', async () => {
  const { post, notes, server } = await open({ timeScale: 1, ttftMsP50: 1, ttftMsP95: 2 });
  const leaving = new AbortController();
  const body = { input: 'in 5000 tokens', stream: true };
  const response = await post(body, { signal: leaving.signal });
  expect(server.load()).toEqual({ running: 1, queued: 0 });
  leaving.abort();
  await expect(response.text()).rejects.toThrow('aborted');
  while (server.load().running > 0) await clock.sleep(2);
  expect(notes).toMatchObject([{ outcome: 'cancelled' }]);
});

test('a port in use is the user’s to change', async () => {
  const { server } = await open();
  const again = openServer(spark(), server.port);
  await expect(again).rejects.toMatchObject({ hint: expect.stringContaining('port') });
});
