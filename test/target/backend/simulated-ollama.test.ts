/** The simulated Spark on a real socket, as a client sees it. */

import { expect, test } from 'vitest';

import { NdjsonParser } from '../../../src/protocol/ndjson.ts';
import type { OllamaChatChunk, OllamaMessage } from '../../../src/protocol/ollama.ts';
import { traceId, traceparent } from '../../../src/protocol/trace.ts';
import type { SimulatedSpark } from '../../../src/system/system.ts';
import { systemClock } from '../../../src/time/system-clock.ts';
import { openServer, spark } from '../../kit/simulated-server.ts';

const tag = 'gpt-oss:120b';
const clock = systemClock();
const open = async (simulate: Partial<SimulatedSpark> = {}) => {
  const profiles = ['gpt-oss-120b@ollama', 'gemma3-27b@ollama'];
  const { server, notes } = await openServer(
    spark({ profiles, keepAliveMs: 300_000, ...simulate }),
  );
  const post = (path: string, body: unknown, init: RequestInit = {}) =>
    fetch(server.url + path, { method: 'POST', body: JSON.stringify(body), ...init });
  const get = async (path: string): Promise<unknown> => (await fetch(server.url + path)).json();
  return { server, notes, post, get };
};

const linesOf = async (response: Response): Promise<OllamaChatChunk[]> => {
  const parser = new NdjsonParser();
  const lines: string[] = [];
  for await (const bytes of response.body ?? []) lines.push(...parser.push(bytes));
  return [...lines, ...parser.end()].map((line) => JSON.parse(line));
};

/** The one object of an answer that was not streamed. */
const wholeOf = async (response: Response): Promise<OllamaChatChunk> =>
  JSON.parse(await response.text());

const user = (content: string): OllamaMessage => ({ role: 'user', content });
const textOf = (chunks: readonly OllamaChatChunk[]): string =>
  chunks.map(({ message }) => message.content).join('');

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await clock.sleep(2);
};

test('an answer streams a line a token, thinking first, with timings at the end', async () => {
  const { post, notes } = await open({ timeScale: 0.01 });
  const trace = traceId({ arm: 0, workload: 0, session: 3, turn: 2 }, 'abc');
  const messages = [user('[s3 t1] in 5 tokens'), { role: 'assistant', content: 'p1' }];
  const response = await post(
    '/api/chat',
    { model: tag, messages: [...messages, user('[s3 t2] in 12 tokens')] },
    { headers: { traceparent: traceparent(trace, '0123456789abcdef') } },
  );
  expect(response.headers.get('content-type')).toBe('application/x-ndjson');
  const chunks = await linesOf(response);
  expect(chunks.slice(0, 3).map(({ message }) => message.thinking)).toEqual(['t1 ', 't2 ', 't3 ']);
  expect(textOf(chunks)).toBe('p1 p2 p3 p4 p5 p6 p7 p8 p9 p10 p11 p12');
  expect(chunks).toHaveLength(3 + 12 + 1);

  const last = chunks.at(-1);
  expect(last).toMatchObject({ done: true, done_reason: 'stop', eval_count: 15, model: tag });
  const { total_duration, prompt_eval_duration, eval_duration } = last ?? {};
  for (const duration of [total_duration, prompt_eval_duration, eval_duration])
    expect(duration).toBeGreaterThan(1e4);
  expect(total_duration).toBeGreaterThan((prompt_eval_duration ?? 0) + (eval_duration ?? 0) - 1e4);
  expect(last?.load_duration).toBeUndefined();

  expect(notes).toHaveLength(1);
  expect(notes[0]).toMatchObject({
    kind: 'generation',
    backend: 'spark',
    residency: 'local',
    trace,
    model: tag,
    outcome: 'completed',
    promptTokens: last?.prompt_eval_count,
    outputTokens: 15,
    history: 's3 t1-2',
  });
  const { receivedAt = 0, startedAt = 0, firstTokenAt = 0, endedAt = 0 } = notes[0] ?? {};
  expect(startedAt).toBeGreaterThanOrEqual(receivedAt);
  expect(firstTokenAt).toBeGreaterThan(startedAt);
  expect(endedAt).toBeGreaterThan(firstTokenAt);
});

test('without streaming it is one object, and the limit is told as length', async () => {
  const { post, notes } = await open();
  const body = { model: 'gemma3:27b', messages: [user('in 12 tokens')], stream: false };
  const response = await post('/api/chat', { ...body, options: { num_predict: 4 } });
  expect(await response.json()).toMatchObject({
    message: { role: 'assistant', content: 'p1 p2 p3 p4 ' },
    done: true,
    done_reason: 'length',
    eval_count: 4,
  });
  expect(notes[0]?.outcome).toBe('length');
});

