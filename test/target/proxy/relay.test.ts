import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { GenerationEvent } from '../../../src/protocol/generation.ts';
import { answerCharsMax } from '../../../src/target/proxy/relay.ts';
import { ResponsesReader } from '../../../src/target/proxy/responses-reader.ts';
import {
  ProxyWorld,
  type Act,
  end,
  failure,
  numbered,
  text,
  usage,
} from '../../kit/proxy-world.ts';

const reasoning = (value: string): GenerationEvent => ({ kind: 'reasoning', text: value });

/** Events of an answer in any order, some of which must not come in that order. */
const event = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('', 'p1 ', 'p2 ', 'Sorry, ').map(text) },
  { weight: 2, arbitrary: fc.constantFrom('', 'hm').map(reasoning) },
  fc.nat({ max: 1 }).map((index): GenerationEvent => ({ kind: 'tool-call', index, name: 'f' })),
  fc.nat({ max: 1 }).map((index): GenerationEvent => ({
    kind: 'tool-arguments',
    index,
    text: '{}',
  })),
  fc.constant(usage(12, 3)),
  fc.constantFrom(end, failure('reset'), failure('truncated')),
);

/** The events in groups of the sizes given, over and over. */
const together = (events: readonly GenerationEvent[], sizes: readonly number[]): readonly Act[] => {
  const groups: Act[] = [];
  for (let at = 0, turn = 0; at < events.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    groups.push({ kind: 'together', events: events.slice(at, at + size) });
    at += size;
  }
  return groups;
};

const tools = [{ type: 'function', name: 'f', parameters: {}, strict: false }];

const answered = async (acts: readonly Act[], midStream: 'continue' | 'fail') => {
  const world = new ProxyWorld({
    system: { midStream },
    spark: [() => acts],
    azure: [() => [...numbered('a', 1, 4), end]],
  });
  const { writes, status, headers } = await world.ask({ tools });
  return { writes, status, headers, forwarded: world.attempts.map((it) => it.tokensForwarded) };
};

test('many pieces that come together take a time that grows with their number', async () => {
  const pieces = Array.from({ length: 60_000 }, () => text('x '));
  const world = new ProxyWorld({
    spark: [() => [{ kind: 'together', events: [...pieces, usage(9, 60_000), end] }]],
  });
  const before = process.cpuUsage();
  const { stream } = await world.ask();
  expect(stream.text).toHaveLength(120_000);
  const { user, system } = process.cpuUsage(before);
  // With its square it is half a minute.
  expect((user + system) / 1e6).toBeLessThan(6);
});

test('the longest answer that is let through can be read by another Spillway', async () => {
  const piece = 'x"'.repeat(2 ** 19);
  const pieces = Array.from({ length: answerCharsMax / piece.length }, () => text(piece));
  const world = new ProxyWorld({ spark: [() => [...pieces, end]] });
  const { body } = await world.ask();
  const reader = new ResponsesReader({}, 0, undefined);
  let chars = 0;
  let last: GenerationEvent | undefined;
  for (let at = 0; at < body.length; at += 2 ** 18)
    for (const told of reader.push(Buffer.from(body.slice(at, at + 2 ** 18)))) {
      if (told.kind === 'text') chars += told.text.length;
      last = told;
    }
  expect(last).toEqual(end);
  expect(chars).toBe(answerCharsMax);
});

describe('events that come in one chunk', () => {
  test('reach the client as they would have one by one', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom('continue', 'fail'),
        async (events, sizes, midStream) => {
          const acts = together(events, sizes);
          expect(await answered(acts, midStream)).toEqual(await answered(events, midStream));
        },
      ),
    );
  });

  test('are not waited for: the first leaves before the second is made', async () => {
    const world = new ProxyWorld({
      spark: [() => [text('p1 '), { kind: 'pause', ms: 500 }, ...numbered('p', 2, 9), end]],
    });
    const { writes, headAt } = await world.ask();
    expect(headAt).toBe(0);
    expect(writes.findLast(({ at }) => at === 0)?.chunk).toContain('"delta":"p1 "');
  });

  test('are left unread after the end', async () => {
    const events = [text('p1 '), end, text('p2 '), failure('reset')];
    const world = new ProxyWorld({ spark: [() => [{ kind: 'together', events }]] });
    expect((await world.ask()).stream).toMatchObject({ text: 'p1 ' });
    expect(world.attempts).toMatchObject([{ outcome: 'served', tokensReceived: 1 }]);
  });

  test('are all that a client which leaves is counted to have been given', async () => {
    const events = numbered('p', 1, 3);
    const world = new ProxyWorld({ spark: [() => [{ kind: 'together', events }, 'hang']] });
    const { reply, done } = world.begin();
    world.clock.at(10, () => reply.leave());
    await world.clock.runUntil(done, 1000);
    expect(world.attempts).toMatchObject([{ outcome: 'cancelled', tokensForwarded: 3 }]);
  });
});
