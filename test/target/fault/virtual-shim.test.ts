/** The same faults in virtual time: what the proxy's heart is told, and when. */

import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { FaultAct } from '../../../src/log/entry.ts';
import type { GenerationEvent } from '../../../src/protocol/generation.ts';
import { traceId } from '../../../src/protocol/trace.ts';
import { seeded } from '../../../src/random/random.ts';
import { planFaults } from '../../../src/target/fault/plan.ts';
import type { FaultSpec } from '../../../src/target/fault/schema.ts';
import { virtualShim } from '../../../src/target/fault/virtual-shim.ts';
import { VirtualClock } from '../../../src/time/virtual-clock.ts';

const call = { trace: traceId({ arm: 0, workload: 0, session: 3, turn: 2 }, 'a'), span: 'b' };

const tokensAll = 10;

interface Heard {
  readonly tokens: number;
  /** How it ended: `end`, a failure's reason, or nothing until the caller left. */
  readonly how: string | undefined;
  readonly at: number;
  readonly tokenAt: readonly number[];
  readonly acts: readonly Omit<FaultAct, 'arm'>[];
  readonly isSourceLeft: boolean;
}

/** One answer of ten tokens, one each 100 ms, through the faults; the caller leaves at 10 s. */
const hear = async (
  faults: readonly Omit<FaultSpec, 'backend'>[],
  seed = 7,
  line: { readonly connectMs?: number; readonly isTls?: boolean } = {},
): Promise<Heard> => {
  const clock = new VirtualClock();
  const acts: Omit<FaultAct, 'arm'>[] = [];
  const source = { isLeft: false };
  const shim = virtualShim(
    {
      name: 'spark',
      async *open(_: typeof call, signal: AbortSignal): AsyncGenerator<readonly GenerationEvent[]> {
        signal.addEventListener('abort', () => {
          source.isLeft = true;
        });
        for (let token = 1; token <= tokensAll; token++) {
          await clock.sleep(100, signal).catch(() => undefined);
          if (signal.aborted) return;
          yield [{ kind: 'text', text: `p${token} ` }];
        }
        yield [{ kind: 'end', reason: 'stop' }];
      },
      probe: () => Promise.resolve({}),
      close: () => Promise.resolve(),
    },
    {
      faults: planFaults(faults.map((it) => ({ ...it, backend: 'spark' }))),
      clock,
      random: seeded(seed),
      emit: (act) => acts.push(act),
      ...line,
    },
  );
  shim.arm(0);
  const leaving = new AbortController();
  clock.at(10_000, () => leaving.abort());
  const tokenAt: number[] = [];
  let how: string | undefined;
  const listening = (async () => {
    for await (const events of shim.open(call, leaving.signal))
      for (const event of events) {
        if (event.kind === 'text') tokenAt.push(clock.now());
        if (event.kind === 'end') how = 'end';
        if (event.kind === 'failure') how = event.failure.reason;
      }
  })();
  await clock.runUntil(listening, 20_000);
  return {
    tokens: tokenAt.length,
    how,
    at: clock.now(),
    tokenAt,
    acts,
    isSourceLeft: source.isLeft,
  };
};

test('without a fault the answer passes as it is', async () => {
  expect(await hear([])).toMatchObject({ tokens: tokensAll, how: 'end', at: 1000, acts: [] });
});

test.each([
  ['reset', 'reset'],
  ['cut', 'closed'],
] as const)('after k tokens, %s lets exactly k through and tells at once', async (kind, reason) => {
  for (let k = 1; k <= tokensAll; k++) {
    const heard = await hear([{ kind, address: { session: 3, turn: 2, afterTokens: k } }]);
    expect(heard).toMatchObject({ tokens: k, how: reason, at: k * 100, isSourceLeft: true });
    expect(heard.acts).toMatchObject([{ at: k * 100, tokensBefore: k, ...call }]);
  }
});

test('an outage refuses what comes and resets what is open', async () => {
  expect(await hear([{ kind: 'refuse', at: 0 }])).toMatchObject({ how: 'refused', at: 0 });
  expect(await hear([{ kind: 'refuse', at: '250 ms' }])).toMatchObject({
    tokens: 2,
    how: 'reset',
    at: 250,
  });
});

