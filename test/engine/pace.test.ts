import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { stepEndAt, stepsUntil } from '../../src/engine/pace.ts';

const pace = fc.record({
  startAt: fc.double({ min: 0, max: 1e6, noNaN: true }),
  stepMs: fc.double({ min: 0.5, max: 200, noNaN: true }),
  growthMs: fc.double({ min: 0, max: 0.1, noNaN: true }),
});

describe('a pace', () => {
  it('adds up the steps, each a little longer than the one before', () => {
    fc.assert(
      fc.property(pace, fc.integer({ min: 1, max: 300 }), (pace, steps) => {
        let at = pace.startAt;
        for (let step = 0; step < steps; step++) at += pace.stepMs + step * pace.growthMs;
        expect(stepEndAt(pace, steps)).toBeCloseTo(at, 4);
      }),
    );
  });

  it('finds the first boundary at an instant or after it', () => {
    fc.assert(
      fc.property(pace, fc.double({ min: -10, max: 1e5, noNaN: true }), (pace, afterMs) => {
        const steps = stepsUntil(pace, pace.startAt + afterMs);
        expect(stepEndAt(pace, steps)).toBeGreaterThanOrEqual(pace.startAt + afterMs);
        const isFirst = steps === 1 || stepEndAt(pace, steps - 1) < pace.startAt + afterMs;
        expect(isFirst).toBe(true);
      }),
    );
  });

  it('is exact where the growth is next to nothing', () => {
    const pace = { startAt: 0, stepMs: 7, growthMs: 1e-15 };
    expect(stepsUntil(pace, stepEndAt(pace, 2495))).toBe(2495);
  });

  it('finds the very boundary it stands on', () => {
    fc.assert(
      fc.property(pace, fc.integer({ min: 1, max: 5000 }), (pace, steps) => {
        expect(stepsUntil(pace, stepEndAt(pace, steps))).toBe(steps);
      }),
    );
  });
});
