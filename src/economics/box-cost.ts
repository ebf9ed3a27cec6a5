/**
 * What the box itself costs while it stands there: its price spread over its life, and electricity.
 */

/** Hours of a mean month: 365 × 24 / 12. */
const hoursPerMonth = 730;

const msPerHour = 3_600_000;

/**
 * JPY of the purchase price that a span of time uses up: straight line, nothing left at the end.
 */
export const amortisationJpy = (
  box: { readonly capexJpy: number; readonly lifeMonths: number },
  spanMs: number,
): number => (box.capexJpy / box.lifeMonths) * (spanMs / msPerHour / hoursPerMonth);

/** kWh at the wall, out of the time the box was busy and the time it was not. */
export const energyKwh = (
  box: { readonly idleWatts: number; readonly busyWatts: number },
  busyMs: number,
  idleMs: number,
): number => (box.busyWatts * busyMs + box.idleWatts * idleMs) / msPerHour / 1000;

/** JPY of that energy. */
export const energyJpy = (
  box: {
    readonly idleWatts: number;
    readonly busyWatts: number;
    readonly tariffJpyPerKwh: number;
  },
  busyMs: number,
  idleMs: number,
): number => box.tariffJpyPerKwh * energyKwh(box, busyMs, idleMs);