test('a silent backend says nothing until the caller leaves', async () => {
  expect(await hear([{ kind: 'silent', at: 0 }])).toMatchObject({
    tokens: 0,
    how: undefined,
    at: 10_000,
  });
  const midway = await hear([{ kind: 'silent', when: 'mid-stream', afterTokens: 3, at: 0 }]);
  expect(midway).toMatchObject({ tokens: 3, how: undefined, at: 10_000 });
});

test.each<[string, Omit<FaultSpec, 'backend' | 'at'>, string, number]>([
  ['a host that is off', { kind: 'blackhole' }, 'unreachable', 2500],
  ['a full queue', { kind: 'queue-full' }, 'unreachable', 2500],
  ['a name that hangs', { kind: 'dns', form: 'hang' }, 'unreachable', 2500],
  ['an unknown name', { kind: 'dns' }, 'unreachable', 0],
  ['a stale address', { kind: 'dns', form: 'stale' }, 'refused', 0],
  ['no descriptors', { kind: 'exhausted' }, 'unreachable', 0],
  ['a bad certificate', { kind: 'certificate' }, 'tls', 0],
  ['a handshake that hangs', { kind: 'silent', when: 'connect' }, 'unreachable', 2500],
  ['a huge head', { kind: 'odd-head' }, 'garbled', 0],
  ['a short body', { kind: 'short-body' }, 'closed', 100],
])('%s is told within the time to connect', async (_, words, how, at) => {
  const line = { connectMs: 2500, isTls: true };
  const heard = await hear([{ ...words, at: 0 }], 7, line);
  expect(heard).toMatchObject({ tokens: 0, how, acts: [{ what: words.kind }] });
  expect(heard.at).toBeLessThanOrEqual(at);
});

test('what is frozen goes on where it was', async () => {
  const open = await hear([{ kind: 'freeze', at: '250 ms', for: '500 ms' }]);
  expect(open).toMatchObject({ tokens: tokensAll, how: 'end' });
  expect(open.tokenAt.slice(1, 3)).toEqual([200, 750]);
  const begun = await hear([{ kind: 'freeze', at: 0, for: '500 ms' }]);
  expect(begun.tokenAt[0]).toBe(500);
});

test('a dead address before the true one costs a quarter of a second', async () => {
  const heard = await hear([{ kind: 'dns', form: 'dead-first', at: 0 }]);
  expect(heard).toMatchObject({ tokens: tokensAll, how: 'end' });
  expect(heard.tokenAt[0]).toBeGreaterThanOrEqual(250);
});

test('a full queue lets those go on who are connected', async () => {
  expect(await hear([{ kind: 'queue-full', at: '250 ms' }], 7, { connectMs: 2500 })).toMatchObject({
    tokens: tokensAll,
    how: 'end',
    acts: [],
  });
});

test('a window that opens between two tokens acts at its instant', async () => {
  const heard = await hear([{ kind: 'reset', at: '450 ms', for: '100 ms', afterTokens: 2 }]);
  expect(heard).toMatchObject({ tokens: 4, how: 'reset', at: 450 });
});

test('a delay holds the beginning, a stall the middle, and both let go', async () => {
  const delayed = await hear([{ kind: 'delay', delay: '500 ms', at: 0 }]);
  expect(delayed.tokenAt[0]).toBe(600);
  expect(delayed).toMatchObject({ tokens: tokensAll, how: 'end' });
  const stalled = await hear([{ kind: 'stall', stall: '700 ms', afterTokens: 2, at: 0 }]);
  expect(stalled.tokenAt.slice(1, 3)).toEqual([200, 900]);
  expect(stalled).toMatchObject({ tokens: tokensAll, how: 'end' });
});

test('a slowed answer keeps to its rate', async () => {
  const heard = await hear([{ kind: 'slow', tokensPerSecond: 2, at: 0 }]);
  expect(heard.tokenAt.slice(0, 3)).toEqual([600, 1100, 1600]);
});

test.each([
  [429, 'rate-limited'],
  [503, 'overloaded'],
  [500, 'status'],
])('a rejection with %d is told as %s', async (status, reason) => {
  expect(await hear([{ kind: 'reject', status, at: 0 }])).toMatchObject({ how: reason, at: 0 });
});

