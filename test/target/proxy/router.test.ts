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
  })
  .map(({ backend, ...more }) => state(backend, more));

test('whatever the state, what is local-only goes to no cloud, and nothing to an open circuit', () => {
  const anyRules = fc.record({ maySpend: fc.boolean(), cold: fc.constantFrom('spill', 'wait') });
  fc.assert(
    fc.property(fc.array(anyState), anyRules, fc.boolean(), (states, more, isLocalOnly) => {
      const { choices, refused } = route(states, { ...rules, ...more, isLocalOnly });
      assert.equal(choices.length + refused.length, states.length, 'each is asked or refused');
      for (const { candidate, residency } of choices) {
        const chosen = states.find((it) => it.candidate === candidate);
        assert.ok(chosen?.mayServe);
        if (isLocalOnly) assert.equal(residency, 'local');
        if (!more.maySpend) assert.equal(residency, 'local');
      }
    }),
  );
});
