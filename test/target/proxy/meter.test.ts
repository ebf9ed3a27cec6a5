import { describe, expect, test } from 'vitest';

import type { KeySystem } from '../../../src/system/system.ts';
import { type UsageLedger, memoryLedger } from '../../../src/target/proxy/usage-ledger.ts';
import { answer, failure, numbered, pause, ProxyWorld, usage } from '../../kit/proxy-world.ts';

const key = (rules: Partial<KeySystem>): { readonly keys: readonly KeySystem[] } => ({
  keys: [{ name: 'miner', key: 'secret', residency: 'local-first', ...rules }],
});

const miner = { name: 'miner' };

const usageOf = async (world: ProxyWorld, query = {}, name = 'anonymous') =>
  world.proxy.usage(query, { name, residency: 'local-first', trace: '', requestId: '' });

describe('a key', () => {
  test('is told what is left of its limits, and when to come back', async () => {
    const world = new ProxyWorld({ system: key({ requestsPerMinute: 2 }) });
    const first = await world.ask({}, miner);
    expect(first.headers).toMatchObject({
      'x-ratelimit-limit-requests': '2',
      'x-ratelimit-remaining-requests': '1',
      'x-ratelimit-reset-requests': '1m0s',
    });
    await world.ask({}, miner);
    await world.clock.advanceTo(45_500);
    const third = await world.ask({}, miner);
    expect(third.status).toBe(429);
    expect(third.error).toMatchObject({
      code: 'rate_limit_exceeded',
      type: 'requests',
      message: expect.stringContaining('Please try again in 14.5s.'),
    });
    expect(third.headers).toMatchObject({
      'retry-after': '15',
      'retry-after-ms': '14500',
      'x-ratelimit-remaining-requests': '0',
    });
    await world.clock.advanceTo(60_000);
    expect((await world.ask({}, miner)).status).toBe(200);
    expect((await world.ask()).status).toBe(200);
  });

  test('is charged the tokens it used in place of those it might have', async () => {
    const world = new ProxyWorld({ system: key({ tokensPerMinute: 1000 }) });
    const first = await world.ask({ max_output_tokens: 900 }, miner);
    expect(Number(first.headers['x-ratelimit-remaining-tokens'])).toBeLessThan(100);
    // The answer came to 10 and 20 tokens.
    const second = await world.ask({ max_output_tokens: 900 }, miner);
    expect(second.status).toBe(200);
    const third = await world.ask({ max_output_tokens: 1000 }, miner);
    expect(third.status).toBe(429);
    expect(third.error).toMatchObject({ code: 'rate_limit_exceeded', type: 'tokens' });
    expect(third.error['message']).toMatch(/Limit 1000, Requested 100\d/);
    expect(third.headers['x-should-retry']).toBe('false');
  });

  test('has so many requests at once and gets each place back, however it ended', async () => {
    const world = new ProxyWorld({
      system: key({ concurrentRequests: 1 }),
      spark: [() => [pause(500), ...answer('p', 2)]],
    });
    const first = world.begin({}, miner);
    const second = await world.ask({}, miner);
    expect(second.status).toBe(429);
    expect(second.error['message']).toMatch(/concurrent requests: Limit 1, Used 1/);
    first.reply.leave();
    await first.done;
    expect((await world.ask({ previous_response_id: 'resp_none' }, miner)).status).toBe(400);
    expect((await world.ask({}, miner)).status).toBe(200);
  });

  test('sees and gets its own models only', async () => {
    const candidates = [{ backend: 'spark', model: 'local-m' }];
    const models = [
      { name: 'm', candidates },
      { name: 'n', candidates },
    ];
    const world = new ProxyWorld({ system: { ...key({ models: ['n'] }), models } });
    expect((await world.ask({}, miner)).error['code']).toBe('model_not_found');
    expect((await world.ask({ model: 'n' }, miner)).status).toBe(200);
    expect(world.proxy.models(miner).data.map(({ id }) => id)).toEqual(['n']);
    expect(world.proxy.models().data).toHaveLength(2);
  });
});

