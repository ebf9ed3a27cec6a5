/** Empirical distributions of the steady phase, for the charts: each value with the share below. */

import type { Distribution, FailoverRow } from './analysis.ts';
import type { ArmLog } from './arm.ts';
import { figureOf, type Measured, soleBackendOf } from './figures.ts';

const ids = ['ttft', 'ttfo', 'tpot', 'e2e'] as const;

const pointCountMax = 300;

/** The distributions of an arm: over all of it, by backend, and of its failovers. */
export const distributionsOf = (
  { arm }: ArmLog,
  all: readonly Measured[],
  failovers: readonly FailoverRow[],
): Distribution[] => {
  const steady = all.filter(({ trace }) => trace.phase === 'steady');
  const byBackend = [...Map.groupBy(steady, soleBackendOf)]
    .flatMap(([backend, part]) => (backend === undefined ? [] : [{ backend, part }]))
    .sort((one, other) => (one.backend < other.backend ? -1 : 1));
  const parts = [
    { where: 'all', part: steady },
    ...byBackend.map(({ backend, part }) => ({ where: `backend=${backend}`, part })),
  ];

  return [
    ...ids.flatMap((id) =>
      parts.map(({ where, part }) =>
        distribution(
          id,
          arm,
          where,
          part.flatMap(({ figures }) => figureOf(figures, id) ?? []),
        ),
      ),
    ),
    distribution(
      'failover',
      arm,
      'all',
      failovers.flatMap(({ failoverMs }) => failoverMs ?? []),
    ),
    distribution(
      'visible_gap',
      arm,
      'all',
      failovers.flatMap(({ visibleGapMs }) => visibleGapMs ?? []),
    ),
  ].filter(({ n }) => n > 0);
};

/** With more values than points, every point is still a value, at equal steps of the share. */
const distribution = (
  id: string,
  arm: string,
  where: string,
  values: readonly number[],
): Distribution => {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  const count = Math.min(n, pointCountMax);
  const points = Array.from({ length: count }, (_, at) => {
    const rank = Math.ceil(((at + 1) / count) * n - 1e-9);
    return { value: sorted[rank - 1] ?? 0, ratio: rank / n };
  });

  return { id, arm, where, n, points };
};