test.each([
  ['truncate', { afterTokens: 3 }, 3, 'truncated'],
  ['silent-end', {}, tokensAll, 'truncated'],
  ['garble', { afterTokens: 3 }, 3, 'garbled'],
  ['html', {}, 0, 'garbled'],
  ['redirect', {}, 0, 'garbled'],
  ['preamble-then-fail', {}, 0, 'rate-limited'],
  ['preamble-then-fail', { status: 500, when: 'mid-stream', afterTokens: 2 }, 2, 'in-band'],
  ['comments', {}, 0, undefined],
  ['blackhole', {}, 0, undefined],
  ['empty', {}, 0, 'end'],
  ['endless', { afterTokens: 4 }, 4, undefined],
  ['slice', {}, tokensAll, 'end'],
  ['burst', { hold: '200 ms' }, tokensAll, 'end'],
  ['slow-close', { delay: '1 s' }, tokensAll, 'end'],
  ['tool-cut', {}, tokensAll, 'end'],
  ['stale', {}, tokensAll, 'end'],
  ['repeat', { form: 'token', afterTokens: 2 }, tokensAll + 1, 'end'],
] as const)('%s with %j is %d tokens and %s', async (kind, words, tokens, how) => {
  expect(await hear([{ kind, at: 0, ...words }])).toMatchObject({ tokens, how });
});

test('a preset is told as the status it has, with the wait it asks for', async () => {
  const heard = await hear([{ kind: 'reject', preset: 'ollama-oom', at: 0 }]);
  expect(heard).toMatchObject({ tokens: 0, how: 'status' });
});

test('a probe meets the faults as well', async () => {
  const clock = new VirtualClock();
  const shim = virtualShim(
    {
      name: 'spark',
      async *open() {
        // Never asked.
      },
      probe: () => Promise.resolve('well'),
      close: () => Promise.resolve(),
    },
    {
      faults: planFaults([{ kind: 'refuse', backend: 'spark', at: '100 ms', for: '100 ms' }]),
      clock,
      random: seeded(1),
      emit: () => undefined,
    },
  );
  shim.arm(0);
  const { signal } = new AbortController();
  expect(await shim.probe(signal)).toBe('well');
  await clock.advanceTo(150);
  await expect(shim.probe(signal)).rejects.toThrow('ECONNREFUSED');
  await clock.advanceTo(250);
  expect(await shim.probe(signal)).toBe('well');
});

test('the same seed does the same', async () => {
  const kind = fc.constantFrom('reset' as const, 'cut' as const, 'stall' as const);
  const spec = fc.record({
    kind,
    at: fc.nat(900).map((ms) => `${ms} ms`),
    for: fc.nat(400).map((ms) => `${ms} ms`),
    afterTokens: fc.nat(9),
    probability: fc.constantFrom(0.5, 1),
    stall: fc.constant('150 ms'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(spec, { maxLength: 4 }), fc.integer(), async (faults, seed) => {
      expect(await hear(faults, seed)).toEqual(await hear(faults, seed));
    }),
    { numRuns: 30 },
  );
});

test('tokens in blocks come at the end of each span', async () => {
  const heard = await hear([{ kind: 'burst', hold: '250 ms', at: 0 }]);
  expect(heard).toMatchObject({ tokens: tokensAll, how: 'end' });
  // The first is at hand after 100 ms, and from there on spans are counted.
  expect(heard.tokenAt.map((at) => (at - 100) % 250)).toEqual(heard.tokenAt.map(() => 0));
});

test.each([
  ['conclude', 'length', 'end', 1],
  ['conclude', 'refusal', 'end', 1],
  ['preamble-then-fail', 'end', 'truncated', 0],
  ['preamble-then-fail', 'hang', undefined, 0],
  ['silent-end', 'done', 'end', tokensAll],
  ['endless', 'given-up', 'truncated', 31],
  ['repeat', 'start', 'garbled', 1],
  ['misnumber', 'order', 'end', tokensAll],
  ['misnumber', 'twice', 'end', tokensAll],
  ['misreport', 'absurd-usage', 'end', tokensAll],
])('%s (%s) is what the adapters make of it', async (kind, form, how, tokens) => {
  expect(await hear([{ kind, form, at: 0 }])).toMatchObject({ how, tokens });
});

test('an answer that begins twice before it says anything is passed on', async () => {
  const heard = await hear([{ kind: 'repeat', form: 'start', afterTokens: 0, at: 0 }]);
  expect(heard).toMatchObject({ how: 'end', tokens: tokensAll });
});
