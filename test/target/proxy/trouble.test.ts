/**
 * What must hold whatever the backends do: drawn at random, and swept over every point of failure.
 */

import assert from 'node:assert/strict';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  type Act,
  type Script,
  answer,
  end,
  failure,
  pause,
  ProxyWorld,
  type RecordedReply,
  numbered,
} from '../../kit/proxy-world.ts';

/** Any way an upstream may behave. */
const anyScript: fc.Arbitrary<Script> = fc
  .record({
    thinks: fc.boolean(),
    tokens: fc.nat(30),
    waits: fc.integer({ min: 0, max: 3000 }),
    finish: fc.constantFrom<Act>(
      end,
      'hang',
      failure('reset'),
      failure('refused', { evidence: 'hard' }),
      failure('rate-limited', { retryAfterMs: 2000 }),
      failure('status', { isRequestFault: true, status: 400 }),
      failure('truncated'),
      { kind: 'tool-call', index: 0, name: 'f' },
    ),
  })
  .map(({ thinks, tokens, waits, finish }) => (call) => {
    const reached = Number(/(\d+)\s*$/.exec(call.continues ?? '')?.[1] ?? 0);
    const letter = call.candidate.backend === 'spark' ? 'p' : 'a';
    return [
      ...(thinks ? [{ kind: 'reasoning', text: 'hm' } as const] : []),
      pause(waits),
      ...numbered(letter, reached + 1, reached + tokens),
      finish,
    ];
  });

const anyTrouble = fc.record({
  spark: fc.array(anyScript, { minLength: 1, maxLength: 6 }),
  azure: fc.array(anyScript, { minLength: 1, maxLength: 6 }),
  midStream: fc.constantFrom('fail' as const, 'continue' as const),
  asks: fc.array(
    fc.record({ stream: fc.boolean(), isLocalOnly: fc.boolean(), afterMs: fc.nat(4000) }),
    { minLength: 1, maxLength: 8 },
  ),
});

/** Any wish of which backend is to be asked, and any source of the demand that none be a cloud. */
const anyPreference = fc.record({
  strategy: fc.constantFrom('ordered', 'weighted', 'least-busy', 'lowest-latency', 'cheapest'),
  candidates: fc.shuffledSubarray(['spark', 'azure', 'spare'], { minLength: 3 }),
  local: fc.record({ requestsPerMinute: fc.integer({ min: 1, max: 100 }) }),
  named: fc.array(
    fc.constantFrom(
      {},
      { pin: 'azure' },
      { pin: 'spark' },
      { forbid: 'spark' },
      { forbid: 'spare' },
    ),
    { minLength: 1, maxLength: 4 },
  ),
  /** What the Ollama at home says of its model, and when: a copy of one that runs elsewhere? */
  told: fc.record({ isRemote: fc.boolean(), afterMs: fc.nat(2900) }),
  demands: fc.array(fc.constantFrom('key', 'request', 'model', 'turn'), {
    minLength: 1,
    maxLength: 4,
  }),
});

/** An answer with everything in it, to be cut after each of its events. */
const everything: readonly Act[] = [
  { kind: 'reasoning', text: 'hm' },
  { kind: 'reasoning', text: 'hm' },
  ...numbered('p', 1, 4),
  { kind: 'tool-call', index: 0, name: 'f' },
  { kind: 'tool-arguments', index: 0, text: '{"x":' },
  { kind: 'tool-arguments', index: 0, text: '1}' },
  { kind: 'usage', usage: { inputTokens: 10, outputTokens: 8 } },
  end,
];

