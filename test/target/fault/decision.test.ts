/** What happens to an attempt, and when: without a clock, a socket or a byte. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { traceId } from '../../../src/protocol/trace.ts';
import { seeded } from '../../../src/random/random.ts';
import { FaultDecision } from '../../../src/target/fault/decision.ts';
import { planFaults } from '../../../src/target/fault/plan.ts';
import type { FaultSpec } from '../../../src/target/fault/schema.ts';

const decisionOf = (faults: readonly Omit<FaultSpec, 'backend'>[], seed = 7): FaultDecision =>
  new FaultDecision(planFaults(faults.map((it) => ({ ...it, backend: 'spark' }))), seeded(seed));

const nameOf = (session: number, turn: number, attempt = 1, workload = 0) => ({
  trace: traceId({ arm: 0, workload, session, turn }, '0123456789ab'),
  span: attempt.toString(16).padStart(16, '0'),
});

/** Plays an attempt of `tokens` tokens, one each 10 ms from `startedAt`; tells what acted. */
const play = (
  decision: FaultDecision,
  name: ReturnType<typeof nameOf>,
  { tokens = 10, startedAt = 0 } = {},
): string[] => {
  const attempt = decision.attempt();
  const acts: string[] = [];
  let now = startedAt;
  const note = (step: ReturnType<typeof attempt.onTime>): void => {
    for (const { fault, tokensBefore } of step)
      acts.push(`${fault.action.kind} @${tokensBefore} ${now} ms`);
  };
  note(attempt.onConnect(now));
  note(attempt.onRequestHead(name, now));
  now += 10;
  note(attempt.onResponseHead(now));
  note(attempt.onHeadForwarded(now));
  for (let token = 1; token <= tokens; token++) {
    now += 10;
    if (token === 1) note(attempt.onFirstToken(now));
    note(attempt.onToken(token, now));
  }
  return acts;
};

test('an addressed fault acts after its tokens, on the first attempt of its turn only', () => {
  const decision = decisionOf([
    { kind: 'reset', address: { session: 3, turn: 2, afterTokens: 4 } },
  ]);
  expect(play(decision, nameOf(3, 1))).toEqual([]);
  expect(play(decision, nameOf(3, 2, 1))).toEqual(['reset @4 50 ms']);
  expect(play(decision, nameOf(3, 2, 2))).toEqual([]);
});

test('an address without a workload is met once in each', () => {
  const anywhere = decisionOf([{ kind: 'cut', address: { session: 1, turn: 1 } }]);
  expect(play(anywhere, nameOf(1, 1, 1, 0))).toHaveLength(1);
  expect(play(anywhere, nameOf(1, 1, 1, 1))).toHaveLength(1);
  const named = decisionOf([{ kind: 'cut', address: { workload: 1, session: 1, turn: 1 } }]);
  expect(play(named, nameOf(1, 1, 1, 0))).toHaveLength(0);
  expect(play(named, nameOf(1, 1, 1, 1))).toHaveLength(1);
});

test.each([
  ['refuse', undefined, 'refuse @0 0 ms'],
  ['silent', undefined, 'silent @0 0 ms'],
  ['reject', undefined, 'reject @0 0 ms'],
  ['delay', undefined, 'delay @0 10 ms'],
  ['delay', 'first-token', 'delay @0 20 ms'],
  ['reset', 'first-token', 'reset @0 20 ms'],
  ['reset', 'headers', 'reset @0 0 ms'],
  ['slow', undefined, 'slow @0 10 ms'],
  ['stall', undefined, 'stall @1 20 ms'],
] as const)('%s at %s acts as %s', (kind, when, act) => {
  const decision = decisionOf([
    { kind, at: 0, delay: '1 ms', stall: '1 ms', ...(when ? { when } : {}) },
  ]);
  expect(play(decision, nameOf(1, 1))).toEqual([act]);
});

test('a window acts from its first instant and not at its last', () => {
  const window: Omit<FaultSpec, 'backend'> = {
    kind: 'reset',
    at: '50 ms',
    for: '20 ms',
    afterTokens: 2,
  };
  expect(play(decisionOf([window]), nameOf(1, 1))).toEqual(['reset @4 50 ms']);
  expect(play(decisionOf([window]), nameOf(1, 1), { startedAt: 30 })).toEqual(['reset @2 60 ms']);
  expect(play(decisionOf([window]), nameOf(1, 1), { startedAt: 40 })).toEqual([]);
});