test('a tool is called with whole arguments, and its result answered', async () => {
  const { post } = await open();
  const parameters = {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
  };
  const tools = [{ type: 'function', function: { name: 'weather', parameters } }];
  const asked = { model: tag, messages: [user('weather? in 5 tokens')], tools };
  const calls = (await linesOf(await post('/api/chat', asked))).flatMap(
    ({ message }) => message.tool_calls ?? [],
  );
  expect(calls).toHaveLength(1);
  expect(calls[0]?.function).toMatchObject({
    name: 'weather',
    arguments: { city: expect.stringMatching(/./) },
  });

  const result = { role: 'tool', content: 'rain', tool_name: 'weather' };
  const called = { role: 'assistant', content: '', tool_calls: calls };
  const again = { ...asked, messages: [...asked.messages, called, result] };
  expect(textOf(await linesOf(await post('/api/chat', again)))).toBe('p1 p2 p3 p4 p5');
});

test('a question to /api/generate is answered in its own words', async () => {
  const { post } = await open();
  const body = { model: tag, prompt: 'in 3 tokens', system: 'Be brief.', images: ['aGk='] };
  const response = await post('/api/generate', { ...body, stream: false });
  expect(await response.json()).toMatchObject({
    response: 'p1 p2 p3',
    thinking: 't1 ',
    done: true,
  });
  const lines = (await (await post('/api/generate', body)).text()).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).response).join('')).toBe('p1 p2 p3');
});

test('a schema is obeyed', async () => {
  const { post } = await open();
  const format = { type: 'object', properties: { n: { const: 7 } }, required: ['n'] };
  const body = { model: tag, messages: [user('n?')], format, stream: false };
  const answer = await wholeOf(await post('/api/chat', body));
  expect(JSON.parse(answer.message.content)).toEqual({ n: 7 });
});

test('an assistant message at the end is gone on with', async () => {
  const { post } = await open();
  const begun = { role: 'assistant', content: 'a1 a2 a3 ' };
  const body = { model: tag, messages: [user('in 6 tokens'), begun] };
  expect(textOf(await linesOf(await post('/api/chat', body)))).toBe('p4 p5 p6');
});

test('what cannot be done is refused in Ollama’s words', async () => {
  const { post, notes } = await open();
  const refused = async (body: unknown, raw?: string) => {
    const response = await post('/api/chat', body, raw === undefined ? {} : { body: raw });
    const { error }: { error: string } = JSON.parse(await response.text());
    return [response.status, error];
  };
  const messages = [user('hello')];
  const tools = [{ type: 'function', function: { name: 'f' } }];
  expect(await refused({ model: 'nope', messages })).toEqual([
    404,
    'model "nope" not found, try pulling it first',
  ]);
  expect(await refused({}, '{"model":')).toEqual([400, expect.any(String)]);
  expect(await refused({ messages })).toEqual([400, expect.stringContaining('model')]);
  expect(await refused({ model: 'gemma3:27b', messages, tools })).toEqual([
    400,
    expect.stringContaining('does not support tools'),
  ]);
  expect(await refused({ model: 'gemma3:27b', messages, think: true })).toEqual([
    400,
    expect.stringContaining('does not support thinking'),
  ]);
  const options = { num_ctx: 64 };
  const long = [user('it goes on and on '.repeat(50))];
  expect(await refused({ model: tag, messages: long, options, truncate: false })).toEqual([
    400,
    'the input length exceeds the context length',
  ]);
  expect(notes.map(({ outcome }) => outcome)).toEqual(Array(5).fill('rejected'));
});

test('unless told otherwise the front of a long prompt is dropped without a word', async () => {
  const { post, notes } = await open();
  const turns = [1, 2, 3, 4].flatMap((turn): OllamaMessage[] => [
    user(`[s1 t${turn}] ${'it goes on and on '.repeat(20)}in 3 tokens`),
    { role: 'assistant', content: 'p1 p2 p3' },
  ]);
  const messages = turns.slice(0, -1);
  const response = await post('/api/chat', { model: tag, messages, options: { num_ctx: 180 } });
  expect(response.status).toBe(200);
  const last = (await linesOf(response)).at(-1);
  expect(last?.prompt_eval_count).toBeLessThanOrEqual(180);
  expect(notes[0]?.history).toBe('s1 t3-4');
});

test('the second turn finds the first in the cache', async () => {
  const { post, notes } = await open();
  const first = user('[s1 t1] '.concat('it goes on and on '.repeat(60), 'in 3 tokens'));
  const answer = { role: 'assistant', content: 'p1 p2 p3' };
  await (await post('/api/chat', { model: tag, messages: [first] })).text();
  await (await post('/api/chat', { model: tag, messages: [first, answer, user('more')] })).text();
  expect(notes[0]?.cachedTokens).toBe(0);
  expect(notes[1]?.cachedTokens).toBeGreaterThan(120);
});

