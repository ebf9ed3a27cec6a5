/** Responses that nobody waits for: what is told at once, what is told later, and what survives. */

import { describe, expect, test } from 'vitest';

import { encodeSse, SseParser, sseDone } from '../../../src/protocol/sse.ts';
import { asRecord, type JsonObject } from '../../../src/target/proxy/json.ts';
import type { Caller } from '../../../src/target/proxy/proxy.ts';
import {
  answer,
  end,
  failure,
  numbered,
  pause,
  ProxyWorld,
  RecordedReply,
  usage,
} from '../../kit/proxy-world.ts';
import { readStream } from '../../kit/response-grammar.ts';

const me: Caller = {
  name: 'anonymous',
  residency: 'local-first',
  trace: '1'.repeat(32),
  requestId: 'req_x',
};
const other: Caller = { ...me, name: 'other' };

/** Ten tokens, one a second. */
const slowly = () => [
  ...numbered('p', 1, 10).flatMap((token) => [pause(500), token]),
  usage(9, 10),
  end,
];

const background = { background: true, stream: false };
const streamed = { background: true, stream: true };

const frames = (body: string): readonly JsonObject[] =>
  new SseParser()
    .push(Buffer.from(body))
    .filter((frame) => frame.isComment !== true && frame.data !== '[DONE]')
    .map((frame) => asRecord(JSON.parse(frame.data)) ?? {});

const replay = async (
  world: ProxyWorld,
  id: string,
  startingAfter: number,
  caller = me,
): Promise<RecordedReply> => {
  const reply = new RecordedReply(world.clock);
  await world.clock.runUntil(
    world.proxy.replay(id, caller, startingAfter, reply),
    world.clock.now() + 900_000,
  );
  return reply;
};

describe('a background response', () => {
  test('is queued at once, then in progress, then whole', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const { reply, done } = world.begin(background);
    await world.clock.advanceTo(0);
    expect(reply.status).toBe(200);
    expect(reply.isEnded).toBe(true);
    expect(reply.json).toMatchObject({ status: 'queued', background: true, output: [] });
    const id = String(reply.json['id']);
    await world.clock.advanceTo(1200);
    expect(await world.proxy.read(id, me)).toMatchObject({ status: 'in_progress', output: [] });
    await world.clock.runUntil(done, 60_000);
    const whole = await world.proxy.read(id, me);
    expect(whole).toMatchObject({ id, status: 'completed', background: true });
    expect(whole.metadata['spillway_backend']).toBe('spark');
    expect(await world.store.get(id)).toMatchObject({ resource: { status: 'completed' } });
  });

  test('waits in the queue for a slot as queued', async () => {
    const world = new ProxyWorld({
      spark: [slowly],
      system: {
        models: [{ name: 'm', candidates: [{ backend: 'spark', model: 'local-m' }] }],
        spill: { queueMax: 2, waitMsMax: 60_000 },
      },
    });
    const first = world.begin(background);
    await world.clock.advanceTo(100);
    const second = world.begin(background);
    await world.clock.advanceTo(1000);
    const id = String(second.reply.json['id']);
    expect(await world.proxy.read(id, me)).toMatchObject({ status: 'queued' });
    await world.clock.advanceTo(5500);
    expect(await world.proxy.read(id, me)).toMatchObject({ status: 'in_progress' });
    await world.clock.runUntil(Promise.all([first.done, second.done]), 60_000);
    expect(await world.proxy.read(id, me)).toMatchObject({ status: 'completed' });
  });

  test('goes on when its client leaves', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const { reply, done } = world.begin(streamed);
    await world.clock.advanceTo(1200);
    reply.leave();
    await world.clock.runUntil(done, 60_000);
    const id = String(asRecord(frames(reply.body)[0]?.['response'])?.['id']);
    expect(await world.proxy.read(id, me)).toMatchObject({ status: 'completed' });
    expect(world.attempts).toMatchObject([{ outcome: 'served' }]);
  });

  test('needs to be stored', () => {
    expect(() => new ProxyWorld().begin({ ...background, store: false })).toThrow(
      "Background mode requires 'store' to be true.",
    );
  });

  test('that fails says so when it is fetched, with every cause', async () => {
    const world = new ProxyWorld({
      spark: [() => [failure('status')]],
      azure: [() => [failure('status')]],
    });
    const { json } = await world.ask(background);
    const failed = await world.proxy.read(String(json['id']), me);
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
    expect(failed.error?.message).toMatch(/spark.*azure/);
  });

  test('without readers fails over from the middle of a text', async () => {
    const world = new ProxyWorld({ spark: [() => [...numbered('p', 1, 5), failure('reset')]] });
    const { json } = await world.ask(background);
    const whole = await world.proxy.read(String(json['id']), me);
    expect(whole.status).toBe('completed');
    expect(JSON.stringify(whole.output)).toContain('"a1 a2');
    expect(JSON.stringify(whole.output)).not.toContain('p5');
  });

  test('cannot be continued before it has finished', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const { reply, done } = world.begin(background);
    await world.clock.advanceTo(100);
    const id = String(reply.json['id']);
    const early = world.begin({ previous_response_id: id });
    await world.clock.advanceTo(200);
    expect(early.reply.status).toBe(409);
    expect(early.reply.error['message']).toMatch(/has not finished yet/);
    await world.clock.runUntil(done, 60_000);
    expect((await world.ask({ previous_response_id: id })).status).toBe(200);
  });

  test('more than can be held are refused', async () => {
    const world = new ProxyWorld({
      spark: [slowly],
      local: { slots: 1000 },
    });
    const all = Array.from({ length: 257 }, () => world.begin(background));
    await world.clock.advanceTo(0);
    expect(all.filter(({ reply }) => reply.status === 200)).toHaveLength(256);
    expect(all.at(-1)?.reply.error).toMatchObject({ code: 'rate_limit_exceeded' });
    await world.clock.runUntil(Promise.all(all.map(({ done }) => done)), 900_000);
    expect((await world.ask(background)).status).toBe(200);
  });

  test('that cannot be stored is refused', async () => {
    const world = new ProxyWorld({
      store: (store) => ({ ...store, put: () => Promise.reject(new Error('disk full')) }),
    });
    const reply = await world.ask(background);
    expect(reply.status).toBe(503);
    expect(reply.error['message']).toMatch(/response could not be stored/);
  });
});