test('a window that opens meets an attempt that waits', () => {
  const decision = decisionOf([{ kind: 'silent', at: '100 ms', for: '50 ms' }]);
  const waiting = decision.attempt();
  expect([...waiting.onConnect(0), ...waiting.onRequestHead(nameOf(1, 1), 0)]).toEqual([]);
  expect(decision.nextWindowAt(0)).toBe(100);
  expect(waiting.onTime(100)).toHaveLength(1);
  expect(decision.nextWindowAt(100)).toBeUndefined();
});

test('an outage ends an attempt wherever it stands', () => {
  const decision = decisionOf([{ kind: 'refuse', at: '100 ms', for: '50 ms' }]);
  expect(play(decision, nameOf(1, 1), { startedAt: 55 })).toEqual(['refuse @4 105 ms']);
});

test('several faults act on one attempt, and nothing after the one that ends it', () => {
  const decision = decisionOf([
    { kind: 'stall', stall: '5 ms', at: 0, afterTokens: 2 },
    { kind: 'cut', at: 0, afterTokens: 3 },
    { kind: 'stall', stall: '5 ms', at: 0, afterTokens: 4 },
  ]);
  expect(play(decision, nameOf(1, 1))).toEqual(['stall @2 30 ms', 'cut @3 40 ms']);
});

test('times caps the acts over all attempts', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 12 }), (times, count) => {
      const decision = decisionOf([{ kind: 'reset', at: 0, times }]);
      const acts = Array.from({ length: count }, (_, index) =>
        play(decision, nameOf(index + 1, 1)),
      );
      expect(acts.flat()).toHaveLength(Math.min(times, count));
    }),
  );
});

test('the same seed hits the same attempts, in whatever order they come', () => {
  const spec = [{ kind: 'reset', at: 0, probability: 0.5 }] as const;
  const names = Array.from({ length: 12 }, (_, index) => nameOf(index + 1, 1));
  const hitBy = (order: readonly (typeof names)[number][], seed: number): string[] => {
    const decision = decisionOf(spec, seed);
    return order.filter((name) => play(decision, name).length > 0).map(({ trace }) => trace);
  };
  fc.assert(
    fc.property(
      fc.integer(),
      fc.shuffledSubarray(names, { minLength: names.length }),
      (seed, order) => {
        expect(hitBy(order, seed).toSorted()).toEqual(hitBy(names, seed).toSorted());
      },
    ),
  );
});

test('a share of attempts is hit', () => {
  const decision = decisionOf([{ kind: 'reset', at: 0, probability: 0.3 }]);
  const count = 2000;
  const hits = Array.from({ length: count }, (_, index) =>
    play(decision, nameOf(index + 1, 1)),
  ).flat().length;
  // The standard error of 2000 draws at 0.3 is 20.5; four of them are exceeded by one seed in
  // 15,000, and this seed is fixed.
  expect(Math.abs(hits - 0.3 * count)).toBeLessThan(82);
});

const hitsWith = (salt: string): boolean[] => {
  const decision = decisionOf([{ kind: 'reset', at: 0, probability: 0.5 }]);
  return Array.from({ length: 40 }, (_, index) => {
    const parts = { arm: 0, workload: 0, session: index + 1, turn: 1 };
    return play(decision, { trace: traceId(parts, salt), span: salt }).length > 0;
  });
};

test('the random part of an id does not matter', () => {
  expect(hitsWith('aaaaaaaaaaaa')).toEqual(hitsWith('bbbbbbbbbbbb'));
});

test('what has ended stays ended, whatever is still reported', () => {
  const attempt = decisionOf([
    { kind: 'reset', when: 'headers', at: 0 },
    { kind: 'cut', at: 0, afterTokens: 0 },
  ]).attempt();
  attempt.onConnect(0);
  expect(attempt.onRequestHead(nameOf(1, 1), 0)).toHaveLength(1);
  expect([...attempt.onHeadForwarded(1), ...attempt.onToken(1, 2)]).toEqual([]);
});

