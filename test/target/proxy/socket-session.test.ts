/** The Responses API on a socket, in virtual time: order, memory, bounds and endings. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { UpstreamCall } from '../../../src/target/proxy/proxy.ts';
import { connectionStore } from '../../../src/target/proxy/connection-store.ts';
import { memoryStore } from '../../../src/target/proxy/memory-store.ts';
import {
  answer,
  end,
  failure,
  numbered,
  pause,
  ProxyWorld,
  text,
  usage,
} from '../../kit/proxy-world.ts';
import { SocketWorld } from '../../kit/socket-world.ts';
import { stored } from './stored-response.ts';

/** Ten tokens, one every half second. */
const slowly = () => [...numbered('p', 1, 10).flatMap((it) => [pause(500), it]), usage(9, 10), end];

/** What the model was shown, as text. */
const shown = (call: UpstreamCall | undefined): string => JSON.stringify(call?.input ?? []);

const idOf = async (socket: SocketWorld, body: Readonly<Record<string, unknown>> = {}) =>
  (await socket.ask(body)).stream.resource.id;

describe('a turn on a socket', () => {
  test('has the same events as over HTTP, and leaves the socket open', async () => {
    const world = new ProxyWorld();
    const socket = new SocketWorld(world);
    const { stream } = await socket.ask();
    expect(stream.text).toMatch(/^p1 .*p20 $/);
    expect(stream.types[0]).toBe('response.created');
    expect(stream.types.at(-1)).toBe('response.completed');
    expect(socket.closed).toBeUndefined();
    const over = (await new ProxyWorld().ask()).stream;
    expect(stream.types).toEqual(over.types);
  });

  test.each([{ stream: true }, { stream: false }, { stream_options: {} }, { background: true }])(
    'does not mind %o, which belongs to HTTP',
    async (more) => {
      const { stream } = await new SocketWorld(new ProxyWorld()).ask(more);
      expect(stream.resource).toMatchObject({ status: 'completed', background: false });
    },
  );

  test('says on each message which of the client’s lanes it is on', async () => {
    const socket = new SocketWorld(new ProxyWorld());
    const { messages, stream } = await socket.ask({ stream_id: 'left' });
    expect(new Set(messages.map((message) => message['stream_id']))).toEqual(new Set(['left']));
    expect(stream.resource.status).toBe('completed');
    const refused = await socket.ask({ stream_id: 'right', model: 'nope' });
    expect(refused.error).toMatchObject({ status: 400, stream_id: 'right' });
    expect((await socket.ask()).messages[0]).not.toHaveProperty('stream_id');
  });

  test('waits for the one before it', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const socket = new SocketWorld(world);
    for (let turn = 0; turn < 3; turn++) socket.create({ metadata: { turn: String(turn) } });
    await socket.settle();
    expect(socket.answers.map(({ stream }) => stream.resource.metadata['turn'])).toEqual([
      '0',
      '1',
      '2',
    ]);
    expect(world.attempts.map(({ backend }) => backend)).toEqual(['spark', 'spark', 'spark']);
  });

  test('beyond what may wait is refused at once, and the others are served', async () => {
    const socket = new SocketWorld(new ProxyWorld({ spark: [slowly] }));
    for (let turn = 0; turn < 20; turn++) socket.create();
    expect(socket.answers.map(({ error }) => error?.['status'])).toEqual([429, 429, 429]);
    await socket.settle();
    expect(socket.answers.filter(({ error }) => !error)).toHaveLength(17);
  });

  test('is kept alive by pings while nothing comes', async () => {
    const world = new ProxyWorld({
      spark: [() => [pause(50_000), ...answer('p', 2)]],
      local: { firstTokenMs: 60_000 },
    });
    const socket = new SocketWorld(world);
    await socket.ask();
    expect(socket.pings).toBe(3);
  });

  test('ends with its client', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const socket = new SocketWorld(world);
    socket.create();
    socket.create();
    await world.clock.advanceTo(1200);
    socket.leave();
    await socket.settle();
    expect(world.attempts).toMatchObject([{ outcome: 'cancelled' }]);
    expect(world.spark.calls).toHaveLength(1);
  });

  test('that is not read ends, and so does the socket', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const socket = new SocketWorld(world);
    socket.isReading = false;
    socket.create();
    await socket.settle();
    expect(socket.closed?.code).toBe(1008);
    expect(world.attempts).toMatchObject([{ outcome: 'cancelled' }]);
  });

  test('that breaks off mid-text says so, and the socket goes on', async () => {
    const world = new ProxyWorld({
      spark: [() => [...numbered('p', 1, 3), failure('reset')], () => answer('p', 2)],
      system: { breaker: { hardFailures: 5, softFailures: 5, openForMs: 5000 } },
    });
    const socket = new SocketWorld(world);
    const { stream } = await socket.ask();
    expect(stream.resource.status).toBe('failed');
    expect(stream.error).toMatchObject({ code: 'server_error' });
    expect((await socket.ask()).stream.resource.status).toBe('completed');
  });
});

