/**
 * The matrix of a failover suite: what became of each fault, arm by arm.
 *
 *     trial = faulted exchange + its prompt sent straight to the fallback + exchanges until the
 *             primary serves again;   control = the same relay with nothing armed
 *
 * A trial counts where its fault acted. Trials do not depend on one another, so their percentiles
 * have intervals from ranks. What went wrong comes first: a row that tested nothing, then answers
 * that were harmed without a word, then those that ended otherwise than they should have.
 */

import type { Manifest, SuiteExpectation, SuiteRow } from '../log/entry.ts';
import type { MetricStat } from '../metric/metric.ts';
import type { MetricId } from '../metric/table.ts';
import type { ArmResult } from './advisory.ts';
import type {
  FailoverOutcome,
  FailoverRow,
  MatrixArm,
  MatrixRow,
  Standing,
  SummaryRow,
} from './analysis.ts';
import { isCounted } from './arm.ts';
import { falseFailoverRows, type Settling, settlingOf, settleRows } from './control.ts';
import { shareInterval } from './order-statistic.ts';
import { numberRow, withheldRow } from './row.ts';
import { eventSpread } from './spread.ts';

/** The matrix of each arm; nothing where the log is of no suite. */
export const matrixOf = ({ suite, systems }: Manifest, arms: readonly ArmResult[]): MatrixArm[] =>
  suite === undefined
    ? []
    : arms.map((result) => {
        const asked = suite.rows.map((row) => rowIn(row, result.arm.arm));
        const settlings = settlingOf(result, asked, systems[result.arm.arm]);
        const trials = trialsOf(result, asked);
        const played = playedCounts(result);
        // An arm may be a proxy of others, which tells of no attempts.
        const areAttemptsKnown = result.arm.attempts.length > 0;
        const ground = { arm: result.arm.arm, areAttemptsKnown };
        const rows = asked.flatMap((row, index) =>
          row.arms?.includes(ground.arm) === false
            ? []
            : [matrixRow(ground, { row, index }, trials, played.get(index) ?? 0, settlings)],
        );
        return {
          arm: result.arm.arm,
          rows: rows.toSorted(
            (one, other) =>
              standings.indexOf(one.standing) - standings.indexOf(other.standing) ||
              expectedRatio(one) - expectedRatio(other),
          ),
          control: falseFailoverRows(result, suite.rows, areAttemptsKnown),
          totals: totalRows(ground, trials, settlings),
        };
      });

/** A row as an arm is asked for it. */
const rowIn = ({ expectIn, ...row }: SuiteRow, arm: string): SuiteRow => ({
  ...row,
  expect: expectIn?.[arm] ?? row.expect,
});

/** From the worst to the best. */
export const standings: readonly Standing[] = [
  'not-exercised',
  'harmed',
  'wrong',
  'partly',
  'held',
];

const expectedRatio = ({ expectedCount, exercisedCount }: MatrixRow): number =>
  exercisedCount === 0 ? 0 : expectedCount / exercisedCount;

/** Every figure of the matrices, for the summary. */
export const matrixRows = (matrix: readonly MatrixArm[]): SummaryRow[] =>
  matrix.flatMap(({ rows, control, totals }) => [
    ...totals,
    ...control,
    ...rows.flatMap(({ cells }) => cells),
  ]);

/** A figure of a row; undefined where the row has none of that kind. */
export const cellOf = (
  { cells }: Pick<MatrixRow, 'cells'>,
  id: MetricId,
  stat: MetricStat,
): SummaryRow | undefined => cells.find((cell) => cell.id === id && cell.stat === stat);

interface Ground {
  readonly arm: string;
  readonly areAttemptsKnown: boolean;
}

/** A faulted exchange that its fault acted on. */
interface Trial {
  readonly row: SuiteRow;
  readonly failover: FailoverRow;
  readonly isExpected: boolean;
}

