import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { amortisationJpy, energyJpy, energyKwh } from '../../src/economics/box-cost.ts';

const hour = 3_600_000;
const month = 730 * hour;
const box = {
  capexJpy: 750_000,
  lifeMonths: 36,
  tariffJpyPerKwh: 31,
  idleWatts: 24,
  busyWatts: 90,
};

describe('the box', () => {
  it('of 750,000 yen and three years uses up 20,833 yen a month', () => {
    expect(amortisationJpy(box, month)).toBeCloseTo(20_833.33, 2);
    expect(amortisationJpy(box, 36 * month)).toBeCloseTo(750_000, 6);
  });

  it.each([
    [25, 566],
    [60, 1358],
    [90, 2037],
    [120, 2716],
    [240, 5431],
  ])('that draws %d W costs %d yen a month at 31 yen per kWh', (watts, yen) => {
    const steady = { ...box, busyWatts: watts };
    expect(Math.round(energyJpy(steady, month, 0))).toBe(yen);
  });

  it('spends half a kWh on a million tokens at 50 a second and 90 W', () => {
    const busyMs = (1e6 / 50) * 1000;
    expect(energyKwh(box, busyMs, 0)).toBeCloseTo(0.5, 9);
    expect(energyJpy(box, busyMs, 0)).toBeCloseTo(15.5, 9);
  });

  it('pays for idle time, and more for busy time', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.nat(1e9), (busyMs, idleMs) => {
        const mixed = energyJpy(box, busyMs, idleMs);
        expect(mixed).toBeGreaterThanOrEqual(energyJpy(box, 0, busyMs + idleMs) - 1e-9);
        expect(mixed).toBeLessThanOrEqual(energyJpy(box, busyMs + idleMs, 0) + 1e-9);
      }),
    );
  });
});
