/**
 * What it cost to have tried the backend that failed first.
 *
 * The arms of a run replay the same sessions. Where one of them sent the very turn straight to the
 * backend that had to stand in for another, the two first tokens differ by the detour alone. In a
 * failover suite each trial brings its own twin.
 */

import type { ArmResult } from './advisory.ts';
import type { FailoverRow } from './analysis.ts';
import type { Measured } from './figures.ts';

/** Adds the penalty to each failover that has its twin. */
export const withPenalties = (arms: readonly ArmResult[]): ArmResult[] => {
  const straight = new Map<string, number>();
  for (const { all } of arms) {
    for (const { trace, figures, backend } of all) {
      const { arm, trial } = trace.exchange;
      if (trial?.role === 'straight' && figures.ttftMs !== undefined)
        straight.set(trialKey(arm, trial.trial), figures.ttftMs);
      if (trial) continue;
      if (trace.attempts.length !== 1 || figures.ttftMs === undefined || !backend) continue;
      straight.set(twinKey(trace.exchange, backend), figures.ttftMs);
    }
  }

  return arms.map(({ arm, all, failovers }) => {
    const byTrace = new Map(all.map((it) => [it.trace.exchange.trace, it]));
    return {
      arm,
      all,
      failovers: failovers.map((row) => withPenalty(row, byTrace.get(row.trace), straight)),
    };
  });
};

const withPenalty = (
  row: FailoverRow,
  measured: Measured | undefined,
  straight: ReadonlyMap<string, number>,
): FailoverRow => {
  if (!measured || row.to === undefined || row.failoverTtftMs === undefined) return row;
  const { exchange } = measured.trace;
  const key = exchange.trial ? trialKey(row.arm, exchange.trial.trial) : twinKey(exchange, row.to);
  const ttftMs = straight.get(key);
  return ttftMs === undefined ? row : { ...row, penaltyMs: row.failoverTtftMs - ttftMs };
};

const trialKey = (arm: string, trial: number): string => `trial ${arm} ${trial}`;

const twinKey = (
  { workload, session, turn }: Measured['trace']['exchange'],
  backend: string,
): string => `${workload} ${session} ${turn} ${backend}`;
