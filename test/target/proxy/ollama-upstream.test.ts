import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { PromptItem } from '../../../src/protocol/responses.ts';
import { ollamaMessages } from '../../../src/target/proxy/ollama-message.ts';
import { chatRequest, ollamaUpstream } from '../../../src/target/proxy/ollama-upstream.ts';
import { systemClock } from '../../../src/time/system-clock.ts';
import {
  backend,
  bodyOf,
  call,
  chunk,
  collect,
  head,
  lastChunk,
  never,
  type Script,
  scriptedServer,
  status,
} from './scripted-server.ts';

const clock = systemClock();
const ndjson = head('application/x-ndjson');

const line = (message: object, more: object = {}): string =>
  `${JSON.stringify({ model: 'm', created_at: '', message: { role: 'assistant', content: '', ...message }, done: false, ...more })}\n`;

const done = (more: object = {}): string =>
  line({}, { done: true, done_reason: 'stop', prompt_eval_count: 12, eval_count: 3, ...more });

const tool = (name: string) => ({ function: { index: 0, name, arguments: { city: name } } });

const answered = async (script: Script) => {
  await using server = await scriptedServer(script);
  const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock });
  const events = await collect(upstream.open(call(), never()));
  await upstream.close();
  return { events, requests: server.requests };
};

const says =
  (...lines: readonly string[]): Script =>
  (socket) => {
    socket.write(ndjson + lines.map((it) => chunk(it)).join('') + lastChunk);
  };

describe('what an answer becomes', () => {
  test('text, usage and the end are told in order', async () => {
    const { events } = await answered(
      says(line({ content: 'p1 ' }), line({ content: 'p2' }), done()),
    );
    expect(events).toEqual([
      { kind: 'text', text: 'p1 p2' },
      { kind: 'usage', usage: { inputTokens: 12, outputTokens: 3 } },
      { kind: 'end', reason: 'stop' },
    ]);
  });

  test('thinking becomes reasoning', async () => {
    const { events } = await answered(
      says(line({ thinking: 'Hm.' }), line({ content: 'Yes.' }), done()),
    );
    expect(events.slice(0, 2)).toEqual([
      { kind: 'reasoning', text: 'Hm.' },
      { kind: 'text', text: 'Yes.' },
    ]);
    // Ollama counts thinking and text together; its pieces tell how much was thinking.
    expect(events[2]).toEqual({
      kind: 'usage',
      usage: { inputTokens: 12, outputTokens: 3, reasoningTokens: 1 },
    });
  });

  test('tool calls are counted by us, since Ollama gives each the index 0', async () => {
    const { events } = await answered(
      says(line({ tool_calls: [tool('a')] }), line({ tool_calls: [tool('b')] }), done()),
    );
    expect(events).toEqual([
      { kind: 'tool-call', index: 0, name: 'a' },
      { kind: 'tool-arguments', index: 0, text: '{"city":"a"}' },
      { kind: 'tool-call', index: 1, name: 'b' },
      { kind: 'tool-arguments', index: 1, text: '{"city":"b"}' },
      { kind: 'usage', usage: { inputTokens: 12, outputTokens: 3 } },
      { kind: 'end', reason: 'tool-calls' },
    ]);
  });

  test('an answer cut by its limit ends with length', async () => {
    const { events } = await answered(says(done({ done_reason: 'length' })));
    expect(events.at(-1)).toEqual({ kind: 'end', reason: 'length' });
  });

  test('a prompt served whole from the cache has an unknown count', async () => {
    const { events } = await answered(says(done({ prompt_eval_count: undefined })));
    expect(events).toEqual([{ kind: 'end', reason: 'stop' }]);
  });

  test('an error line in a 200 is a failure in band', async () => {
    const { events } = await answered(
      says(line({ content: 'p1' }), `${JSON.stringify({ error: 'CUDA error' })}\n`),
    );
    expect(events.at(-1)).toMatchObject({
      kind: 'failure',
      failure: { reason: 'in-band', evidence: 'soft', message: 'CUDA error' },
    });
  });

  test('a clean end without `done` is truncated', async () => {
    const { events } = await answered(says(line({ content: 'p1' })));
    expect(events.at(-1)).toMatchObject({ kind: 'failure', failure: { reason: 'truncated' } });
  });

  test('a line that is not JSON is garbled', async () => {
    const { events } = await answered(says('{"message":\n'));
    expect(events.at(-1)).toMatchObject({ kind: 'failure', failure: { reason: 'garbled' } });
  });

  test('the answer is the same however the network cuts it', async () => {
    const whole = ndjson + chunk(line({ content: 'こんにちは' })) + chunk(done()) + lastChunk;
    const bytes = Buffer.from(whole);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 6 }), async (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const { events } = await answered((socket) => {
          socket.setNoDelay(true);
          edges.slice(1).forEach((end, at) => socket.write(bytes.subarray(edges[at], end)));
        });
        expect(events[0]).toEqual({ kind: 'text', text: 'こんにちは' });
        expect(events.at(-1)).toEqual({ kind: 'end', reason: 'stop' });
      }),
      { numRuns: 20 },
    );
  });
});

