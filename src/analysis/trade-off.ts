/**
 * Which first-token deadline to choose: a short one fails over from a backend that was only slow, a
 * long one lets readers wait on a dead one.
 *
 * Both are read off the first tokens of healthy attempts: those that no fault acted on. One that a
 * deadline cut off counts as slower than any deadline. How often a healthy attempt is beyond a
 * deadline is a share with an interval, so that few attempts promise little: to say "less than one
 * in a thousand" takes 2,995 of them with none beyond.
 */

import type { Attempt } from '../log/entry.ts';
import type { ArmResult } from './advisory.ts';
import { shareInterval } from './order-statistic.ts';
import { countUpTo, median } from './percentile.ts';

/** Which first-token deadline costs what, of one backend and model. */
export interface TradeOff {
  readonly backend: string;
  readonly model: string;
  /** Healthy attempts. */
  readonly n: number;
  /** The slowest first token; absent where a deadline cut one off. */
  readonly slowestMs?: number;
  /** Median first token of the other backends, which follows the deadline on a dead box. */
  readonly fallbackMs?: number;
  readonly points: readonly {
    readonly deadlineMs: number;
    /** Healthy attempts that it would have failed over, and at most, 95 % sure. */
    readonly falseRatio: number;
    readonly atMostRatio: number;
  }[];
  /** The shortest deadline that keeps to a ratio, 95 % sure; or how many attempts it takes. */
  readonly picks: readonly {
    readonly ratio: number;
    readonly deadlineMs?: number;
    readonly needs: number;
  }[];
}

/** Shares of needless failovers that somebody may want to keep to. */
const ratios = [0.001, 0.01] as const;

/** Of fewer attempts there is no curve worth looking at. */
const attemptsMin = 11;

const pointCount = 80;

interface FirstToken {
  readonly attempt: Attempt;
  /** Infinite where a deadline cut it off. */
  readonly ms: number;
}

/** The choice for each backend and model that was asked often enough. */
export const tradeOffsOf = (arms: readonly ArmResult[]): TradeOff[] => {
  const healthy = arms.flatMap(healthyIn);
  const groups = Map.groupBy(healthy, ({ attempt }) => `${attempt.backend} ${attempt.model}`);
  return [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([, part]) => {
      const [first] = part;
      if (!first || part.length < attemptsMin) return [];
      const { backend, model } = first.attempt;
      const others = healthy.filter(
        ({ attempt, ms }) => attempt.backend !== backend && ms < Infinity,
      );
      return [tradeOff(backend, model, part, median(others.map(({ ms }) => ms)))];
    });
};

const healthyIn = ({ all, failovers }: ArmResult): FirstToken[] => {
  const faulted = new Set(failovers.map(({ trace, from }) => `${trace} ${from}`));
  return all.flatMap(({ trace }) =>
    trace.attempts.flatMap((attempt): FirstToken[] => {
      if (faulted.has(`${attempt.trace} ${attempt.backend}`)) return [];
      if (attempt.outcome === 'failed' && attempt.reason === 'first-token-deadline')
        return [{ attempt, ms: Infinity }];
      return attempt.outcome === 'served' && attempt.firstTokenAt !== undefined
        ? [{ attempt, ms: attempt.firstTokenAt - attempt.startedAt }]
        : [];
    }),
  );
};

const tradeOff = (
  backend: string,
  model: string,
  part: readonly FirstToken[],
  fallbackMs: number | undefined,
): TradeOff => {
  const sorted = Float64Array.from(part, ({ ms }) => ms).sort();
  const n = sorted.length;
  const finite = sorted.filter((ms) => ms < Infinity);
  const low = Math.max(1, finite[0] ?? 1);
  const high = Math.max(low, finite.at(-1) ?? low);
  const beyond = (deadlineMs: number): number => n - countUpTo(sorted, deadlineMs);
  const atMost = (count: number): number => shareInterval(count, n)[1];
  const points = Array.from({ length: pointCount }, (_, at) => {
    // From half of the fastest to twice the slowest, in equal ratios.
    const deadlineMs = (low / 2) * ((4 * high) / low) ** (at / (pointCount - 1));
    const count = beyond(deadlineMs);
    return { deadlineMs, falseRatio: count / n, atMostRatio: atMost(count) };
  });

  return {
    backend,
    model,
    n,
    ...(finite.length === n && { slowestMs: high }),
    ...(fallbackMs !== undefined && { fallbackMs }),
    points,
    picks: ratios.map((ratio) => {
      const deadlineMs = finite.find((ms) => atMost(beyond(ms)) <= ratio);
      return {
        ratio,
        ...(deadlineMs !== undefined && { deadlineMs }),
        needs: Math.ceil(Math.log(0.05) / Math.log(1 - ratio)),
      };
    }),
  };
};
