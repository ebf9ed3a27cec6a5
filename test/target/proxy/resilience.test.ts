/**
 * What the proxy makes of a backend that is slow, silent, half broken or gone, in virtual time.
 */

import { describe, expect, test } from 'vitest';

import type { ModelSystem } from '../../../src/system/system.ts';
import {
  type Act,
  answer,
  end,
  failure,
  numbered,
  pause,
  ProxyWorld,
  type Script,
  text,
  usage,
} from '../../kit/proxy-world.ts';

const hangs: Script = () => ['hang'];
const never = (): Promise<never> => new Promise(() => undefined);
const refused = failure('refused', { evidence: 'hard' });
const words = (tokens: number): string => 'wor '.repeat(tokens);
/** Answers after so long a silence. */
const after =
  (ms: number): Script =>
  () => [pause(ms), ...numbered('p', 1, 3), usage(6000, 3), end];

describe('the first-token deadline', () => {
  const patient = { firstTokenMs: 2000, firstTokenMsMax: 60_000 };

  test('a long prompt on a slow box is waited for as long as it takes to read', async () => {
    const world = new ProxyWorld({ local: patient, spark: [after(12_000)] });
    const reply = await world.ask({ input: words(6000) });
    expect(reply.headers['x-spillway-backend']).toBe('spark');
    expect(world.attempts).toMatchObject([{ outcome: 'served', backend: 'spark' }]);
  });

  test('a short one is not, and neither is one that the maximum forbids', async () => {
    const short = new ProxyWorld({ local: patient, spark: [after(12_000)] });
    await short.ask({ input: words(10) });
    expect(short.attempts[0]).toMatchObject({ reason: 'first-token-deadline', endedAt: 2000 });
    const bounded = new ProxyWorld({
      local: { firstTokenMs: 2000, firstTokenMsMax: 8000 },
      spark: [after(12_000)],
    });
    await bounded.ask({ input: words(6000) });
    expect(bounded.attempts[0]).toMatchObject({ reason: 'first-token-deadline', endedAt: 8000 });
  });

  test('the rate of the file is believed', async () => {
    const models: ModelSystem[] = [
      {
        name: 'm',
        candidates: [
          { backend: 'spark', model: 'local-m', prefillTokensPerSecond: 3000 },
          { backend: 'azure', model: 'cloud-m' },
        ],
      },
    ];
    const world = new ProxyWorld({ system: { models }, local: patient, spark: [hangs] });
    await world.ask({ input: words(6000) });
    // One and a half times the 2 s that 6000 tokens take.
    expect(world.attempts[0]?.endedAt).toBeGreaterThan(3000);
    expect(world.attempts[0]?.endedAt).toBeLessThan(3100);
  });

  test('without one it is learnt from what was served', async () => {
    const served: Script = () => [pause(2000), text('p1 '), usage(8000, 1), end];
    const world = new ProxyWorld({
      local: { firstTokenMs: 2500, firstTokenMsMax: 60_000 },
      spark: [served, served, served, served, served, hangs],
    });
    for (let request = 0; request < 5; request++) await world.ask({ input: words(8000) });
    const startsAt = world.clock.now();
    await world.ask({ input: words(8000) });
    // 4000 tokens a second: one and a half times 2 s.
    const waitedMs = (world.attempts.at(-2)?.endedAt ?? 0) - startsAt;
    expect(waitedMs).toBeGreaterThan(3000);
    expect(waitedMs).toBeLessThan(3100);
  });

  test('prompts ahead of it on the same box are waited for too', async () => {
    const world = new ProxyWorld({
      local: { ...patient, slots: 2 },
      spark: [after(20_000), after(15_000)],
    });
    const first = world.begin({ input: words(6000) });
    await world.clock.advanceTo(1);
    const second = await world.ask({ input: 'Hello' });
    await world.clock.runUntil(first.done, 60_000);
    expect(second.headers['x-spillway-backend']).toBe('spark');
  });
});