const trialsOf = ({ all, failovers }: ArmResult, rows: readonly SuiteRow[]): Trial[] => {
  const byTrace = new Map(all.map(({ trace }) => [trace.exchange.trace, trace.exchange.trial]));
  return failovers.flatMap((failover) => {
    const part = byTrace.get(failover.trace);
    const row = part?.role === 'faulted' && part.row !== undefined ? rows[part.row] : undefined;
    if (!row || row.fault !== failover.fault) return [];
    return [{ row, failover, isExpected: meets[row.expect].has(failover.outcome) }];
  });
};

/** How many trials of each row were played, by its index. */
const playedCounts = ({ all }: ArmResult): ReadonlyMap<number, number> => {
  const counts = new Map<number, number>();
  for (const { trace } of all) {
    const { exchange } = trace;
    const { role, row } = exchange.trial ?? {};
    if (role === 'faulted' && row !== undefined && isCounted(exchange))
      counts.set(row, (counts.get(row) ?? 0) + 1);
  }
  return counts;
};

/** What is as good as what was expected: text is never too early, nor an answer too whole. */
const meets: Readonly<Record<SuiteExpectation, ReadonlySet<FailoverOutcome>>> = {
  transparent: new Set(['transparent', 'unaffected']),
  continued: new Set(['continued', 'transparent', 'unaffected']),
  unaffected: new Set(['unaffected', 'waited']),
  error: new Set(['error']),
};

/** What a reader is not told of. */
const harms: ReadonlySet<FailoverOutcome> = new Set(['truncated', 'hung', 'repeated', 'mixed']);

const matrixRow = (
  ground: Ground,
  { row, index }: { readonly row: SuiteRow; readonly index: number },
  trials: readonly Trial[],
  playedCount: number,
  settlings: readonly Settling[],
): MatrixRow => {
  const after = settlings.filter((it) => it.row === index);
  const own = trials.filter((trial) => trial.row === row);
  const counts = Map.groupBy(own, ({ failover }) => failover.outcome);
  const expectedCount = own.filter(({ isExpected }) => isExpected).length;

  return {
    arm: ground.arm,
    row,
    standing: standingOf(own, expectedCount),
    playedCount,
    exercisedCount: own.length,
    outcomes: [...counts]
      .map(([outcome, of]) => ({
        outcome,
        count: of.length,
        isExpected: meets[row.expect].has(outcome),
      }))
      .sort((one, other) => other.count - one.count || (one.outcome < other.outcome ? -1 : 1)),
    expectedCount,
    cells: [
      ...trialRows(ground, `row=${row.name}`, own),
      ...settleRows(ground.arm, `row=${row.name}`, after),
    ],
  };
};

const standingOf = (trials: readonly Trial[], expectedCount: number): Standing => {
  if (trials.length === 0) return 'not-exercised';
  const isHarmed = ({ failover, isExpected }: Trial): boolean =>
    !isExpected && harms.has(failover.outcome);
  if (trials.some(isHarmed)) return 'harmed';
  if (expectedCount === 0) return 'wrong';
  return expectedCount < trials.length ? 'partly' : 'held';
};

const durations = [
  ['detect', 'detectMs'],
  ['decide', 'decideMs'],
  ['refill', 'refillMs'],
  ['failover', 'failoverMs'],
  ['failover_penalty', 'penaltyMs'],
  ['visible_gap', 'visibleGapMs'],
  ['error_after', 'errorAfterMs'],
] as const;

/** What a table has room for. */
const statsTold: ReadonlySet<string> = new Set(['p50', 'p95', 'p99', 'max']);

const trialRows = (ground: Ground, where: string, trials: readonly Trial[]): SummaryRow[] => {
  const { arm } = ground;
  const n = trials.length;
  const share = (id: 'as_expected' | 'harmed', part: number): SummaryRow =>
    n === 0
      ? withheldRow(id, 'ratio', arm, where, 0, { why: 'no-data' })
      : numberRow(id, 'ratio', arm, where, n, part / n, shareInterval(part, n));
  const failovers = trials.map(({ failover }) => failover);
  const spreads = durations.flatMap(([id, key]) =>
    spreadRows(ground, id, where, failovers, (it) => it[key]),
  );

  return [
    share('as_expected', trials.filter(({ isExpected }) => isExpected).length),
    share('harmed', failovers.filter(({ outcome }) => harms.has(outcome)).length),
    ...spreads,
    ...overshootRows(ground, where, trials),
    ...tokenRows(ground, where, failovers),
    ...attemptRows(ground, where, failovers),
  ];
};

