/**
 * The two sides of a failover suite where nothing is broken any more, or nothing ever was: how soon
 * the primary serves again after a trial, and whether it was ever left without cause.
 */

import type { FaultArmed, SuiteRow } from '../log/entry.ts';
import type { ArmResult } from './advisory.ts';
import type { SummaryRow } from './analysis.ts';
import { type ExchangeTrace, isAnswered, isCounted } from './arm.ts';
import type { Measured } from './figures.ts';
import { shareInterval } from './order-statistic.ts';
import { countRow, numberRow, withheldRow } from './row.ts';
import { eventSpread } from './spread.ts';

/** The return of the primary after one trial. */
export interface Settling {
  /** Index of the row. */
  readonly row: number;
  /** From the end of the fault to the first exchange that it served; absent when there was none. */
  readonly settleMs?: number;
  /** Time between two probes of an open circuit, where the proxy's file says so. */
  readonly periodMs?: number;
}

/** What the exchanges after each trial showed. */
export const settlingOf = (
  { arm, all }: ArmResult,
  rows: readonly SuiteRow[],
  system: unknown,
): Settling[] => {
  const periodMs = probePeriodOf(system);
  const armedByFault = Map.groupBy(arm.armed, ({ fault }) => fault);
  const trials = Map.groupBy(
    all.filter(({ trace }) => trace.exchange.trial !== undefined),
    ({ trace }) => trace.exchange.trial?.trial,
  );
  return [...trials.values()].flatMap((part): Settling[] => {
    const faulted = part.find(({ trace }) => trace.exchange.trial?.role === 'faulted');
    // Whether the primary serves is also asked before a trial.
    const after = part.filter(
      ({ trace: { exchange } }) =>
        exchange.trial?.role === 'settle' &&
        (exchange.sentAt ?? 0) >= (faulted?.trace.exchange.endedAt ?? Infinity),
    );
    const row = faulted?.trace.exchange.trial?.row;
    const primary = row === undefined ? undefined : rows[row]?.backend;
    if (!faulted || row === undefined || primary === undefined || after.length === 0) return [];
    const own = armedByFault.get(rows[row]?.fault ?? -1) ?? [];
    const healedAt = healedAtOf(own, faulted.trace);
    const back = after.find((it) => isAnswered(it.trace.exchange) && it.backend === primary);
    const usedAt = back && startOf(back, primary);
    return [
      {
        row,
        ...(usedAt !== undefined && { settleMs: Math.max(0, usedAt - healedAt) }),
        ...(periodMs !== undefined && { periodMs }),
      },
    ];
  });
};

/** A window without an end is healed when the answer is over: it acts on one turn alone. */
const healedAtOf = (armed: readonly FaultArmed[], { exchange }: ExchangeTrace): number => {
  // Several lanes may have the same fault armed: its own window began last before it was sent.
  const window = armed.findLast(({ from }) => from <= (exchange.sentAt ?? exchange.scheduledAt));
  return window && Number.isFinite(window.until) ? window.until : exchange.endedAt;
};

const startOf = ({ trace }: Measured, primary: string): number => {
  const { attempts, exchange } = trace;
  const served = attempts.find((it) => it.backend === primary && it.outcome === 'served');
  return served?.startedAt ?? exchange.sentAt ?? exchange.scheduledAt;
};

/** Time between two probes of an open circuit, as the proxy's file says. */
export const probePeriodOf = (system: unknown): number | undefined => {
  if (typeof system !== 'object' || system === null || !('breaker' in system)) return undefined;
  const { breaker } = system;
  if (typeof breaker !== 'object' || breaker === null || !('openForMs' in breaker))
    return undefined;
  return typeof breaker.openForMs === 'number' ? breaker.openForMs : undefined;
};

/** Fail-back in milliseconds and in probe periods, and how often there was none. */
export const settleRows = (
  arm: string,
  where: string,
  settlings: readonly Settling[],
): SummaryRow[] => {
  if (settlings.length === 0) return [];
  const periods = settlings.flatMap(({ settleMs, periodMs }) =>
    settleMs === undefined || periodMs === undefined ? [] : [settleMs / periodMs],
  );
  return [
    ...eventSpread(
      'settle',
      arm,
      where,
      settlings.flatMap(({ settleMs }) => settleMs ?? []),
    ).filter(told),
    ...(periods.length === 0
      ? []
      : eventSpread('settle_periods', arm, where, periods).filter(told)),
    countRow(
      'settle_never',
      arm,
      where,
      settlings.length,
      settlings.filter(({ settleMs }) => settleMs === undefined).length,
    ),
  ];
};

const told = ({ stat }: SummaryRow): boolean => stat === 'p50' || stat === 'p95' || stat === 'max';

/** How often the primary was left though nothing was armed. */
export const falseFailoverRows = (
  { arm, all }: ArmResult,
  rows: readonly SuiteRow[],
  areAttemptsKnown: boolean,
): SummaryRow[] => {
  const control = all.filter(
    ({ trace: { exchange } }) => exchange.trial?.role === 'control' && isCounted(exchange),
  );
  const n = control.length;
  const where = 'role=control';
  const primaries = new Set(rows.map(({ backend }) => backend));
  const known = control.filter((it) => areAttemptsKnown || it.backend !== undefined);
  if (n > 0 && known.length < n)
    return [withheldRow('false_failover', 'ratio', arm.arm, where, n, { why: 'unknown-outside' })];
  if (n === 0) return [withheldRow('false_failover', 'ratio', arm.arm, where, 0, noData)];
  const left = control.filter((it) =>
    areAttemptsKnown ? hasFailedOver(it) : !primaries.has(it.backend ?? ''),
  ).length;
  const failed = control.filter(({ trace }) => !isAnswered(trace.exchange)).length;

  return [
    numberRow('false_failover', 'ratio', arm.arm, where, n, left / n, shareInterval(left, n)),
    countRow('failed', arm.arm, where, n, failed),
  ];
};

const noData = { why: 'no-data' } as const;

/** A backend that was full or cold is passed over by policy, and that is no failover. */
const hasFailedOver = ({ trace }: Measured): boolean =>
  trace.attempts.some(
    ({ cause, passedOver }) =>
      cause === 'failover' || cause === 'continue' || passedOver === 'breaker',
  );
