/** What the client writes down of a stream, however the network cuts it. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ExchangeRecorder, type TurnRecord } from '../../src/client/exchange-recorder.ts';
import { encodeSse, sseComment, sseDone } from '../../src/protocol/sse.ts';

const head = { 'content-type': 'text/event-stream; charset=utf-8' };

const resource = (status: string, more: object = {}): object => ({
  type: `response.${status}`,
  response: { id: 'resp_1', object: 'response', status, ...more },
});

const frame = (event: { readonly type: string; readonly [field: string]: unknown }): string =>
  encodeSse(event.type, event);

const delta = (type: string, text: string): string => frame({ type, delta: text });

const created = encodeSse('response.created', resource('in_progress'));

const completed = encodeSse(
  'response.completed',
  resource('completed', {
    output: [],
    metadata: { spillway_backend: 'azure' },
    usage: {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 60 },
      output_tokens: 4,
      output_tokens_details: { reasoning_tokens: 1 },
      total_tokens: 104,
    },
  }),
);

/** Hears each text at its own instant, 10 ms apart, the first at 20; the stream ends after that. */
const hear = (texts: readonly string[], headers: Record<string, string> = head): TurnRecord => {
  const recorder = new ExchangeRecorder('t');
  recorder.sent(0);
  recorder.headers(10, 200, headers);
  let at = 10;
  for (const text of texts) recorder.bytes(Buffer.from(text), (at += 10));
  recorder.ended(at + 10);
  return recorder.record();
};

test('every instant of a whole answer is kept', () => {
  const record = hear(
    [
      created,
      delta('response.reasoning_summary_text.delta', 'hm'),
      sseComment('still here'),
      delta('response.output_text.delta', ''),
      delta('response.output_text.delta', 'p1 '),
      delta('response.output_text.delta', 'p2 '),
      completed,
      sseDone,
    ],
    { ...head, 'x-spillway-backend': 'spark', 'x-spillway-attempts': '2' },
  );
  expect(record).toEqual({
    trace: 't',
    sentAt: 0,
    headersAt: 10,
    firstEventAt: 20,
    firstTokenAt: 30,
    firstTextAt: 60,
    lastTokenAt: 70,
    lastTextAt: 70,
    endedAt: 80,
    outcome: 'completed',
    status: 200,
    responseId: 'resp_1',
    // The head could only tell who began; the end tells who finished.
    backend: 'azure',
    attempts: 2,
    usage: { inputTokens: 100, outputTokens: 4, cachedInputTokens: 60, reasoningTokens: 1 },
    chunks: [
      { at: 30, channel: 'reasoning' },
      { at: 60, channel: 'text' },
      { at: 70, channel: 'text' },
    ],
    text: 'p1 p2 ',
    toolCalls: [],
  });
});

test('the record does not depend on how the stream is cut', () => {
  const stream = Buffer.from(
    created +
      delta('response.output_text.delta', '東京 ') +
      delta('response.refusal.delta', 'no') +
      completed,
  );
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length)), (cuts) => {
      const recorder = new ExchangeRecorder('t');
      recorder.headers(0, 200, head);
      const places = [...new Set(cuts)].toSorted((a, b) => a - b);
      for (const [index, from] of [0, ...places].entries())
        recorder.bytes(stream.subarray(from, places[index] ?? stream.length), 5);
      recorder.ended(9);
      expect(recorder.record()).toMatchObject({
        outcome: 'completed',
        text: '東京 ',
        endedAt: 5,
        chunks: [
          { at: 5, channel: 'text' },
          { at: 5, channel: 'refusal' },
        ],
      });
    }),
  );
});

