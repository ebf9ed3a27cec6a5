/** What failed, by workload and by what the client was told. */

import type { FailureReason } from '../protocol/generation.ts';
import type { FailureRow } from './analysis.ts';
import type { Measured } from './figures.ts';

/** The failures of an arm's steady phase: those that `failed` counts, the most frequent first. */
export const failuresOf = (arm: string, all: readonly Measured[]): FailureRow[] => {
  const steady = all.filter(({ trace }) => trace.phase === 'steady');
  return [...Map.groupBy(steady, ({ trace }) => trace.exchange.workload)]
    .flatMap(([workload, part]) =>
      [...Map.groupBy(part.filter(hasFailed), codeOf)].map(([code, own]) => ({
        arm,
        workload,
        code,
        reasons: [...new Set(own.flatMap((it) => reasonOf(it) ?? []))].sort(),
        count: own.length,
        n: part.length,
      })),
    )
    .sort((one, other) => other.count - one.count || (one.code < other.code ? -1 : 1));
};

const hasFailed = ({ trace }: Measured): boolean =>
  ['failed', 'truncated', 'hung'].includes(trace.exchange.outcome);

const reasonOf = ({ trace }: Measured): FailureReason | undefined =>
  trace.attempts.findLast(({ outcome }) => outcome === 'failed')?.reason;

/** A status of 200 was sent before the error and says nothing. */
const codeOf = ({ trace: { exchange } }: Measured): string => {
  const { outcome, status, code } = exchange;
  if (outcome !== 'failed') return outcome;
  const parts = [status === undefined || status < 400 ? undefined : String(status), code];
  return parts.filter((part) => part !== undefined).join(' ') || outcome;
};