describe('a second opinion', () => {
  const local = { suspectMs: 500, firstTokenMs: 20_000, stallMs: 20_000 };

  test('a path that is dead is left at once, before the first token', async () => {
    const world = new ProxyWorld({ local, spark: [hangs] });
    const { reply, done } = world.begin();
    await world.clock.advanceTo(100);
    world.spark.probeAnswer = () => Promise.reject(new Error('cannot connect to spark'));
    await world.clock.runUntil(done, 60_000);
    expect(world.attempts).toMatchObject([
      { reason: 'first-token-deadline', evidence: 'hard', endedAt: 500 },
      { cause: 'failover', backend: 'azure', startedAt: 500 },
    ]);
    expect(reply.stream.resource.status).toBe('completed');
    const [spark] = world.proxy.health().backends;
    expect(spark).toMatchObject({ breaker: 'open', secondOpinions: { alive: 0, dead: 1 } });
  });

  test('and in mid-stream; one that does not answer in three quarters of the silence is dead', async () => {
    const world = new ProxyWorld({
      system: { midStream: 'continue' },
      local,
      spark: [() => [...numbered('p', 1, 5), 'hang']],
      azure: [() => [...numbered('a', 6, 20), end]],
    });
    const { reply, done } = world.begin();
    await world.clock.advanceTo(100);
    world.spark.probeAnswer = never;
    await world.clock.runUntil(done, 60_000);
    expect(world.attempts).toMatchObject([
      { reason: 'stall-deadline', evidence: 'hard', endedAt: 875 },
      { cause: 'continue' },
    ]);
    expect(reply.stream.resource.status).toBe('completed');
  });

  test('one that lives is waited for until the deadline, and only its model is blamed', async () => {
    const world = new ProxyWorld({
      local: { ...local, firstTokenMs: 3000 },
      system: { breaker: { hardFailures: 1, softFailures: 1, openForMs: 5000 } },
      spark: [hangs],
    });
    await world.ask();
    expect(world.attempts[0]).toMatchObject({ reason: 'first-token-deadline', endedAt: 3000 });
    expect(world.proxy.health().backends[0]).toMatchObject({
      breaker: 'closed',
      models: [{ model: 'local-m', breaker: 'open' }],
    });
  });

  test('a model that is slow is waited for, however often it is asked about', async () => {
    const world = new ProxyWorld({ local, spark: [after(19_000)] });
    const reply = await world.ask();
    expect(reply.headers['x-spillway-backend']).toBe('spark');
    expect(world.proxy.health().backends[0]?.secondOpinions.alive).toBeGreaterThan(20);
  });

  test('however many are silent, one question is out at a time', async () => {
    const world = new ProxyWorld({ local: { ...local, slots: 8 }, spark: [hangs] });
    const asked = Array.from({ length: 8 }, () => world.begin());
    await world.clock.advanceTo(100);
    let out = 0;
    let outMax = 0;
    world.spark.probeAnswer = async () => {
      out++;
      outMax = Math.max(outMax, out);
      await world.clock.sleep(700);
      out--;
      return {};
    };
    await world.clock.advanceTo(15_000);
    expect(outMax).toBe(1);
    for (const { reply } of asked) reply.leave();
    await world.clock.runUntil(Promise.all(asked.map(({ done }) => done)), 60_000);
  });

  test('a token that comes while it is asked outweighs it', async () => {
    const world = new ProxyWorld({ local, spark: [after(700)] });
    const { reply, done } = world.begin();
    await world.clock.advanceTo(100);
    world.spark.probeAnswer = never;
    await world.clock.runUntil(done, 60_000);
    expect(reply.headers['x-spillway-backend']).toBe('spark');
  });
});

describe('a model that fails where its host does not', () => {
  const models: ModelSystem[] = ['a', 'b'].map((name) => ({
    name,
    candidates: [
      { backend: 'spark', model: `local-${name}` },
      { backend: 'azure', model: 'cloud' },
    ],
  }));
  const missing = failure('status', { evidence: 'hard', status: 404, message: 'model not found' });
  const system = { models };
  const byModel =
    (broken: string, first: Act): Script =>
    ({ candidate }) =>
      candidate.model === broken ? [first] : answer('p', 3);

  test('is left alone, with an alarm, and the others are served', async () => {
    const world = new ProxyWorld({ system, spark: [byModel('local-a', missing)] });
    await world.ask({ model: 'a' });
    expect((await world.ask({ model: 'a' })).headers['x-spillway-backend']).toBe('azure');
    expect((await world.ask({ model: 'b' })).headers['x-spillway-backend']).toBe('spark');
    expect(world.attempts.map(({ cause }) => cause)).toEqual([
      'first',
      'failover',
      'spill',
      'first',
    ]);
    expect(world.proxy.health().backends[0]).toMatchObject({
      breaker: 'closed',
      alarms: [{ model: 'local-a', reason: 'status', message: 'model not found' }],
    });
  });

  test('comes back once it answers a question of ours, and not before', async () => {
    const crash = failure('status', { status: 500, message: 'CUDA error: out of memory' });
    const world = new ProxyWorld({ system, spark: [byModel('local-a', crash)] });
    await world.ask({ model: 'a' });
    const asked = (): number => world.spark.calls.length;
    await world.clock.advanceTo(5500);
    expect(asked()).toBe(2);
    expect(world.spark.calls.at(-1)).toMatchObject({ maxOutputTokens: 1 });
    expect(world.proxy.health().backends[0]?.models[0]?.breaker).toBe('open');
    world.spark.plays(() => answer('p', 3));
    await world.clock.advanceTo(11_100);
    expect(world.proxy.health().backends[0]?.models[0]?.breaker).toBe('closed');
    expect((await world.ask({ model: 'a' })).headers['x-spillway-backend']).toBe('spark');
  });

  test('a quota of one deployment does not shut out the other', async () => {
    const limited = failure('rate-limited', { retryAfterMs: 30_000 });
    const clouds: ModelSystem[] = ['a', 'b'].map((name) => ({
      name,
      candidates: [{ backend: 'azure', model: `cloud-${name}` }],
    }));
    const world = new ProxyWorld({
      system: { models: clouds },
      azure: [byModel('cloud-a', limited)],
    });
    expect((await world.ask({ model: 'a' })).status).toBe(503);
    expect((await world.ask({ model: 'b' })).stream.resource.status).toBe('completed');
  });
});

