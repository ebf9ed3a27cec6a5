import assert from 'node:assert/strict';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  type CandidateState,
  type RouteRules,
  patientQueueMax,
  route,
} from '../../../src/target/proxy/router.ts';

const rules: RouteRules = {
  strategy: 'ordered',
  pinning: { never: [] },
  budget: 'none',
  isLocalOnly: false,
  maySpend: true,
  cold: 'spill',
  spill: { queueMax: 2, waitMsMax: 1500 },
};

const state = (backend: string, more: Partial<CandidateState> = {}): CandidateState => ({
  candidate: { backend, model: 'm' },
  residency: backend === 'spark' ? 'local' : 'cloud',
  mayServe: true,
  hasFreeSlot: true,
  queuedCount: 0,
  predictedWaitMs: undefined,
  isLoaded: undefined,
  hasWaited: false,
  lacks: undefined,
  quotaWaitMs: 0,
  weight: 1,
  draw: 0,
  busyRatio: 0,
  firstTokenMs: undefined,
  costUsd: 0,
  ...more,
});

const order = (states: readonly CandidateState[], more: Partial<RouteRules> = {}): string[] =>
  route(states, { ...rules, ...more }).choices.map(({ candidate }) => candidate.backend);

test('candidates are tried in the order of the file', () => {
  expect(order([state('spark'), state('azure')])).toEqual(['spark', 'azure']);
});

test.each([
  ['queue', { hasFreeSlot: false, queuedCount: 2 }],
  ['wait', { hasFreeSlot: false, predictedWaitMs: 1501 }],
  ['wait', { hasFreeSlot: false, hasWaited: true }],
  ['cold', { isLoaded: false }],
] as const)('for want of room (%s) the better one comes last, not never', (why, more) => {
  const { choices, refused } = route([state('spark', more), state('azure')], rules);
  expect(choices.map(({ candidate }) => candidate.backend)).toEqual(['azure', 'spark']);
  expect(choices[0]?.passedOver).toEqual([{ backend: 'spark', why }]);
  expect(choices[1]?.queueMax).toBe(patientQueueMax);
  expect(refused).toEqual([]);
});

test('a short queue is waited for', () => {
  const waiting = state('spark', { hasFreeSlot: false, queuedCount: 1, predictedWaitMs: 1500 });
  expect(order([waiting, state('azure')])).toEqual(['spark', 'azure']);
});

test('`cold: wait` waits', () => {
  expect(order([state('spark', { isLoaded: false }), state('azure')], { cold: 'wait' })).toEqual([
    'spark',
    'azure',
  ]);
});

test('an open circuit and an empty purse are not asked at all', () => {
  const states = [state('spark', { mayServe: false }), state('azure')];
  expect(route(states, { ...rules, maySpend: false })).toEqual({
    choices: [],
    refused: [
      { backend: 'spark', why: 'breaker' },
      { backend: 'azure', why: 'spend' },
    ],
  });
});

const anyState = fc
  .record({
    backend: fc.constantFrom('spark', 'azure', 'other'),
    residency: fc.constantFrom('local' as const, 'cloud' as const),
    mayServe: fc.boolean(),
    hasFreeSlot: fc.boolean(),
    queuedCount: fc.nat(4),
    predictedWaitMs: fc.option(fc.nat(3000), { nil: undefined }),
    isLoaded: fc.option(fc.boolean(), { nil: undefined }),
    hasWaited: fc.boolean(),
    lacks: fc.constantFrom(undefined, undefined, 'context' as const, 'vision' as const),
    quotaWaitMs: fc.constantFrom(0, 0, 500),
    weight: fc.nat(3),
    draw: fc.double({ min: 0, max: 0.99, noNaN: true }),
    busyRatio: fc.double({ min: 0, max: 3, noNaN: true }),
    firstTokenMs: fc.option(fc.nat(3000), { nil: undefined }),
    costUsd: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  })
  .map(({ backend, ...more }) => state(backend, more));

const anyRules = fc.record({
  strategy: fc.constantFrom(
    'ordered' as const,
    'weighted' as const,
    'least-busy' as const,
    'lowest-latency' as const,
    'cheapest' as const,
  ),
  pinning: fc.oneof(
    fc.record({ never: fc.subarray(['spark', 'azure', 'other']) }),
    fc.record({ only: fc.constantFrom('spark', 'azure'), never: fc.constant([]) }),
  ),
  isLocalOnly: fc.boolean(),
  maySpend: fc.boolean(),
  budget: fc.constantFrom('none' as const, 'left' as const, 'spent' as const),
  cold: fc.constantFrom('spill' as const, 'wait' as const),
});

test('no strategy and no pin brings back what residency, money, circuit or fit have ruled out', () => {
  fc.assert(
    fc.property(fc.array(anyState), anyRules, (states, more) => {
      const { choices, refused } = route(states, { ...rules, ...more });
      assert.equal(choices.length + refused.length, states.length, 'each is asked or refused');
      for (const { candidate, residency, passedOver } of choices) {
        const chosen = states.find((it) => it.candidate === candidate);
        assert.ok(chosen?.mayServe);
        assert.equal(chosen.lacks, undefined);
        assert.equal(chosen.quotaWaitMs, 0);
        const never: readonly string[] = more.pinning.never;
        assert.ok(!never.includes(candidate.backend));
        if ('only' in more.pinning) assert.equal(candidate.backend, more.pinning.only);
        if (more.isLocalOnly || !more.maySpend || more.budget === 'spent')
          assert.equal(residency, 'local');
        if (more.budget === 'left' && residency === 'cloud')
          assert.ok(chosen.costUsd !== undefined);
        for (const { why } of passedOver) assert.ok(why !== 'residency' && why !== 'pin');
      }
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ['context', { lacks: 'context' }],
  ['quota', { quotaWaitMs: 700 }],
] as const)('what cannot be had by waiting in a queue (%s) is not waited for', (why, more) => {
  const { choices, refused } = route([state('spark', more), state('azure')], rules);
  expect(choices[0]?.passedOver).toMatchObject([{ backend: 'spark', why }]);
  expect(choices).toHaveLength(1);
  expect(refused).toEqual([{ backend: 'spark', why, ...(why === 'quota' ? { waitMs: 700 } : {}) }]);
});