describe('what is asked', () => {
  test('the prompt is never cut, the window is fixed, and the attempt is named', async () => {
    const { requests } = await answered(says(done()));
    expect(requests[0]).toMatch(/^POST \/api\/chat HTTP\/1\.1/);
    expect(requests[0]).toContain(
      'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    );
    expect(bodyOf(requests[0])).toEqual({
      model: 'gpt-oss:120b',
      messages: [{ role: 'user', content: 'Say hello.' }],
      stream: true,
      truncate: false,
      options: { num_ctx: 8192 },
    });
  });

  test('limits, format, effort and tools are passed on', () => {
    const request = chatRequest(
      call({
        maxOutputTokens: 50,
        temperature: 0.2,
        seed: 7,
        reasoningEffort: 'xhigh',
        format: { type: 'json_schema', name: 'x', schema: { type: 'object' } },
        tools: [
          { type: 'function', name: 'a', parameters: { type: 'object' } },
          { type: 'function', name: 'b' },
        ],
        toolChoice: { type: 'function', name: 'b' },
      }),
    );
    expect(request).toMatchObject({
      think: 'max',
      format: { type: 'object' },
      options: { num_ctx: 8192, num_predict: 50, temperature: 0.2, seed: 7 },
      tools: [{ type: 'function', function: { name: 'b' } }],
    });
    expect(request.tools).toHaveLength(1);
  });

  test('items that belong to one assistant turn become one message', () => {
    const input: readonly PromptItem[] = [
      { type: 'message', role: 'developer', content: 'Be brief.' },
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'Look: ' },
          { type: 'input_image', image_url: 'data:image/png;base64,AAAA' },
        ],
      },
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Need the weather.' }] },
      {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'One moment.' }],
      },
      { type: 'function_call', call_id: 'c1', name: 'weather', arguments: '{"city":"Kyoto"}' },
      { type: 'function_call', call_id: 'c2', name: 'clock', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'rain' },
      {
        type: 'function_call_output',
        call_id: 'c2',
        output: [
          { type: 'input_text', text: '9:00' },
          { type: 'input_image', image_url: 'data:image/png;base64,BBBB' },
        ],
      },
    ];
    expect(ollamaMessages({ instructions: 'Help.', input })).toEqual([
      { role: 'system', content: 'Help.' },
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Look: ', images: ['AAAA'] },
      {
        role: 'assistant',
        content: 'One moment.',
        thinking: 'Need the weather.',
        tool_calls: [
          { id: 'c1', function: { name: 'weather', arguments: { city: 'Kyoto' } } },
          { id: 'c2', function: { name: 'clock', arguments: {} } },
        ],
      },
      { role: 'tool', content: 'rain', tool_call_id: 'c1', tool_name: 'weather' },
      {
        role: 'tool',
        content: '9:00',
        images: ['BBBB'],
        tool_call_id: 'c2',
        tool_name: 'clock',
      },
    ]);
  });

  test('a text to be continued stands last, without the instruction meant for others', () => {
    const input: readonly PromptItem[] = [
      { type: 'message', role: 'user', content: 'Count.' },
      { type: 'message', role: 'assistant', content: 'p1 p2 ' },
      { type: 'message', role: 'developer', content: 'Go on from there.' },
    ];
    expect(ollamaMessages({ input, continues: 'p1 p2 ' })).toEqual([
      { role: 'user', content: 'Count.' },
      { role: 'assistant', content: 'p1 p2 ' },
    ]);
  });

  test('an image that must be fetched is left to another backend', async () => {
    const upstream = ollamaUpstream(backend('ollama', ['http://127.0.0.1:1']), { clock });
    const image = { type: 'input_image', image_url: 'https://example.com/a.png' } as const;
    const input = [{ type: 'message', role: 'user', content: [image] }] as const;
    const events = await collect(upstream.open(call({ input }), never()));
    expect(events).toMatchObject([{ kind: 'failure', failure: { reason: 'status' } }]);
    expect(events[0]).not.toHaveProperty('failure.isRequestFault');
    await upstream.close();
  });
});