describe('a budget', () => {
  const spent = key({ monthlyBudgetUsd: 0.000_03 });

  test('that is spent leaves what is at home', async () => {
    const world = new ProxyWorld({ system: spent });
    await world.ask({}, { ...miner, pin: 'azure' });
    await world.ask({}, { ...miner, pin: 'azure' });
    const third = await world.ask({}, { ...miner, pin: 'azure' });
    expect(third.status).toBe(429);
    expect(third.error).toMatchObject({ code: 'insufficient_quota', type: 'insufficient_quota' });
    expect(third.headers['x-should-retry']).toBe('false');
    const atHome = await world.ask({}, miner);
    expect(atHome.headers['x-spillway-backend']).toBe('spark');
    world.spark.plays(() => [failure('reset')]);
    const failing = await world.ask({}, miner);
    expect(failing.status).toBe(503);
    expect((await world.ask()).headers['x-spillway-backend']).toBe('azure');
  });

  test('is not overspent by many who ask at once', async () => {
    const world = new ProxyWorld({
      system: spent,
      priceOf: (_backend, _model, usage) =>
        ((usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0)) / 1e7,
      azure: [() => [pause(500), ...answer('a', 20)]],
    });
    const asked = Array.from({ length: 20 }, () => world.begin({}, { ...miner, pin: 'azure' }));
    await world.clock.runUntil(Promise.all(asked.map(({ done }) => done)), 60_000);
    const statuses = asked.map(({ reply }) => reply.status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 429)).toHaveLength(19);
    // What was set aside has been given back: it was spent in part only.
    expect((await world.ask({}, { ...miner, pin: 'azure' })).status).toBe(200);
  });

  test('is known again after a restart', async () => {
    const ledger = memoryLedger();
    const first = new ProxyWorld({ system: spent, ledger });
    await first.ask({}, { ...miner, pin: 'azure' });
    await first.ask({}, { ...miner, pin: 'azure' });
    const second = new ProxyWorld({ system: spent, ledger });
    expect((await second.ask({}, { ...miner, pin: 'azure' })).status).toBe(429);
  });

  test('that cannot be read is not taken for an unspent one', async () => {
    let isBroken = true;
    const memory = memoryLedger();
    const rows: UsageLedger['rows'] = (query) =>
      isBroken ? Promise.reject(new Error('disk on fire')) : memory.rows(query);
    const world = new ProxyWorld({ system: spent, ledger: { ...memory, rows } });
    expect((await world.ask({}, miner)).status).toBe(500);
    expect(world.attempts).toEqual([]);
    isBroken = false;
    expect((await world.ask({}, miner)).status).toBe(200);
  });

  test('cannot be kept where no price is known, so that cloud is not asked', async () => {
    const world = new ProxyWorld({ system: spent, priceOf: () => undefined });
    const reply = await world.ask({}, { ...miner, pin: 'azure' });
    expect(reply.status).toBe(503);
    expect(reply.error['message']).toMatch(/without a known price/);
    expect(world.azure.calls).toHaveLength(0);
  });
});

