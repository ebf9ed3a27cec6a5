import { describe, expect, test } from 'vitest';

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

describe('a client that waits, reads slowly or leaves', () => {
  test('a long silence sends the head early, with comments, and can still fall back', async () => {
    const world = new ProxyWorld({ local: { firstTokenMs: 40_000 }, spark: [() => ['hang']] });
    const reply = await world.ask();
    const { comments, resource, text: shown } = reply.stream;
    expect(reply.headAt).toBe(15_000);
    expect(comments).toBe(2);
    expect(shown).toMatch(/^a1/);
    expect(resource.metadata['spillway_backend']).toBe('azure');
    expect(JSON.parse(resource.metadata['spillway_failover'] ?? '')).toEqual({
      from: 'spark',
      to: 'azure',
      after_tokens: 0,
    });
  });

  test('an answer that takes minutes without streaming says how to ask better', async () => {
    const slow = Array.from({ length: 360 }, (_, at) => [pause(500), text(`p${at + 1} `)]).flat();
    const world = new ProxyWorld({ spark: [() => [...slow, usage(10, 360), end]] });
    const { headers } = await world.ask({ stream: false });
    expect(headers['warning']).toMatch(/^299 spillway "this answer took 180 s .*background: true/);
    const quick = await new ProxyWorld({}).ask({ stream: false });
    expect(quick.headers['warning']).toBeUndefined();
  });

  test('when everything fails after an early head, the stream says so', async () => {
    const world = new ProxyWorld({
      local: { firstTokenMs: 20_000 },
      spark: [() => ['hang']],
      azure: [() => [failure('overloaded')]],
    });
    const { types, error, resource } = (await world.ask()).stream;
    expect(types).toEqual(['response.created', 'response.in_progress', 'error', 'response.failed']);
    expect(error).toMatchObject({ code: 'backends_unavailable' });
    expect(await world.store.get(resource.id)).toBeDefined();
  });

  test('one that leaves frees the backend at once, and nobody is blamed', async () => {
    const slow = numbered('p', 1, 50).flatMap((token) => [pause(100), token]);
    const world = new ProxyWorld({ spark: [() => [...slow, end]] });
    const { reply, done } = world.begin();
    await world.clock.advanceTo(1050);
    reply.leave();
    await done;
    expect(world.spark.aborted).toEqual([1050]);
    expect(world.attempts).toMatchObject([
      { outcome: 'cancelled', endedAt: 1050, tokensForwarded: 10 },
    ]);
    const { inFlight, backends } = world.proxy.health();
    expect(inFlight).toBe(0);
    expect(backends[0]).toMatchObject({ breaker: 'closed', running: 0 });
  });

  test('one that leaves the queue leaves its place', async () => {
    const world = new ProxyWorld({ spark: [() => ['hang']] });
    const first = world.begin();
    const second = world.begin();
    await world.clock.advanceTo(10);
    expect(world.proxy.health().backends[0]).toMatchObject({ running: 1, queued: 1 });
    second.reply.leave();
    first.reply.leave();
    await Promise.all([first.done, second.done]);
    expect(world.proxy.health().backends[0]).toMatchObject({ running: 0, queued: 0 });
    expect(world.attempts).toHaveLength(1);
  });

  test('a slow reader is waited for, and no deadline of the backend passes meanwhile', async () => {
    const world = new ProxyWorld();
    const { reply, done } = world.begin();
    reply.isReading = false;
    await world.clock.advanceTo(20_000);
    reply.read();
    await world.clock.runUntil(done, 21_000);
    expect(reply.stream.resource.status).toBe('completed');
    expect(world.attempts).toMatchObject([{ outcome: 'served', endedAt: 20_000 }]);
  });

  test('a reader that never reads is given up', async () => {
    const world = new ProxyWorld();
    const { reply, done } = world.begin();
    reply.isReading = false;
    await world.clock.runUntil(done, 40_000);
    expect(world.clock.now()).toBe(30_000);
    expect(reply.isEnded).toBe(true);
    expect(world.attempts).toMatchObject([{ outcome: 'cancelled' }]);
  });
});

describe('the state', () => {
  test('a response is durable before its terminal event is written', async () => {
    const order: string[] = [];
    const world = new ProxyWorld({
      store: (store) => ({
        ...store,
        put: async (response) => {
          await world.clock.sleep(50);
          await store.put(response);
          order.push('stored');
        },
      }),
    });
    const { reply, done } = world.begin();
    reply.onWrite = (chunk) => {
      if (chunk.startsWith('event: response.completed')) order.push('completed');
    };
    await world.clock.runUntil(done, 1000);
    expect(order).toEqual(['stored', 'completed']);
  });

  test('a response that cannot be stored is not called completed', async () => {
    const store = { put: () => Promise.reject(new Error('disk full')) };
    const world = new ProxyWorld({ store: (real) => ({ ...real, ...store }) });
    const { types, resource } = (await world.ask()).stream;
    expect(types.slice(-2)).toEqual(['error', 'response.failed']);
    expect(resource.error?.message).toMatch(/could not be stored/);
    expect((await world.ask({ stream: false })).status).toBe(503);
    expect((await world.ask({ store: false })).stream.resource.status).toBe('completed');
  });

  test('the next turn is sent the whole conversation, without our ids', async () => {
    const world = new ProxyWorld();
    const first = (await world.ask({ input: 'One' })).stream.resource;
    await world.ask({ input: 'Two', previous_response_id: first.id });
    const [, call] = world.spark.calls;
    expect(call?.input).toMatchObject([
      { role: 'user', content: 'One' },
      { role: 'assistant', content: [{ text: expect.stringMatching(/^p1 /) }] },
      { role: 'user', content: 'Two' },
    ]);
    expect(call?.input.some((item) => item.id !== undefined)).toBe(false);
  });

  test('reading and deleting are for the owner', async () => {
    const world = new ProxyWorld();
    const { id } = (await world.ask()).stream.resource;
    const owner = {
      name: 'anonymous',
      residency: 'local-first',
      trace: '',
      requestId: '',
    } as const;
    const stranger = { ...owner, name: 'stranger' };
    await expect(world.proxy.read(id, stranger)).rejects.toThrow(`Response with id '${id}' not`);
    await expect(world.proxy.remove(id, stranger)).rejects.toMatchObject({ status: 404 });
    expect((await world.proxy.read(id, owner)).id).toBe(id);
    expect(await world.proxy.remove(id, owner)).toMatchObject({ deleted: true });
    await expect(world.proxy.read(id, owner)).rejects.toMatchObject({ status: 404 });
  });
});

describe('room', () => {
  const busy = [pause(1000), ...numbered('p', 1, 3), end] as const;

  test('a request that waits a little is served locally', async () => {
    const world = new ProxyWorld({ spark: [() => busy] });
    const { done: first } = world.begin();
    const second = await world.ask();
    await first;
    expect(second.headers['x-spillway-backend']).toBe('spark');
    expect(world.attempts).toMatchObject([{ cause: 'first' }, { cause: 'first', startedAt: 1000 }]);
  });

  test('one that has waited its time spills', async () => {
    const world = new ProxyWorld({
      local: { firstTokenMs: 9000 },
      spark: [() => [pause(5000), end]],
    });
    const { done } = world.begin();
    const second = await world.ask();
    expect(second.headers['x-spillway-backend']).toBe('azure');
    expect(world.attempts[0]).toMatchObject({
      cause: 'spill',
      passedOver: 'wait',
      startedAt: 1500,
    });
    await world.clock.runUntil(done, 60_000);
  });

  test('one that finds the queue full spills at once', async () => {
    const world = new ProxyWorld({ spark: [() => busy] });
    const others = [world.begin(), world.begin(), world.begin()];
    const reply = await world.ask();
    expect(reply.headers['x-spillway-backend']).toBe('azure');
    expect(world.attempts[0]).toMatchObject({ cause: 'spill', passedOver: 'queue', startedAt: 0 });
    await world.clock.runUntil(Promise.all(others.map(({ done }) => done)), 60_000);
  });

  test('a local-only request has patience instead', async () => {
    const world = new ProxyWorld({ spark: [() => busy] });
    const residency = 'local-only';
    const asked = Array.from({ length: 6 }, () => world.begin({}, { residency }));
    await world.clock.runUntil(Promise.all(asked.map(({ done }) => done)), 60_000);
    expect(asked.map(({ reply }) => reply.headers['x-spillway-backend'])).toEqual(
      Array.from({ length: 6 }, () => 'spark'),
    );
    expect(world.azure.calls).toEqual([]);
  });

  test('a model that is not in memory is served elsewhere while it is loaded', async () => {
    const world = new ProxyWorld();
    world.spark.probeAnswer = async () => ({ loadedModels: ['other'] });
    const reply = await world.ask();
    expect(reply.headers['x-spillway-backend']).toBe('azure');
    expect(world.attempts).toMatchObject([{ cause: 'spill', passedOver: 'cold' }]);
    expect(world.spark.calls).toMatchObject([{ maxOutputTokens: 1 }]);
    world.spark.probeAnswer = async () => ({ loadedModels: ['local-m:latest'] });
    await world.clock.advanceTo(3000);
    expect((await world.ask()).headers['x-spillway-backend']).toBe('spark');
  });

  test('a cold model that must serve is given the time to load', async () => {
    const world = new ProxyWorld({ spark: [() => [pause(90_000), ...answer('p', 3)]] });
    world.spark.probeAnswer = async () => ({ loadedModels: [] });
    const reply = await world.ask({}, { residency: 'local-only' });
    expect(reply.stream.resource.status).toBe('completed');
    expect(world.attempts).toMatchObject([{ backend: 'spark', outcome: 'served' }]);
  });

  test('when nothing may be spent, the cloud is not asked', async () => {
    const world = new ProxyWorld({ spark: [() => [failure('reset')]], maySpend: () => false });
    const reply = await world.ask();
    expect(reply.status).toBe(503);
    expect(reply.error['message']).toMatch(/azure: not asked, since the spend limit is reached/);
    expect(world.azure.calls).toEqual([]);
  });
});

describe('an open circuit', () => {
  test('spills at once, is probed by the clock, and closes before users return', async () => {
    const world = new ProxyWorld({
      spark: [() => [failure('refused', { evidence: 'hard' })], () => answer('p', 3)],
    });
    world.spark.probeAnswer = () => Promise.reject(new Error('still down'));
    await world.ask();
    await world.ask();
    expect(world.attempts).toMatchObject([
      { backend: 'spark', outcome: 'failed' },
      { cause: 'failover', backend: 'azure' },
      { cause: 'spill', passedOver: 'breaker', backend: 'azure' },
    ]);
    // A probe is late by a tenth of its time at most.
    await world.clock.advanceTo(4999);
    expect(world.spark.probes).toBe(1);
    await world.clock.advanceTo(5500);
    expect(world.spark.probes).toBe(2);
    world.spark.probeAnswer = async () => ({});
    await world.clock.advanceTo(9999);
    expect(world.proxy.health().backends[0]).toMatchObject({ breaker: 'open' });
    await world.clock.advanceTo(11_000);
    expect(world.proxy.health().backends[0]).toMatchObject({ breaker: 'closed' });
    expect((await world.ask()).headers['x-spillway-backend']).toBe('spark');
  });

  test('closing the proxy ends the probing', async () => {
    const world = new ProxyWorld({ spark: [() => [failure('refused', { evidence: 'hard' })]] });
    await world.ask();
    const { probes } = world.spark;
    world.proxy.close();
    await world.clock.advanceTo(100_000);
    expect(world.spark.probes).toBe(probes);
  });
});

test('text with nothing in it commits to nothing', async () => {
  const world = new ProxyWorld({ spark: [() => [text(''), failure('reset')]] });
  expect((await world.ask()).stream.text).toMatch(/^a1/);
});
