/** `matrix.csv`: one line for each fault of a suite and each arm, wide enough to filter and sort. */

import type { MatrixRow } from '../analysis/analysis.ts';
import { cellOf } from '../analysis/matrix.ts';
import type { MetricStat } from '../metric/metric.ts';
import { type MetricId, metricOf } from '../metric/table.ts';
import type { Column } from './csv.ts';

const outcomes = [
  'transparent',
  'continued',
  'error',
  'truncated',
  'hung',
  'repeated',
  'mixed',
  'misrouted',
  'waited',
  'unaffected',
] as const;

const figures: readonly (readonly [id: MetricId, stats: readonly MetricStat[]])[] = [
  ['as_expected', ['ratio']],
  ['detect', ['p50', 'p95', 'max']],
  ['decide', ['p50', 'p95', 'max']],
  ['refill', ['p50', 'p95', 'max']],
  ['failover', ['p50', 'p95', 'max']],
  ['failover_penalty', ['p50', 'p95', 'max']],
  ['visible_gap', ['p50', 'p95', 'max']],
  ['error_after', ['p50', 'p95', 'max']],
  ['overshoot', ['p50', 'p99', 'max']],
  ['lost_tokens', ['total']],
  ['dup_tokens', ['total']],
  ['discarded_tokens', ['total']],
  ['amplification', ['ratio']],
  ['attempts_max', ['max']],
  ['settle', ['p50', 'p95', 'max']],
  ['settle_periods', ['p50', 'p95', 'max']],
  ['settle_never', ['count']],
];

/** What a figure is, where it lies, and why it is not given. */
const columnsOf = (id: MetricId, stat: MetricStat): readonly Column<MatrixRow>[] => {
  const unit = metricOf(id).unit;
  const base = [
    id,
    ...(metricOf(id).stats.length > 1 ? [stat] : []),
    ...(unit === 'ms' ? ['ms'] : []),
  ];
  const name = base.join('_');
  const isPercentile = stat.startsWith('p');
  const hasInterval = isPercentile || id === 'as_expected';
  return [
    { name, of: (row) => cellOf(row, id, stat)?.value },
    ...(hasInterval
      ? [
          { name: `${name}_low`, of: (row: MatrixRow) => cellOf(row, id, stat)?.interval?.[0] },
          { name: `${name}_high`, of: (row: MatrixRow) => cellOf(row, id, stat)?.interval?.[1] },
        ]
      : []),
    ...(isPercentile
      ? [
          { name: `${name}_at_most`, of: (row: MatrixRow) => cellOf(row, id, stat)?.atMost },
          {
            name: `${name}_withheld`,
            of: (row: MatrixRow) => cellOf(row, id, stat)?.withheld?.why,
          },
        ]
      : []),
  ];
};

/** The columns, in the order of the page. */
export const matrixColumns = (isSimulated: boolean): readonly Column<MatrixRow>[] => [
  { name: 'is_simulated', of: () => isSimulated },
  { name: 'arm', of: ({ arm }) => arm },
  { name: 'row', of: ({ row }) => row.name },
  { name: 'what', of: ({ row }) => row.what },
  { name: 'backend', of: ({ row }) => row.backend },
  { name: 'catalogue', of: ({ row }) => row.catalogue.join(' ') },
  { name: 'is_silent', of: ({ row }) => row.isSilent },
  { name: 'expect', of: ({ row }) => row.expect },
  { name: 'deadline_ms', of: ({ row }) => row.deadlineMs },
  { name: 'standing', of: ({ standing }) => standing },
  { name: 'trials_played', of: ({ playedCount }) => playedCount },
  { name: 'trials_exercised', of: ({ exercisedCount }) => exercisedCount },
  { name: 'trials_as_expected', of: ({ expectedCount }) => expectedCount },
  ...outcomes.map((name): Column<MatrixRow> => ({
    name: `outcome_${name}`,
    of: ({ outcomes: own }) => own.find(({ outcome }) => outcome === name)?.count ?? 0,
  })),
  ...figures.flatMap(([id, stats]) => stats.flatMap((stat) => columnsOf(id, stat))),
];
