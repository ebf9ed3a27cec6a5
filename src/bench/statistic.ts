/** What the bench makes of its samples. */

/** The value at share `p` of the values, by nearest rank. */
export const quantile = (values: readonly number[], p: number): number => {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? 0;
};