test('a ramp has its first value at its first instant and nears its last', () => {
  const spec = { kind: 'delay', at: '100 ms', for: '1 s', ramp: { from: 0, to: '5 s' } } as const;
  const delayAt = (now: number): number | undefined => {
    const attempt = decisionOf([spec]).attempt();
    attempt.onConnect(now);
    attempt.onRequestHead(nameOf(1, 1), now);
    return attempt.onResponseHead(now)[0]?.words.delayMs;
  };
  expect([delayAt(99), delayAt(100), delayAt(600), delayAt(1100)]).toEqual([
    undefined,
    0,
    2500,
    undefined,
  ]);
});

test('a delay jitters within its bounds, each attempt by its own draw', () => {
  const decision = decisionOf([{ kind: 'delay', at: 0, delay: '100 ms', jitter: '30 ms' }]);
  const delays = Array.from({ length: 200 }, (_, index) => {
    const attempt = decision.attempt();
    attempt.onConnect(0);
    attempt.onRequestHead(nameOf(index + 1, 1), 0);
    return attempt.onResponseHead(0)[0]?.words.delayMs ?? 0;
  });
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(70);
  expect(Math.max(...delays)).toBeLessThanOrEqual(130);
  // The mean of 200 uniform draws over 60 ms has a standard error of 1.2 ms.
  expect(Math.abs(delays.reduce((sum, it) => sum + it, 0) / 200 - 100)).toBeLessThan(5);
});

test('bytes are counted to the byte, whatever they come in', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 3000 }),
      (segments, afterBytes) => {
        const attempt = decisionOf([{ kind: 'cut', at: 0, afterBytes }]).attempt();
        attempt.onConnect(0);
        attempt.onRequestHead(nameOf(1, 1), 0);
        let forwarded = 0;
        let acts = attempt.onResponseHead(0).length;
        for (let left of segments)
          while (left > 0 && acts === 0) {
            const bytes = Math.min(left, attempt.bytesToTrigger);
            left -= bytes;
            forwarded += bytes;
            acts += attempt.onBytes(bytes, 0).length;
          }
        const all = segments.reduce((sum, it) => sum + it, 0);
        expect([acts, forwarded]).toEqual(all < afterBytes ? [0, all] : [1, afterBytes]);
      },
    ),
  );
});

test('what must read frames leaves alone what cannot be read, and what asks for nothing', () => {
  const decision = decisionOf([
    { kind: 'truncate', at: 0, afterTokens: 0 },
    { kind: 'empty', at: 0 },
  ]);
  const probe = decision.attempt();
  probe.onConnect(0);
  expect(probe.onRequestHead(undefined, 0, false)).toEqual([]);
  expect([...probe.onResponseHead(0, false), ...probe.onHeadForwarded(0)]).toEqual([]);
  const ask = decision.attempt();
  ask.onConnect(0);
  expect(ask.onRequestHead(undefined, 0, true).map(({ fault }) => fault.action.kind)).toEqual([
    'empty',
  ]);
});

test('a fault that is armed meanwhile acts on what is open, and no more once disarmed', () => {
  const decision = decisionOf([]);
  const [cut] = planFaults([{ kind: 'cut', backend: 'spark', at: 0, afterTokens: 2 }]);
  if (!cut) throw new Error('a fault was planned');
  const attempt = decision.attempt();
  attempt.onRequestHead(nameOf(1, 1), 0);
  attempt.onHeadForwarded(10);
  expect(attempt.onToken(3, 20)).toEqual([]);
  decision.arm(cut);
  expect(attempt.onTime(30).map(({ fault }) => fault)).toEqual([cut]);
  expect(play(decision, nameOf(1, 2))).toEqual(['cut @2 30 ms']);
  decision.disarm(cut);
  expect(play(decision, nameOf(1, 3))).toEqual([]);
});

test('a fault that is armed again has all its acts before it', () => {
  const decision = decisionOf([]);
  const [once] = planFaults([{ kind: 'cut', backend: 'spark', at: 0, afterTokens: 2, times: 1 }]);
  if (!once) throw new Error('a fault was planned');
  for (let turn = 1; turn <= 4; turn += 2) {
    decision.arm(once);
    expect(play(decision, nameOf(1, turn))).toHaveLength(1);
    expect(play(decision, nameOf(1, turn + 1))).toEqual([]);
    decision.disarm(once);
  }
});