test('a model that knows no thinking is asked again without a word on it, and so ever after', async () => {
  await using server = await scriptedServer((socket, request) => {
    const refusal = '{"error":"\\"llama3\\" does not support thinking"}';
    if ('think' in bodyOf(request)) socket.write(status(400, refusal));
    else socket.write(ndjson + chunk(line({ content: 'Yes.' })) + chunk(done()) + lastChunk);
  });
  const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock });
  const ask = async () => collect(upstream.open(call({ reasoningEffort: 'low' }), never()));
  expect(await ask()).toMatchObject([{ text: 'Yes.' }, { kind: 'usage' }, { kind: 'end' }]);
  expect(await ask()).toMatchObject([{ text: 'Yes.' }, { kind: 'usage' }, { kind: 'end' }]);
  expect(server.requests).toHaveLength(3);
  await upstream.close();
});

test('a probe tells which models are in memory', async () => {
  await using server = await scriptedServer((socket) => {
    const body = JSON.stringify({ models: [{ name: 'gpt-oss:120b' }, { name: 'llama3:latest' }] });
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  });
  const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock });
  const { loadedModels } = await upstream.probe(never());
  expect(loadedModels).toEqual(['gpt-oss:120b', 'llama3:latest']);
  expect(server.requests[0]).toMatch(/^GET \/api\/ps /);
  await upstream.close();
});

test('what its models are able to do is told, where it says so', async () => {
  const models = [
    { name: 'eyes:latest', capabilities: ['completion', 'vision'] },
    { name: 'hands:1b', capabilities: ['completion', 'tools'] },
    { name: 'old:1b' },
    { name: 'far:latest', capabilities: [], remote_host: 'https://ollama.com:443' },
    { name: 'afar:1b', remote_model: 'gpt-oss:120b', remote_host: 'https://ollama.com:443' },
  ];
  await using server = await scriptedServer((socket) => {
    socket.write(`${head('application/json')}${chunk(JSON.stringify({ models }))}${lastChunk}`);
  });
  const upstream = ollamaUpstream(backend('ollama', [server.url]), { clock });
  expect(await upstream.abilities?.(never())).toEqual(
    new Map([
      ['eyes:latest', { vision: true, tools: false }],
      ['hands:1b', { vision: false, tools: true }],
      ['old:1b', {}],
      ['far:latest', { vision: false, tools: false, isRemote: true }],
      ['afar:1b', { isRemote: true }],
    ]),
  );
  await upstream.close();
});