test('a client that leaves frees the slot for the next', async () => {
  const { post, notes, server } = await open({ timeScale: 0.05 });
  const leaving = new AbortController();
  const long = { model: tag, messages: [user('in 5000 tokens')] };
  const response = await post('/api/chat', long, { signal: leaving.signal });
  const waiting = post('/api/chat', { model: tag, messages: [user('in 2 tokens')] });
  await until(() => server.load().queued === 1);
  expect(server.load()).toEqual({ running: 1, queued: 1 });
  leaving.abort();
  await expect(response.text()).rejects.toThrow('aborted');
  expect(textOf(await linesOf(await waiting))).toBe('p1 p2');
  expect(server.load()).toEqual({ running: 0, queued: 0 });
  expect(notes.map(({ outcome }) => outcome)).toEqual(['cancelled', 'completed']);
  expect(notes[0]?.outputTokens).toBeLessThan(5000);
});

test('a client that leaves while it waits is forgotten', async () => {
  const { post, notes, server } = await open({ timeScale: 1 });
  const leaving = new AbortController();
  const first = post(
    '/api/chat',
    { model: tag, messages: [user('in 500 tokens')] },
    { signal: leaving.signal },
  );
  await until(() => server.load().running === 1);
  leaving.abort();
  await expect(first).rejects.toThrow('aborted');
  await until(() => server.load().running === 0);
  expect(notes[0]).toMatchObject({ outcome: 'cancelled', outputTokens: 0 });
});

test('closed in the middle of an answer, it cuts it off and holds on to nothing', async () => {
  const { post, notes, server } = await open({ timeScale: 0.05 });
  const response = await post('/api/chat', { model: tag, messages: [user('in 5000 tokens')] });
  await server.close();
  await expect(response.text()).rejects.toThrow('terminated');
  expect(notes).toMatchObject([{ outcome: 'cancelled' }]);
  await expect(fetch(server.url)).rejects.toThrow('fetch failed');
});

test('a question without words loads a model, and a keep-alive of 0 drops it', async () => {
  const { post, get } = await open({ isWarm: false });
  expect(await get('/api/ps')).toEqual({ models: [] });
  const warm = await post('/api/generate', { model: tag, keep_alive: '10m' });
  expect(await warm.json()).toMatchObject({ done: true, done_reason: 'load', response: '' });
  expect(await get('/api/ps')).toMatchObject({
    models: [{ name: tag, size: 65e9, size_vram: 65e9, expires_at: expect.stringMatching(/Z$/) }],
  });
  const unload = await post('/api/generate', { model: tag, keep_alive: 0 });
  expect(await unload.json()).toMatchObject({ done_reason: 'unload' });
  expect(await get('/api/ps')).toEqual({ models: [] });
});

test('a cold model is loaded by the first question, whose timings say so', async () => {
  const { post } = await open({ isWarm: false });
  const body = { model: tag, messages: [user('in 2 tokens')], stream: false };
  const cold = await wholeOf(await post('/api/chat', body));
  expect(cold.load_duration).toBeGreaterThan(1e6);
  const warm = await wholeOf(await post('/api/chat', body));
  expect(warm.load_duration).toBeUndefined();
});

test('another window means another load', async () => {
  const { post } = await open();
  const ask = async (numCtx: number) => {
    const body = { model: tag, messages: [user('in 2 tokens')], stream: false };
    const response = await post('/api/chat', { ...body, options: { num_ctx: numCtx } });
    return (await wholeOf(response)).load_duration !== undefined;
  };
  expect([await ask(8192), await ask(8192), await ask(4096)]).toEqual([false, false, true]);
});

test('more than 512 waiting for the loader are too many', async () => {
  const { post, server } = await open({ isWarm: false, timeScale: 1 });
  const leaving = new AbortController();
  const body = { model: tag, messages: [user('in 2 tokens')] };
  const waiting = Array.from({ length: 512 }, () =>
    post('/api/chat', body, { signal: leaving.signal }).catch(() => undefined),
  );
  await until(() => server.load().queued === 512);
  const refused = await post('/api/chat', body);
  expect([refused.status, await refused.json()]).toEqual([
    503,
    { error: 'server busy, please try again.  maximum pending requests exceeded' },
  ]);
  leaving.abort();
  await Promise.all(waiting);
});

test('it says who it is and what it has', async () => {
  const { server, get, post } = await open();
  expect(await (await fetch(server.url)).text()).toBe('Ollama is running');
  expect(await get('/api/version')).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
  expect(await get('/api/tags')).toMatchObject({
    models: [
      { name: tag, capabilities: ['completion', 'tools', 'thinking'] },
      { name: 'gemma3:27b', capabilities: ['completion', 'vision'] },
    ],
  });
  const shown = await post('/api/show', { model: tag });
  expect(await shown.json()).toMatchObject({ model_info: { 'gptoss.context_length': 131_072 } });
  expect((await post('/api/show', { model: 'nope' })).status).toBe(404);
});
