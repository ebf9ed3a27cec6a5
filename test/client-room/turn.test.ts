/** One turn over a real socket. */

import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { createServer as createNetServer } from 'node:net';

import { afterEach, expect, test, vi } from 'vitest';

import { type ResponsesClient, responsesClient } from '../../src/client/responses-client.ts';
import { type TurnRequest, performTurn } from '../../src/client/turn.ts';
import { encodeSse } from '../../src/protocol/sse.ts';
import { traceId } from '../../src/protocol/trace.ts';
import { systemClock } from '../../src/time/system-clock.ts';

const clock = systemClock();
const opened: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

const request: TurnRequest = {
  trace: traceId({ arm: 0, workload: 0, session: 1, turn: 1 }, 'abcdefabcdef'),
  key: 'sk-test',
  model: 'gpt-oss-120b',
  input: 'hello',
  previousResponseId: 'resp_0',
  maxOutputTokens: 9,
};

const serve = async (
  answer: (request: IncomingMessage, body: string, response: ServerResponse) => void,
): Promise<ResponsesClient> => {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes) => (body += String(bytes)));
    request.on('end', () => answer(request, body, response));
  });
  opened.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => server.closeAllConnections(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return clientOf(server.address());
};

const clientOf = (address: ReturnType<ReturnType<typeof createNetServer>['address']>) => {
  const port = address && typeof address === 'object' ? address.port : 0;
  const client = responsesClient(`http://127.0.0.1:${port}/v1/`);
  opened.push(() => client.close());
  return client;
};

const terminal = encodeSse('response.completed', {
  type: 'response.completed',
  response: { id: 'resp_1', status: 'completed' },
});

const text = (delta: string): string =>
  encodeSse('response.output_text.delta', { type: 'response.output_text.delta', delta });

test('it asks as the API wants to be asked, and records the answer', async () => {
  let seen: unknown;
  const pool = await serve((incoming, body, response) => {
    seen = { url: incoming.url, headers: incoming.headers, body: JSON.parse(body) };
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'x-spillway-backend': 'spark',
      'x-spillway-attempts': '1',
    });
    response.end(text('p1 ') + text('p2 ') + terminal);
  });
  const record = await performTurn(request, { clock, pool, deadlineMs: 5000 });
  expect(seen).toMatchObject({
    url: '/v1/responses',
    headers: {
      authorization: 'Bearer sk-test',
      traceparent: `00-${request.trace}-${request.trace.slice(16)}-01`,
    },
    body: {
      model: 'gpt-oss-120b',
      input: 'hello',
      stream: true,
      previous_response_id: 'resp_0',
      max_output_tokens: 9,
    },
  });
  expect(record).toMatchObject({
    trace: request.trace,
    outcome: 'completed',
    text: 'p1 p2 ',
    backend: 'spark',
    attempts: 1,
    status: 200,
  });
  const { sentAt = 0, headersAt = 0, firstTokenAt = 0, endedAt } = record;
  expect([sentAt, headersAt, firstTokenAt, endedAt]).toEqual(
    [sentAt, headersAt, firstTokenAt, endedAt].toSorted((a, b) => a - b),
  );
});

test('turns share a connection', async () => {
  const ports = new Set<number | undefined>();
  const pool = await serve((incoming, _, response) => {
    ports.add(incoming.socket.remotePort);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(terminal);
  });
  for (let count = 0; count < 3; count++) {
    await performTurn(request, { clock, pool, deadlineMs: 5000 });
    // undici counts the connection as busy until the end of this turn of the event loop.
    await clock.sleep(1);
  }
  expect(ports.size).toBe(1);
});

test('a stream that does not end after its last event is not waited for', async () => {
  const pool = await serve((_, __, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(terminal);
  });
  const record = await performTurn(request, { clock, pool, deadlineMs: 60_000 });
  expect(record.outcome).toBe('completed');
  expect(record.endedAt - (record.sentAt ?? 0)).toBeLessThan(900);
});

test('a stream that is reset is truncated, with what came before', async () => {
  const pool = await serve((_, __, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text('p1 '), () =>
      clock.at(clock.now() + 20, () => response.socket?.resetAndDestroy()),
    );
  });
  expect(await performTurn(request, { clock, pool, deadlineMs: 5000 })).toMatchObject({
    outcome: 'truncated',
    text: 'p1 ',
    code: 'ECONNRESET',
  });
});

test('silence ends at the deadline, and the connection is given up', async () => {
  let isClosed = false;
  const pool = await serve((incoming) => {
    incoming.socket.on('close', () => (isClosed = true));
  });
  const record = await performTurn(request, { clock, pool, deadlineMs: 100 });
  expect(record.outcome).toBe('hung');
  expect(record.endedAt - (record.sentAt ?? 0)).toBeGreaterThanOrEqual(100);
  expect(record.endedAt - (record.sentAt ?? 0)).toBeLessThan(200);
  await clock.sleep(50);
  expect(isClosed).toBe(true);
});

test('a run that ends cancels the turn at once', async () => {
  const pool = await serve(() => undefined);
  const stopping = new AbortController();
  clock.at(clock.now() + 50, () => stopping.abort());
  const { signal } = stopping;
  const record = await performTurn(request, { clock, pool, deadlineMs: 5000, signal });
  expect(record.outcome).toBe('cancelled');
  expect(await performTurn(request, { clock, pool, deadlineMs: 5000, signal })).toMatchObject({
    outcome: 'cancelled',
  });
});

test('an error status is a clean failure', async () => {
  const pool = await serve((_, __, response) => {
    response.writeHead(429, { 'content-type': 'application/json' });
    response.end('{"error":{"code":"rate_limit_exceeded","message":"slow down"}}');
  });
  expect(await performTurn(request, { clock, pool, deadlineMs: 5000 })).toMatchObject({
    outcome: 'failed',
    status: 429,
    code: 'rate_limit_exceeded',
  });
});

test('a target that is not there is a failure, not an exception', async () => {
  const gone = createNetServer();
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
  const pool = clientOf(gone.address());
  await new Promise((resolve) => gone.close(resolve));
  expect(await performTurn(request, { clock, pool, deadlineMs: 5000 })).toMatchObject({
    outcome: 'failed',
    code: 'ECONNREFUSED',
  });
});

test('a reader may leave in the middle, and says itself that it did', async () => {
  let isClosed = false;
  const client = await serve((_, __, response) => {
    response.on('close', () => (isClosed = !response.writableFinished));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text('p1 ') + text('p2 '));
  });
  const record = await performTurn(request, {
    clock,
    pool: client,
    deadlineMs: 5000,
    onTokens: (tokens) => (tokens >= 2 ? { kind: 'leave' } : undefined),
  });
  expect(record).toMatchObject({ outcome: 'cancelled', text: 'p1 p2 ' });
  await vi.waitFor(() => expect(isClosed).toBe(true));
});

test('a reader may stop reading for a while, and reads the rest then', async () => {
  const client = await serve((_, __, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text('p1 '));
    void clock.sleep(60).then(() => response.end(text('p2 ') + terminal));
  });
  const record = await performTurn(request, {
    clock,
    pool: client,
    deadlineMs: 5000,
    onTokens: (tokens) => (tokens === 1 ? { kind: 'pause', ms: 300 } : undefined),
  });
  expect(record).toMatchObject({ outcome: 'completed', text: 'p1 p2 ' });
  expect(record.endedAt - (record.firstTokenAt ?? 0)).toBeGreaterThanOrEqual(299);
});