describe('usage', () => {
  test('is told for each key, model and backend, with what it would have cost', async () => {
    const world = new ProxyWorld({ system: key({}) });
    await world.ask({}, miner);
    await world.ask({}, miner);
    await world.ask({}, { name: 'other', pin: 'azure' });
    expect(await usageOf(world, {}, 'miner')).toMatchObject({
      from: '2026-01-01',
      to: '2026-01-01',
      data: [
        {
          day: '2026-01-01',
          key: 'miner',
          model: 'm',
          backend: 'spark',
          requests: 2,
          failed_requests: 0,
          attempts: 2,
          input_tokens: 20,
          output_tokens: 40,
          cost_usd: 0,
          counterfactual_usd: { twin: 0.000_08 },
        },
      ],
    });
    expect((await usageOf(world, {}, 'other')).data).toMatchObject([
      {
        key: 'other',
        backend: 'azure',
        cost_usd: 0.000_02,
        counterfactual_usd: { twin: 0.000_04 },
      },
    ]);
    expect((await usageOf(world, {}, 'nobody')).data).toEqual([]);
  });

  test('of everybody is for an administrator, and for who sits before an open proxy', async () => {
    const world = new ProxyWorld({ system: key({ role: 'admin' }) });
    await world.ask({}, miner);
    await world.ask({}, { name: 'other' });
    const all = await usageOf(world, { by: 'key' }, 'miner');
    expect(all.data.map((row) => row['key'])).toEqual(['miner', 'other']);
    expect(all.total).toMatchObject({ requests: 2, input_tokens: 20 });
    const open = new ProxyWorld();
    await open.ask();
    expect((await usageOf(open)).total).toMatchObject({ requests: 1 });
    const exposed = new ProxyWorld({ system: { listen: { host: '0.0.0.0', port: 0 } } });
    await exposed.ask({}, { name: 'other' });
    expect((await usageOf(exposed)).total).toMatchObject({ requests: 0 });
  });

  test('counts an answer twice where it was made twice, and a request once where it ended', async () => {
    const world = new ProxyWorld({
      spark: [() => [...numbered('p', 1, 3), usage(10, 3), failure('reset')]],
      system: { midStream: 'continue' },
      azure: [() => [...numbered('a', 4, 6), usage(20, 3), { kind: 'end', reason: 'stop' }]],
    });
    await world.ask();
    expect((await usageOf(world, { by: 'backend' })).data).toMatchObject([
      { backend: 'azure', requests: 1, attempts: 1, input_tokens: 20, output_tokens: 3 },
      {
        backend: 'spark',
        requests: 0,
        attempts: 1,
        input_tokens: 10,
        output_tokens: 3,
        counterfactual_usd: {},
      },
    ]);
  });

  test('counts who was refused, who failed and who left', async () => {
    const world = new ProxyWorld({
      system: { breaker: { hardFailures: 9, softFailures: 9, openForMs: 1 } },
    });
    world.spark.plays(() => ['hang']);
    const { reply, done } = world.begin({}, { pin: 'spark' });
    await world.clock.advanceTo(10);
    reply.leave();
    await done;
    world.spark.plays(() => [failure('reset')]);
    await world.ask({}, { pin: 'spark' });
    await world.ask({}, { pin: 'azure', residency: 'local-only' });
    expect((await usageOf(world, { by: 'backend' })).data).toMatchObject([
      { backend: '', requests: 1, failed_requests: 1, attempts: 0 },
      { backend: 'spark', requests: 2, failed_requests: 1, attempts: 2 },
    ]);
  });

  test('has no row for each name that a client invents where a pattern serves all', async () => {
    const models = [{ name: '*', candidates: [{ backend: 'spark', model: 'local-m' }] }];
    const world = new ProxyWorld({ system: { models } });
    for (let at = 0; at < 600; at++) await world.ask({ model: `m${at}` });
    const { data, total } = await usageOf(world, { by: 'model' }, 'anonymous');
    expect(total['requests']).toBe(600);
    expect(data).toHaveLength(501);
    expect(data.find(({ model }) => model === '*')).toMatchObject({ requests: 100 });
  });

  test('is written before the end is told, and what fails to be written is kept', async () => {
    const order: string[] = [];
    const memory = memoryLedger();
    let isFull = true;
    const ledger: UsageLedger = {
      ...memory,
      add: async (rows) => {
        if (isFull) throw new Error('disk full');
        await memory.add(rows);
        order.push('written');
      },
    };
    const world = new ProxyWorld({ ledger });
    expect((await world.ask()).stream.resource.status).toBe('completed');
    expect((await usageOf(world)).total).toMatchObject({ requests: 1 });
    isFull = false;
    const { reply, done } = world.begin();
    reply.onWrite = (chunk) => {
      if (chunk.startsWith('event: response.completed')) order.push('told');
    };
    await world.clock.runUntil(done, 1000);
    expect(order).toEqual(['written', 'told']);
    expect((await usageOf(world)).total).toMatchObject({ requests: 2 });
  });

  test.each([
    [{ from: 'yesterday' }, 'from'],
    [{ to: '2026-02-30' }, 'to'],
    [{ from: '2026-02-01', to: '2026-01-01' }, 'from'],
    [{ by: 'colour' }, 'by'],
    [{ by: ['key', 'day'] }, 'by'],
  ])('%j is refused', async (query, param) => {
    await expect(usageOf(new ProxyWorld(), query)).rejects.toMatchObject({ status: 400, param });
  });
});
