/** Phases are half-open: an instant belongs to the phase that begins there. */

import { expect, test } from 'vitest';

import { phaseOf, startsUntil } from '../../src/load/phase.ts';

const phases = { warmupMs: 10, steadyMs: 100, cooldownMs: 5 };

test.each([
  [-1, 'warmup'],
  [0, 'warmup'],
  [10, 'steady'],
  [109.9, 'steady'],
  [110, 'cooldown'],
  [115, 'done'],
])('%d ms is in %s', (at, phase) => {
  expect(phaseOf(at, phases)).toBe(phase);
});

test('without a warmup the run begins steady, and starts end with steady', () => {
  expect(phaseOf(0, { ...phases, warmupMs: 0 })).toBe('steady');
  expect(startsUntil(phases)).toBe(110);
});
