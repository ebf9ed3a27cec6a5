/**
 * Laws of chance as data: what a length or a pause follows, readable in a profile or a scenario.
 */

import { integerBetween, logNormal } from '../random/distribution.ts';
import type { Random } from '../random/random.ts';
import { parseDuration } from '../time/duration.ts';
import type { Counts, Durations } from './schema.ts';

export type Law =
  | { readonly kind: 'fixed'; readonly value: number }
  /** Every whole number from `min` to `max`, both included, as likely as the others. */
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  /** `sigma` is the deviation of the logarithm; what lies outside `min` to `max` is moved there. */
  | {
      readonly kind: 'log-normal';
      readonly median: number;
      readonly sigma: number;
      readonly min: number;
      readonly max: number;
    }
  /** Values with their shares, which add up to 1. */
  | { readonly kind: 'shares'; readonly shares: readonly (readonly [number, number])[] };

/** Draws a whole number that follows the law. */
export const draw = (law: Law, random: Random): number => {
  switch (law.kind) {
    case 'fixed':
      return law.value;
    case 'uniform':
      return integerBetween(random, law.min, law.max);
    case 'log-normal': {
      const value = Math.round(logNormal(random, law.median, law.sigma));
      return Math.min(law.max, Math.max(law.min, value));
    }
    case 'shares': {
      let left = random.next();
      for (const [value, share] of law.shares) {
        left -= share;
        if (left < 0) return value;
      }
      // Shares may add up to a hair less than 1.
      return law.shares.at(-1)?.[0] ?? 0;
    }
  }
};

/** The law that a number or a range in a scenario stands for. */
export const lawOfCounts = (counts: Counts): Law =>
  typeof counts === 'number'
    ? { kind: 'fixed', value: counts }
    : { kind: 'uniform', min: counts[0], max: counts[1] };

/** The law, in milliseconds, that a duration or a range in a scenario stands for. */
export const lawOfDurations = (durations: Durations): Law => {
  if (!Array.isArray(durations)) return { kind: 'fixed', value: parseDuration(durations) ?? 0 };
  const [min, max] = durations.map((duration) => Math.round(parseDuration(duration) ?? 0));
  return { kind: 'uniform', min: min ?? 0, max: max ?? 0 };
};
