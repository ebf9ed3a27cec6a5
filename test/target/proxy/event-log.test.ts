/** The log of a background response beyond its bound, and readers at any place in it. */

import { expect, test } from 'vitest';

import { sseDone } from '../../../src/protocol/sse.ts';
import { EventLog, follow } from '../../../src/target/proxy/event-log.ts';
import { VirtualClock } from '../../../src/time/virtual-clock.ts';
import { RecordedReply } from '../../kit/proxy-world.ts';

const event = (at: number, text = '') => ({
  type: 'response.output_text.delta',
  sequence_number: at,
  delta: text,
});

const numbers = (body: string): readonly number[] =>
  [...body.matchAll(/"sequence_number":(\d+)/g)].map(([, number]) => Number(number));

test('beyond its bound it forgets the eldest, and keeps its numbers', () => {
  const log = new EventLog();
  const long = 'x'.repeat(2 ** 20);
  for (let at = 0; at < 100; at++) log.append([event(at, long)]);
  const { firstAt, nextAt } = log.range;
  expect(nextAt).toBe(100);
  expect(firstAt).toBeGreaterThan(50);
  expect(log.chars).toBeLessThanOrEqual(33 * 2 ** 20);
  expect(log.frame(firstAt - 1)).toBeUndefined();
  expect(numbers(log.frame(firstAt) ?? '')).toEqual([firstAt]);
  expect(numbers(log.frame(99) ?? '')).toEqual([99]);
});

test('a reader that it has overtaken is cut short, one that is abreast is not', async () => {
  const clock = new VirtualClock();
  const log = new EventLog();
  log.append([event(0), event(1)]);
  const abreast = new RecordedReply(clock);
  const slow = new RecordedReply(clock);
  slow.isReading = false;
  const parts = { log, from: 0, clock, headers: {} };
  const reading = [follow({ ...parts, reply: abreast }), follow({ ...parts, reply: slow })];
  await clock.advanceTo(1);
  const long = 'x'.repeat(2 ** 20);
  for (let at = 2; at < 50; at++) {
    log.append([event(at, long)]);
    await clock.advanceTo(clock.now() + 1);
  }
  log.end();
  slow.read();
  await clock.runUntil(Promise.all(reading), 60_000);
  expect(numbers(abreast.body)).toEqual(Array.from({ length: 50 }, (_, at) => at));
  expect(abreast.body.endsWith(sseDone)).toBe(true);
  expect(numbers(slow.body)).toEqual([0]);
  expect(slow.body).not.toContain(sseDone);
  expect(slow.isEnded).toBe(true);
});

test('a reader that does not read at all is left after 30 s', async () => {
  const clock = new VirtualClock();
  const log = new EventLog();
  log.append([event(0)]);
  const reply = new RecordedReply(clock);
  reply.isReading = false;
  await clock.runUntil(follow({ log, from: 0, reply, clock, headers: {} }), 60_000);
  expect(clock.now()).toBe(30_000);
  expect(reply.isEnded).toBe(true);
});