describe('its events', () => {
  test('obey the grammar, announced as queued', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const { stream } = await world.ask(streamed);
    expect(stream.types.slice(0, 3)).toEqual([
      'response.created',
      'response.queued',
      'response.in_progress',
    ]);
    const [created, queued, begun] = stream.events.map((event) => asRecord(event['response']));
    expect([created?.['status'], queued?.['status'], begun?.['status']]).toEqual([
      'queued',
      'queued',
      'in_progress',
    ]);
    expect(stream.text).toMatch(/^p1 .*p10 $/);
  });

  test('are still one stream after a silent failover', async () => {
    const world = new ProxyWorld({
      spark: [() => [{ kind: 'reasoning', text: 'Hm. ' }, failure('reset')]],
    });
    const { stream } = await world.ask(streamed);
    expect(stream.text).toMatch(/^a1 /);
    expect(stream.resource.metadata['spillway_backend']).toBe('azure');
  });

  test('are replayed from any place, and followed to the end', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const { reply, done } = world.begin(streamed);
    await world.clock.advanceTo(2600);
    const id = String(asRecord(frames(reply.body)[0]?.['response'])?.['id']);
    const early = new RecordedReply(world.clock);
    const following = world.proxy.replay(id, me, 1, early);
    await world.clock.runUntil(Promise.all([done, following]), 60_000);
    const whole = reply.stream.events;
    expect(frames(early.body)).toEqual(whole.slice(2));
    for (let after = -1; after < whole.length; after++) {
      const late = await replay(world, id, after);
      expect(frames(late.body)).toEqual(whole.slice(after + 1));
      expect(late.body.endsWith(sseDone)).toBe(true);
    }
    const joined = [...whole.slice(0, 2), ...frames(early.body)];
    const text = joined.map((event) => encodeSse(String(event['type']), event)).join('');
    expect(readStream(text + sseDone).resource).toEqual(reply.stream.resource);
  });

  test('a follower is kept alive by comments while nothing comes', async () => {
    const world = new ProxyWorld({
      spark: [() => [pause(50_000), ...answer('p', 2)]],
      local: { firstTokenMs: 60_000 },
    });
    const { stream } = await world.ask(streamed);
    expect(stream.comments).toBe(3);
  });

  test('are forgotten after ten minutes; the response is not', async () => {
    const world = new ProxyWorld();
    const { stream } = await world.ask(streamed);
    await world.clock.advanceTo(world.clock.now() + 599_000);
    expect((await replay(world, stream.resource.id, -1)).status).toBe(200);
    await world.clock.advanceTo(world.clock.now() + 2000);
    const late = await replay(world, stream.resource.id, -1);
    expect(late.status).toBe(400);
    expect(late.error['message']).toMatch(/not kept/);
    expect(await world.proxy.read(stream.resource.id, me)).toEqual(stream.resource);
  });

  test('of a response that was not asked for so are not there', async () => {
    const world = new ProxyWorld();
    const { stream } = await world.ask();
    const refused = await replay(world, stream.resource.id, -1);
    expect(refused.status).toBe(400);
    expect(refused.error['message']).toMatch(/`background: true` and `stream: true`/);
    expect((await replay(world, 'resp_x', -1)).status).toBe(404);
  });

  test('beyond the last are refused', async () => {
    const world = new ProxyWorld();
    const { stream } = await world.ask(streamed);
    const refused = await replay(world, stream.resource.id, stream.events.length);
    expect(refused.error).toMatchObject({ param: 'starting_after' });
  });
});