/** Outcomes in which nothing was taken over. */
const unmoved: ReadonlySet<FailoverOutcome> = new Set(['unaffected', 'waited']);

/** What nobody could see of a foreign proxy is unknown; where it did not occur there is no data. */
const spreadRows = (
  { arm, areAttemptsKnown }: Ground,
  id: MetricId,
  where: string,
  failovers: readonly FailoverRow[],
  of: (failover: FailoverRow) => number | undefined,
): SummaryRow[] => {
  const values = failovers.flatMap((it) => of(it) ?? []);
  const isHidden = !areAttemptsKnown && failovers.some(({ outcome }) => !unmoved.has(outcome));
  if (values.length === 0 && isHidden)
    return [withheldRow(id, 'p50', arm, where, failovers.length, { why: 'unknown-outside' })];
  return eventSpread(id, arm, where, values).filter(({ stat }) => statsTold.has(stat));
};

/** Only a fault that a deadline finds has one to be late for. */
const overshootRows = (ground: Ground, where: string, trials: readonly Trial[]): SummaryRow[] => {
  const timed = trials.filter(({ row }) => row.deadlineMs !== undefined);
  if (timed.length === 0) return [];
  const late = new Map(timed.map(({ row, failover }) => [failover, overshootOf(row, failover)]));
  return spreadRows(ground, 'overshoot', where, [...late.keys()], (it) => late.get(it));
};

const overshootOf = (
  { deadlineMs = 0 }: SuiteRow,
  { declaredAt, switchedAt, waitFrom, faultAt }: FailoverRow,
): number | undefined => {
  const at = declaredAt ?? switchedAt;
  return at === undefined ? undefined : at - (waitFrom ?? faultAt) - deadlineMs;
};

const tokenRows = (
  { arm }: Ground,
  where: string,
  failovers: readonly FailoverRow[],
): SummaryRow[] => {
  const kinds = [
    ['lost_tokens', 'tokensLost'],
    ['dup_tokens', 'tokensRepeated'],
    ['discarded_tokens', 'tokensDiscarded'],
  ] as const;
  return kinds.map(([id, key]) => {
    const counts = failovers.flatMap((it) => it[key] ?? []);
    const total = counts.reduce((sum, count) => sum + count, 0);
    return numberRow(id, 'total', arm, where, counts.length, total);
  });
};

const attemptRows = (
  { arm, areAttemptsKnown }: Ground,
  where: string,
  failovers: readonly FailoverRow[],
): SummaryRow[] => {
  const counts = failovers.flatMap(({ attempts }) => attempts ?? []);
  const n = counts.length;
  if (n === 0) {
    const why = areAttemptsKnown || failovers.length === 0 ? 'no-data' : 'unknown-outside';
    return [
      withheldRow('amplification', 'ratio', arm, where, 0, { why }),
      withheldRow('attempts_max', 'max', arm, where, 0, { why }),
    ];
  }
  const sum = counts.reduce((total, count) => total + count, 0);
  return [
    numberRow('amplification', 'ratio', arm, where, n, sum / n),
    numberRow('attempts_max', 'max', arm, where, n, Math.max(...counts)),
  ];
};

const totalRows = (
  ground: Ground,
  trials: readonly Trial[],
  settlings: readonly Settling[],
): SummaryRow[] => [
  ...trialRows(ground, 'rows=all', trials),
  ...settleRows(ground.arm, 'rows=all', settlings),
  ...trialRows(
    ground,
    'rows=loud',
    trials.filter(({ row }) => !row.isSilent),
  ),
  ...trialRows(
    ground,
    'rows=silent',
    trials.filter(({ row }) => row.isSilent),
  ),
];