describe('whatever the backends do', () => {
  test.each(['fail', 'continue'] as const)(
    'cut after any event (%s), it ends as it should',
    async (midStream) => {
      const ends = [];
      for (let cut = 0; cut <= everything.length; cut++) {
        const world = new ProxyWorld({
          system: { midStream },
          spark: [
            () => [
              ...everything.slice(0, cut),
              ...(cut < everything.length ? [failure('reset')] : []),
            ],
          ],
          azure: [
            (call) =>
              call.continues
                ? [...numbered('a', call.continues.trim().split(' ').length + 1, 9), end]
                : answer('a', 9),
          ],
        });
        const { resource, text: shown } = (await world.ask()).stream;
        checkCount(shown);
        ends.push(`${resource.status} ${shown.replaceAll(' ', '')}`);
      }
      const cutInText = Array.from({ length: 4 }, (_, at) => {
        const said = numberedText('p', 1, at + 1);
        return midStream === 'fail'
          ? `failed ${said}`
          : `completed ${said}${numberedText('a', at + 2, 9)}`;
      });
      const silent = `completed ${numberedText('a', 1, 9)}`;
      const inCall = `failed ${numberedText('p', 1, 4)}`;
      expect(ends).toEqual([
        silent,
        silent,
        silent,
        ...cutInText,
        inCall,
        inCall,
        inCall,
        inCall,
        `completed ${numberedText('p', 1, 4)}`,
      ]);
    },
  );

  test('each request ends once, in order, in time, and asks at most twice', async () => {
    await fc.assert(
      fc.asyncProperty(anyTrouble, async ({ spark, azure, midStream, asks }) => {
        const world = new ProxyWorld({ system: { midStream }, spark, azure });
        const begun = [];
        for (const { stream, isLocalOnly, afterMs } of asks) {
          await world.clock.advanceTo(world.clock.now() + afterMs);
          const metadata = isLocalOnly ? { residency: 'local-only' } : {};
          begun.push({ stream, ...world.begin({ stream, metadata }) });
        }
        const all = Promise.all(begun.map(({ done }) => done));
        await world.clock.runUntil(all, world.clock.now() + 3_600_000);
        for (const { stream, reply } of begun) {
          expect(reply.isEnded).toBe(true);
          checkAnswer(reply, stream);
        }
        for (const trace of new Set(world.attempts.map((attempt) => attempt.trace)))
          expect(world.attempts.filter((it) => it.trace === trace).length).toBeLessThanOrEqual(2);
        expect(world.proxy.health()).toMatchObject({ inFlight: 0 });
        for (const backend of world.proxy.health().backends)
          expect(backend).toMatchObject({ running: 0, queued: 0 });
        world.proxy.close();
      }),
      { numRuns: 150 },
    );
  });

  test('nothing local-only ever reaches the cloud, and its refusal says why', async () => {
    await fc.assert(
      fc.asyncProperty(anyTrouble, anyPreference, async (trouble, preference) => {
        const { spark, azure, midStream, asks } = trouble;
        const candidates = preference.candidates.map((backend) => ({ backend, model: backend }));
        const ruled = { candidates, strategy: preference.strategy };
        const world = new ProxyWorld({
          system: {
            midStream,
            models: [
              { name: 'm', ...ruled },
              { name: 'private', ...ruled, residency: 'local-only' },
            ],
          },
          local: preference.local,
          spark,
          azure,
        });
        world.spare.plays(...azure);
        const { isRemote, afterMs: tellsAfterMs } = preference.told;
        Object.assign(world.spark, {
          abilities: async () => {
            await world.clock.sleep(tellsAfterMs);
            return new Map([['spark:latest', { isRemote }]]);
          },
        });
        let previous: string | undefined;
        for (const [at, { stream, afterMs }] of asks.entries()) {
          await world.clock.advanceTo(world.clock.now() + afterMs);
          // The demand comes with the key, the request, the model, or an earlier turn.
          const by = preference.demands[at % preference.demands.length];
          const named = preference.named[at % preference.named.length] ?? {};
          const goesOn = by === 'turn' && previous !== undefined;
          const reply = await world.ask(
            {
              stream,
              ...(by === 'model' ? { model: 'private' } : {}),
              ...(by === 'request' || (by === 'turn' && !goesOn)
                ? { metadata: { residency: 'local-only' } }
                : {}),
              ...(goesOn ? { previous_response_id: previous } : {}),
            },
            { ...named, ...(by === 'key' ? { residency: 'local-only' } : {}) },
          );
          const refusal = reply.status === 200 ? null : reply.error['code'];
          expect([null, 'local_only_unavailable', 'rate_limit_exceeded']).toContain(refusal);
          if (reply.status === 200)
            previous = stream ? reply.stream.resource.id : String(reply.json['id']);
        }
        expect([...world.azure.calls, ...world.spare.calls]).toEqual([]);
        expect(world.spark.calls.filter(() => isRemote)).toEqual([]);
        expect(world.attempts.every(({ residency }) => residency === 'local')).toBe(true);
        world.proxy.close();
      }),
      { numRuns: 200 },
    );
  });
});

const numberedText = (letter: string, from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, at) => `${letter}${from + at}`).join('');

/** An error with a message, a finished resource, or a whole stream. */
const checkAnswer = (reply: RecordedReply, stream: boolean): void => {
  if (reply.status !== 200) assert.equal(typeof reply.error['message'], 'string');
  else if (stream) checkCount(reply.stream.text);
  else assert.notEqual(reply.json['status'], 'in_progress');
};

/** What is shown counts from 1 without a gap or a repetition, whoever says it. */
const checkCount = (shown: string): void => {
  const counts = [...shown.matchAll(/[pa](\d+)/g)].map(([, count]) => Number(count));
  expect(counts).toEqual(counts.map((_, at) => at + 1));
};
