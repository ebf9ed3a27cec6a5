/**
 * How much of the time of an answer a failover would leave no trace, by what commits it.
 *
 *     started ── first byte ── first token ── first text ────────────── ended
 *             ├─ preamble ─┤
 *             ├──────── reasoning ────────┤
 *             ├───────────────── text ────────────────┤
 *
 * Of answers that one attempt served alone, by the instants of their own backend.
 */

import type { SummaryRow } from './analysis.ts';
import type { ArmLog, ExchangeTrace } from './arm.ts';
import type { Measured } from './figures.ts';
import { ratioRow } from './row.ts';

const commits = ['preamble', 'reasoning', 'text'] as const;

/** A row for each kind of commitment that the steady phase can be judged by. */
export const recoverableRows = ({ arm }: ArmLog, all: readonly Measured[]): SummaryRow[] =>
  commits.flatMap((commit) => {
    let before = 0;
    let whole = 0;
    let n = 0;
    for (const { trace } of all) {
      const [attempt, another] = trace.attempts;
      if (trace.phase !== 'steady' || attempt?.outcome !== 'served' || another) continue;
      const at = commitmentOf(commit, trace);
      if (at === undefined) continue;
      before += Math.max(0, at - attempt.startedAt);
      whole += attempt.endedAt - attempt.startedAt;
      n++;
    }
    return n === 0 ? [] : [ratioRow('recoverable', arm, `commit=${commit}`, n, before, whole)];
  });

const commitmentOf = (
  commit: (typeof commits)[number],
  { attempts: [attempt], exchange }: ExchangeTrace,
): number | undefined => {
  switch (commit) {
    case 'preamble':
      return attempt?.headersAt;
    case 'reasoning':
      return attempt?.firstTokenAt;
    case 'text':
      return exchange.firstTextAt;
  }
};