test('a long life leaves nothing behind but what is remembered', async () => {
  const socket = new SocketWorld(new ProxyWorld());
  await socket.ask();
  const before = socket.listenerCount;
  for (let turn = 0; turn < 30; turn++) await socket.ask();
  expect(socket.listenerCount).toBe(before);
});

describe('what a client gets wrong', () => {
  test.each([
    ['no JSON', 'nonsense', 400, null],
    ['nothing', '', 400, null],
    ['no object', '[1]', 400, 'invalid_type'],
    ['no type', '{"model":"m","input":"x"}', 400, 'invalid_value'],
    ['another type', '{"type":"response.stop"}', 400, 'invalid_value'],
    ['no model', '{"type":"response.create","input":"x"}', 400, 'missing_required_parameter'],
    ['no such model', '{"type":"response.create","model":"x","input":"x"}', 400, 'model_not_found'],
    [
      'an unknown parent',
      '{"type":"response.create","model":"m","input":"x","previous_response_id":"resp_x"}',
      400,
      'previous_response_not_found',
    ],
  ])('%s is told, and the socket goes on', async (_what, message, status, code) => {
    const socket = new SocketWorld(new ProxyWorld());
    socket.session.receive(message);
    await socket.settle();
    expect(socket.answers[0]?.error).toMatchObject({ type: 'error', status, error: { code } });
    expect((await socket.ask()).stream.resource.status).toBe('completed');
    expect(socket.faults).toEqual([]);
  });

  test('whatever comes is answered by an error or a response, and nothing is thrown', async () => {
    const world = new ProxyWorld();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json(), fc.jsonValue()), async (garbage) => {
        const socket = new SocketWorld(world);
        const body = typeof garbage === 'string' ? garbage : JSON.stringify(garbage);
        socket.session.receive(body);
        socket.session.receive(`{"type":"response.create","model":"m","input":${body}}`);
        socket.session.receive(`{"type":"response.create","model":"m","tools":${body}}`);
        await socket.settle();
        expect(socket.answers).toHaveLength(3);
        expect(socket.faults).toEqual([]);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  test('a backend’s failure is told with its status and when to come back', async () => {
    const world = new ProxyWorld({
      spark: [() => [failure('status')]],
      azure: [() => [failure('rate-limited', { status: 429, retryAfterMs: 7000 })]],
    });
    const { error } = await new SocketWorld(world).ask();
    expect(error).toMatchObject({ type: 'error', error: { code: expect.any(String) } });
    expect(Number(error?.['status'])).toBeGreaterThanOrEqual(429);
  });
});

describe('memory of a socket', () => {
  test('a response that is not stored can be continued here, again and again', async () => {
    const world = new ProxyWorld({ spark: [() => [text('One.'), usage(1, 1), end]] });
    const socket = new SocketWorld(world);
    let id: string | undefined;
    for (const turn of ['A', 'B', 'C'])
      id = await idOf(socket, { store: false, input: turn, previous_response_id: id ?? null });
    expect(shown(world.spark.calls[2])).toMatch(/"A".*One\..*"B".*One\..*"C"/);
    expect(await world.store.get(id ?? '')).toBeUndefined();
  });

  test('and nowhere else: not over HTTP, not on another socket', async () => {
    const world = new ProxyWorld();
    const id = await idOf(new SocketWorld(world), { store: false });
    const told = { error: { code: 'previous_response_not_found', param: 'previous_response_id' } };
    const again = await new SocketWorld(world).ask({ previous_response_id: id });
    expect(again.error).toMatchObject({ status: 400, ...told });
    const http = await world.ask({ previous_response_id: id });
    expect(http.json).toMatchObject(told);
  });

  test('a stored response is continued on the next socket as well', async () => {
    const world = new ProxyWorld();
    const id = await idOf(new SocketWorld(world), { input: 'Remember me.' });
    const { stream } = await new SocketWorld(world).ask({ previous_response_id: id });
    expect(stream.resource.previous_response_id).toBe(id);
    expect(shown(world.spark.calls[1])).toContain('Remember me.');
  });

  test('stored and unstored turns may alternate', async () => {
    const world = new ProxyWorld();
    const socket = new SocketWorld(world);
    let id = await idOf(socket, { input: 'T0' });
    for (let turn = 1; turn < 6; turn++)
      id = await idOf(socket, {
        input: `T${turn}`,
        store: turn % 2 === 0,
        previous_response_id: id,
      });
    expect(shown(world.spark.calls[5])).toMatch(/T0.*T1.*T2.*T3.*T4.*T5/);
  });

  test('items of an unstored response can be referred to', async () => {
    const world = new ProxyWorld();
    const socket = new SocketWorld(world);
    const { stream } = await socket.ask({ store: false });
    const item = stream.resource.output[0]?.id;
    const input = [
      { type: 'item_reference', id: item },
      { role: 'user', content: 'Go on.' },
    ];
    expect((await socket.ask({ store: false, input })).stream.resource.status).toBe('completed');
    expect((await new SocketWorld(world).ask({ store: false, input })).error).toBeDefined();
  });

  test('a continuation that is refused takes its parent along', async () => {
    const world = new ProxyWorld();
    const socket = new SocketWorld(world);
    const id = await idOf(socket, { store: false });
    const orphan = [{ type: 'function_call_output', call_id: 'call_x', output: 'x' }];
    const refused = await socket.ask({ store: false, previous_response_id: id, input: orphan });
    expect(refused.error).toMatchObject({ status: 400 });
    const retried = await socket.ask({ store: false, previous_response_id: id });
    expect(retried.error).toMatchObject({ error: { code: 'previous_response_not_found' } });
  });

  test('a continuation that fails at the backends takes its parent along, unless it is stored', async () => {
    const world = new ProxyWorld({
      spark: [() => answer('p', 2), () => answer('p', 2), () => [failure('status')]],
      azure: [() => [failure('status')]],
      system: { breaker: { hardFailures: 99, softFailures: 99, openForMs: 5000 } },
    });
    const socket = new SocketWorld(world);
    const kept = await idOf(socket);
    const id = await idOf(socket, { store: false });
    for (const parent of [kept, id])
      expect((await socket.ask({ previous_response_id: parent })).error?.['status']).toBe(503);
    world.spark.plays(() => answer('p', 2));
    expect((await socket.ask({ previous_response_id: id })).error).toMatchObject({
      error: { code: 'previous_response_not_found' },
    });
    expect((await socket.ask({ previous_response_id: kept })).error).toBeUndefined();
  });

  test('a new beginning that fails leaves the memory alone', async () => {
    const socket = new SocketWorld(new ProxyWorld());
    const id = await idOf(socket, { store: false });
    await socket.ask({ model: 'nope' });
    expect((await socket.ask({ previous_response_id: id })).error).toBeUndefined();
  });

  test('another key’s response is not found', async () => {
    const world = new ProxyWorld();
    const id = await idOf(new SocketWorld(world, { name: 'mine' }));
    const { error } = await new SocketWorld(world, { name: 'yours' }).ask({
      previous_response_id: id,
    });
    expect(error).toMatchObject({ error: { code: 'previous_response_not_found' } });
  });

  test('is bounded: the eldest are forgotten first', async () => {
    const base = memoryStore({ retainDays: 30, wall: () => 0 });
    const store = connectionStore(base, 4000);
    const unstored = (id: string, previousId?: string) => {
      const response = stored(id, previousId);
      return { ...response, resource: { ...response.resource, store: false } };
    };
    for (let turn = 0; turn < 50; turn++) await store.put(unstored(`r${turn}`));
    expect(await store.get('r0')).toBeUndefined();
    expect(await store.get('r49')).toBeDefined();
    await store.put(unstored('child', 'r49'));
    expect((await store.chain('child'))?.map(({ id }) => id)).toEqual(['r49', 'child']);
    await store.put(unstored('orphan', 'r0'));
    expect(await store.chain('orphan')).toBeUndefined();
  });
});

describe('preparing without an answer', () => {
  test('gives an id to continue from, and asks no backend', async () => {
    const world = new ProxyWorld();
    const socket = new SocketWorld(world);
    const { stream } = await socket.ask({ generate: false, store: false, input: 'The code is 7.' });
    expect(stream.types).toEqual([
      'response.created',
      'response.in_progress',
      'response.completed',
    ]);
    expect(stream.resource).toMatchObject({
      status: 'completed',
      output: [],
      usage: { input_tokens: 0, output_tokens: 0, total_tokens: 0 },
    });
    expect(world.spark.calls).toHaveLength(0);
    await socket.ask({ previous_response_id: stream.resource.id, input: 'Which?' });
    expect(shown(world.spark.calls[0])).toMatch(/The code is 7\..*Which\?/);
  });

  test('is stored when asked to be', async () => {
    const world = new ProxyWorld();
    const id = await idOf(new SocketWorld(world), { generate: false });
    expect((await world.ask({ previous_response_id: id })).status).toBe(200);
  });

  test('fails as anything else does', async () => {
    const { error } = await new SocketWorld(new ProxyWorld()).ask({ generate: false, model: 'x' });
    expect(error).toMatchObject({ error: { code: 'model_not_found' } });
  });
});

describe('the end of a socket', () => {
  const limit = {
    type: 'error',
    status: 400,
    error: { code: 'websocket_connection_limit_reached' },
  };

  test('comes after 60 minutes, with the reason', async () => {
    const world = new ProxyWorld();
    const socket = new SocketWorld(world);
    await socket.ask();
    await world.clock.advanceTo(3_599_000);
    expect(socket.closed).toBeUndefined();
    await world.clock.advanceTo(3_600_000);
    expect(socket.answers.at(-1)?.error).toMatchObject(limit);
    expect(socket.closed?.code).toBe(1000);
  });

  test('lets a running response finish, and refuses what waits', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const socket = new SocketWorld(world);
    await world.clock.advanceTo(3_598_000);
    socket.create();
    socket.create();
    await socket.settle();
    expect(socket.answers).toHaveLength(3);
    expect(socket.answers[0]?.stream.resource.status).toBe('completed');
    expect(socket.answers[1]?.error).toMatchObject(limit);
    expect(socket.closed?.code).toBe(1000);
  });

  test('when the proxy drains: idle at once, busy after its response', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const idle = new SocketWorld(world);
    const busy = new SocketWorld(world);
    busy.create();
    await world.clock.advanceTo(1200);
    idle.session.drain();
    busy.session.drain();
    expect(idle.closed?.code).toBe(1001);
    expect(busy.closed).toBeUndefined();
    busy.create();
    expect(busy.answers[0]?.error).toMatchObject({ status: 503 });
    await busy.settle();
    expect(busy.closed?.code).toBe(1001);
    expect(world.attempts).toMatchObject([{ outcome: 'served' }]);
  });

  test('when the proxy stops: the response fails, and is told so', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const socket = new SocketWorld(world);
    socket.create();
    await world.clock.advanceTo(1200);
    socket.session.drain();
    world.proxy.stop();
    await socket.settle();
    expect(socket.answers[0]?.stream.resource.status).toBe('failed');
    expect(socket.closed?.code).toBe(1001);
  });
});
