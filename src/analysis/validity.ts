/**
 * Whether the harness itself was the bottleneck, and whether the faults it planned took place.
 *
 * Lateness is judged against what is measured: a 99th percentile above 1 % of the median first text
 * is worth a warning; above the larger of 20 ms and 5 % of it the figures are ours and not the
 * target's. Of fewer sends than a 99th percentile needs it would be the greatest, and one late send
 * is no run: there it takes more than two sends, and more than 5 % of them, above that limit. A
 * load thread that is busy half of the time stamps instants late (measured: at 0.56 a chunk is
 * stamped 13 ms late at p99, at 0.32 it is 2 ms).
 */

import type { FaultAct, FaultArmed, Manifest } from '../log/entry.ts';
import { floorOf } from '../metric/floor.ts';
import { metricOf } from '../metric/table.ts';
import { readTrace } from '../protocol/trace.ts';
import type { ArmResult } from './advisory.ts';
import type { Advisory, Invalidity, Lateness, MatrixArm } from './analysis.ts';
import type { ArmLog } from './arm.ts';
import type { Measured } from './figures.ts';
import { median, nearestRank } from './percentile.ts';

const warnRatio = 0.01;
const invalidRatio = 0.05;
const lateMsMin = 20;
const utilisationRatioMax = 0.5;

/** Of few sends, no more than so many may be late, nor than so large a part of them. */
const lateCountMax = 2;
const lateSendRatioMax = 0.05;

/** What is wrong with one arm; `isFinished` is false for a run that ended before its time. */
export const invaliditiesOf = (
  { arm, all, failovers }: ArmResult,
  suite: Manifest['suite'],
  isFinished: boolean,
): Invalidity[] => {
  const lag = lagOf(arm.arm, all);
  const busy = utilisationOf(arm);
  const idle = arm.armed.filter(
    (armed) =>
      !suite?.rows.some(({ fault }) => fault === armed.fault) &&
      !arm.acts.some((act) => isActOf(act, armed)) &&
      !failovers.some((row) => armed.address === undefined && row.fault === armed.fault) &&
      (isFinished || armed.until < arm.whole.until),
  );

  return [
    ...(lag && isTooLate(lag)
      ? [{ kind: 'harness-late' as const, ...lag.lateness, limitMs: lag.limitMs }]
      : []),
    ...(busy !== undefined && busy > utilisationRatioMax
      ? [{ kind: 'load-thread-busy' as const, utilisationRatio: busy }]
      : []),
    ...[...new Set(idle.map(({ fault }) => fault))].map((fault) => ({
      kind: 'fault-never-acted' as const,
      fault,
      arm: arm.arm,
    })),
  ];
};

/** Rows of a suite that tested nothing; of a run that ended early, those that were begun. */
export const unexercised = (matrix: readonly MatrixArm[], isFinished: boolean): Invalidity[] =>
  matrix.flatMap(({ rows }) =>
    rows
      .filter(
        ({ standing, playedCount }) =>
          standing === 'not-exercised' && (isFinished || playedCount > 0),
      )
      .map(({ arm, row, playedCount }) => ({
        kind: 'row-not-exercised' as const,
        arm,
        row: row.name,
        playedCount,
      })),
  );

/** A fault may have several addresses, each armed for itself. */
const isActOf = (act: FaultAct, { fault, address }: FaultArmed): boolean => {
  if (act.fault !== fault) return false;
  const [, session, turn] = /s(\d+) t(\d+)/.exec(address ?? '') ?? [];
  const whose = readTrace(act.trace ?? '');
  if (session === undefined || whose === undefined) return true;
  return whose.session === Number(session) && whose.turn === Number(turn);
};

/** A warning where the harness was late, but not too late. */
export const latenessOf = (
  { arm }: ArmLog,
  all: readonly Measured[],
): Extract<Advisory, { readonly kind: 'harness-late' }> | undefined => {
  const lag = lagOf(arm, all);
  if (lag?.medianTtfoMs === undefined || isTooLate(lag)) return undefined;
  return lag.lateness.lateMs > warnRatio * lag.medianTtfoMs
    ? { kind: 'harness-late', ...lag.lateness, medianTtfoMs: lag.medianTtfoMs }
    : undefined;
};

interface Lag {
  readonly lateness: Lateness;
  readonly limitMs: number;
  readonly medianTtfoMs?: number;
}

const isTooLate = ({ lateness, limitMs }: Lag): boolean => {
  const { isPercentile, lateMs, lateCount, sentCount } = lateness;
  return isPercentile
    ? lateMs > limitMs
    : lateCount > lateCountMax && lateCount > lateSendRatioMax * sentCount;
};

const lagOf = (arm: string, all: readonly Measured[]): Lag | undefined => {
  const steady = all.filter(({ trace }) => trace.phase === 'steady');
  const delays = Float64Array.from(
    steady.flatMap(({ figures }) => figures.dispatchDelayMs ?? []),
  ).sort();
  const sentCount = delays.length;
  const isPercentile = sentCount >= floorOf(metricOf('dispatch_delay').floors, 'p99');
  const lateMs = nearestRank(delays, isPercentile ? 0.99 : 1);
  if (lateMs === undefined) return undefined;
  const medianTtfoMs = median(steady.flatMap(({ figures }) => figures.ttfoMs ?? []));
  const limitMs = Math.max(lateMsMin, invalidRatio * (medianTtfoMs ?? 0));
  const lateCount = delays.filter((delay) => delay > limitMs).length;
  return {
    lateness: { arm, lateMs, isPercentile, sentCount, lateCount },
    limitMs,
    ...(medianTtfoMs !== undefined && { medianTtfoMs }),
  };
};

const utilisationOf = ({ samples, steady }: ArmLog): number | undefined => {
  const ratios = samples.flatMap(({ where, at, utilisationRatio }) =>
    where === 'load' &&
    utilisationRatio !== undefined &&
    steady &&
    at >= steady.from &&
    at < steady.until
      ? [utilisationRatio]
      : [],
  );
  return ratios.length === 0
    ? undefined
    : ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
};
