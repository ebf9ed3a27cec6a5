/**
 * Sample floors: how many values a percentile needs before it is worth saying.
 *
 * The floor of the p-quantile is the least n for which it would be strange, by 1 in 100, to see at
 * most one of n values above it:
 *
 *     pⁿ + n (1 − p) pⁿ⁻¹ ≤ 0.01
 *
 * which is MLPerf's early stopping with confidence 0.99 and tolerance 0, about 6.6 / (1 − p).
 * https://github.com/mlcommons/inference_policies/blob/master/inference_rules.adoc
 */

/** Values needed, by percentile. A stat that is not named needs one. */
export type Floors = Readonly<Partial<Record<string, number>>>;

/** For anything that is measured on every exchange. */
export const percentileFloors: Floors = { p50: 11, p90: 64, p95: 130, p99: 662 };

/**
 * For failovers, which are few and dear: a median from 6 values on, because the median lies between
 * the least and the greatest of 6 with a chance of 1 − 2 × 0.5⁶ = 0.97. That range is its interval.
 */
export const failoverFloors: Floors = { ...percentileFloors, p50: 6 };

/** Values that a stat of a metric needs. */
export const floorOf = (floors: Floors, stat: string): number => floors[stat] ?? 1;