describe('cancelling', () => {
  test('ends the work and is what the response says from then on', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const { reply, done } = world.begin(background);
    await world.clock.advanceTo(1200);
    const id = String(reply.json['id']);
    const cancelled = await world.proxy.cancel(id, me);
    expect(cancelled).toMatchObject({ id, status: 'cancelled', background: true });
    await world.clock.runUntil(done, 2000);
    expect(await world.proxy.read(id, me)).toEqual(cancelled);
    expect(await world.proxy.cancel(id, me)).toEqual(cancelled);
    expect(world.attempts).toMatchObject([{ outcome: 'cancelled' }]);
    expect(await world.store.get(id)).toMatchObject({ resource: { status: 'cancelled' } });
  });

  test('ends a stream without another event', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const { reply, done } = world.begin(streamed);
    await world.clock.advanceTo(1200);
    const before = frames(reply.body);
    await world.proxy.cancel(String(asRecord(before[0]?.['response'])?.['id']), me);
    await world.clock.runUntil(done, 2000);
    expect(frames(reply.body)).toEqual(before);
    expect(reply.body.endsWith(sseDone)).toBe(true);
    expect(reply.isEnded).toBe(true);
  });

  test('a response that has ended stays as it is', async () => {
    const world = new ProxyWorld();
    const { json } = await world.ask(background);
    expect(await world.proxy.cancel(String(json['id']), me)).toMatchObject({ status: 'completed' });
  });

  test('one that was waited for, or another key’s, is refused', async () => {
    const world = new ProxyWorld();
    const { resource } = (await world.ask()).stream;
    await expect(world.proxy.cancel(resource.id, me)).rejects.toMatchObject({
      status: 400,
      message: 'Cannot cancel a synchronous response.',
    });
    await expect(world.proxy.cancel(resource.id, other)).rejects.toMatchObject({ status: 404 });
    await expect(world.proxy.cancel('resp_x', me)).rejects.toMatchObject({ status: 404 });
  });

  test('deleting cancels first, and leaves nothing', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const { reply, done } = world.begin(background);
    await world.clock.advanceTo(1200);
    const id = String(reply.json['id']);
    await world.proxy.remove(id, me);
    await world.clock.runUntil(done, 2000);
    expect(await world.store.get(id)).toBeUndefined();
    await expect(world.proxy.read(id, me)).rejects.toMatchObject({ status: 404 });
  });
});

describe('when the proxy ends', () => {
  test('a running response fails, and its reader is told', async () => {
    const world = new ProxyWorld({ spark: [slowly], local: { slots: 4 } });
    const watched = world.begin(streamed);
    const polled = world.begin(background, { name: 'other' });
    const waited = world.begin({ stream: true });
    const whole = world.begin({ stream: false });
    await world.clock.advanceTo(1200);
    world.proxy.stop();
    await world.clock.runUntil(
      Promise.all([watched, polled, waited, whole].map(({ done }) => done)),
      2000,
    );
    expect(watched.reply.stream.resource.status).toBe('failed');
    expect(await world.proxy.read(String(polled.reply.json['id']), other)).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('shutting down') },
    });
    expect(waited.reply.stream.resource.status).toBe('failed');
    expect(whole.reply.status).toBe(503);
    expect((await world.ask()).status).toBe(503);
  });

  test('one that was cut off with its process is told as failed, once and for all', async () => {
    const world = new ProxyWorld({ spark: [slowly] });
    const { reply } = world.begin(background);
    await world.clock.advanceTo(1200);
    const id = String(reply.json['id']);
    const left = await world.store.get(id);
    const next = new ProxyWorld();
    if (left) await next.store.put(left);
    expect(left?.resource.status).toBe('queued');
    const told = await next.proxy.read(id, me);
    expect(told).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
    expect(await next.store.get(id)).toMatchObject({ resource: { status: 'failed' } });
    expect((await next.ask({ previous_response_id: id })).status).toBe(200);
  });
});