describe('coming back', () => {
  test('a host that has lost its models loads them before a user asks', async () => {
    const world = new ProxyWorld({ spark: [() => [refused], () => answer('p', 3)] });
    await world.ask();
    world.spark.probeAnswer = async () => ({ loadedModels: [] });
    await world.clock.advanceTo(5600);
    expect(world.spark.calls).toHaveLength(2);
    expect(world.spark.calls[1]).toMatchObject({ maxOutputTokens: 1 });
    world.spark.probeAnswer = async () => ({ loadedModels: ['local-m:latest'] });
    expect((await world.ask()).headers['x-spillway-backend']).toBe('spark');
  });

  test('a backend that nobody can stand in for is asked whether it is back, not its clock', async () => {
    const lone: ModelSystem[] = [
      { name: 'm', candidates: [{ backend: 'spark', model: 'local-m' }] },
    ];
    const world = new ProxyWorld({
      system: { models: lone, breaker: { hardFailures: 1, softFailures: 3, openForMs: 30_000 } },
      spark: [() => [refused], () => answer('p', 3)],
    });
    world.spark.probeAnswer = () => Promise.reject(new Error('still down'));
    expect((await world.ask()).status).toBe(503);
    await world.clock.advanceTo(2000);
    expect((await world.ask()).status).toBe(503);
    world.spark.probeAnswer = async () => ({});
    await world.clock.advanceTo(4000);
    expect((await world.ask()).stream.resource.status).toBe('completed');
  });

  test('when it does not answer, that takes a quarter of a second', async () => {
    const lone: ModelSystem[] = [
      { name: 'm', candidates: [{ backend: 'spark', model: 'local-m' }] },
    ];
    const world = new ProxyWorld({ system: { models: lone }, spark: [() => [refused]] });
    await world.ask();
    world.spark.probeAnswer = never;
    await world.clock.advanceTo(2000);
    const reply = await world.ask();
    expect(world.clock.now()).toBe(2250);
    expect(reply.status).toBe(503);
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
  });

  test('with both shut out, the answer is at once a 503 with both causes and a time', async () => {
    const world = new ProxyWorld({ spark: [() => [refused]], azure: [() => [refused]] });
    world.spark.probeAnswer = () => Promise.reject(new Error('down'));
    world.azure.probeAnswer = () => Promise.reject(new Error('down'));
    await world.ask();
    await world.clock.advanceTo(1500);
    const reply = await world.ask();
    expect(world.clock.now()).toBe(1500);
    expect(reply.status).toBe(503);
    expect(reply.error['message']).toMatch(/spark: not asked, .*; azure: not asked, /);
    expect(reply.headers['retry-after']).toMatch(/^[456]$/);
  });
});

describe('what is not the fault of a backend', () => {
  test('a machine without file descriptors opens no circuit, and says that it is at fault', async () => {
    const ours = failure('unreachable', {
      isOurs: true,
      message: "this proxy's machine has no file descriptor left (EMFILE)",
    });
    const world = new ProxyWorld({ spark: [() => [ours]], azure: [() => [ours]] });
    for (let request = 0; request < 6; request++) {
      const reply = await world.ask();
      expect(reply.status).toBe(503);
      expect(reply.error).toMatchObject({ code: 'proxy_exhausted' });
      expect(reply.error['message']).toMatch(/by its own fault: .*EMFILE/);
    }
    for (const { breaker, models } of world.proxy.health().backends)
      expect({ breaker, models }).toEqual({ breaker: 'closed', models: [] });
  });

  test('a machine that slept condemns nobody: what comes as it wakes is taken', async () => {
    const world = new ProxyWorld({
      local: { slots: 8, suspectMs: 500 },
      spark: [after(1500)],
      system: { breaker: { hardFailures: 1, softFailures: 1, openForMs: 5000 } },
    });
    const asked = Array.from({ length: 8 }, () => world.begin());
    await world.clock.advanceTo(300);
    world.clock.jump(90_000);
    await world.clock.runUntil(Promise.all(asked.map(({ done }) => done)), 120_000);
    for (const { reply } of asked) expect(reply.headers['x-spillway-backend']).toBe('spark');
    expect(world.proxy.health().backends[0]).toMatchObject({ breaker: 'closed', models: [] });
  });

  test('what is dead as it wakes is found after a grace of two seconds', async () => {
    const world = new ProxyWorld({ spark: [hangs] });
    const { done } = world.begin();
    await world.clock.advanceTo(300);
    world.clock.jump(90_000);
    await world.clock.runUntil(done, 120_000);
    expect(world.attempts[0]).toMatchObject({ reason: 'first-token-deadline', endedAt: 92_300 });
  });
});

test('the next in line is dialled ahead, but never for what must stay at home', async () => {
  const world = new ProxyWorld();
  let dials = 0;
  Object.assign(world.azure, { prepare: () => dials++ });
  await world.ask({}, { residency: 'local-only' });
  expect(dials).toBe(0);
  await world.ask();
  expect(dials).toBe(1);
});