test('cut after any number of events, it is truncated, or whole once the last has come', () => {
  const events = [created, delta('response.output_text.delta', 'p1 '), completed];
  for (let count = 0; count <= events.length; count++) {
    const recorder = new ExchangeRecorder('t');
    recorder.headers(0, 200, head);
    for (const event of events.slice(0, count)) recorder.bytes(Buffer.from(event), 1);
    recorder.failed(2, Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    const { outcome, code } = recorder.record();
    expect(outcome).toBe(count === events.length ? 'completed' : 'truncated');
    expect(code).toBe(count === events.length ? undefined : 'ECONNRESET');
  }
});

test('a clean end without a terminal event is truncated', () => {
  expect(hear([created, delta('response.output_text.delta', 'p1 ')])).toMatchObject({
    outcome: 'truncated',
    endedAt: 40,
  });
});

test.each([
  [
    'failed',
    [
      created,
      encodeSse(
        'response.failed',
        resource('failed', { error: { code: 'server_error', message: 'the Spark died' } }),
      ),
    ],
    'server_error',
  ],
  [
    'incomplete',
    [
      created,
      encodeSse(
        'response.incomplete',
        resource('incomplete', { incomplete_details: { reason: 'max_output_tokens' } }),
      ),
    ],
    'max_output_tokens',
  ],
  [
    'failed',
    [created, frame({ type: 'error', code: 'overloaded', message: 'full' })],
    'overloaded',
  ],
] as const)('it tells that an answer is %s, and why', (outcome, texts, code) => {
  expect(hear(texts)).toMatchObject({ outcome, code });
});

test('tool calls are collected once, wherever they are told', () => {
  const item = {
    type: 'function_call',
    id: 'fc_1',
    call_id: 'call_1',
    name: 'find',
    arguments: '{"a":1}',
  };
  const record = hear([
    created,
    delta('response.function_call_arguments.delta', '{"a":1}'),
    frame({ type: 'response.output_item.done', item }),
    encodeSse('response.completed', resource('completed', { output: [item] })),
  ]);
  expect(record.toolCalls).toEqual([{ callId: 'call_1', name: 'find', arguments: '{"a":1}' }]);
  expect(record.chunks).toEqual([{ at: 30, channel: 'arguments' }]);
  expect(record.firstTextAt).toBeUndefined();
});

test('an error status is a clean failure with its code', () => {
  const recorder = new ExchangeRecorder('t');
  recorder.headers(1, 503, { 'content-type': 'application/json' });
  recorder.bytes(Buffer.from('{"error":{"message":"no local backend",'), 2);
  recorder.bytes(Buffer.from('"code":"no_local_backend"}}'), 3);
  recorder.ended(4);
  expect(recorder.record()).toMatchObject({
    outcome: 'failed',
    status: 503,
    code: 'no_local_backend',
    message: 'no local backend',
    endedAt: 4,
    chunks: [],
  });
});

test('a server that does not stream is understood', () => {
  const record = hear(
    [
      JSON.stringify({
        id: 'resp_9',
        object: 'response',
        status: 'completed',
        output: [{ type: 'message', content: [{ type: 'output_text', text: 'p1 p2' }] }],
      }),
    ],
    { 'content-type': 'application/json' },
  );
  expect(record).toMatchObject({ outcome: 'completed', text: 'p1 p2', responseId: 'resp_9' });
});

test('nothing that comes after the end changes the record', () => {
  const recorder = new ExchangeRecorder('t');
  recorder.headers(0, 200, head);
  recorder.bytes(Buffer.from(created), 1);
  recorder.hung(5);
  recorder.bytes(Buffer.from(completed), 6);
  recorder.ended(7);
  recorder.failed(8, new Error('late'));
  expect(recorder.record()).toMatchObject({ outcome: 'hung', endedAt: 5, chunks: [] });
  expect(recorder.record().usage).toBeUndefined();
});

test('a connection that never was is a failure with its code', () => {
  const recorder = new ExchangeRecorder('t');
  recorder.sent(0);
  recorder.failed(1, Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
  expect(recorder.record()).toMatchObject({ outcome: 'failed', code: 'ECONNREFUSED' });
});
