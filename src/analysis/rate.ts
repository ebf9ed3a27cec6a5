/**
 * Rates: what happened within the steady phase, divided by its length.
 *
 * Tokens are counted by when they came, from whatever exchange; requests by when they were offered
 * or answered. A rate over the time from first to last event would be higher the fewer there are.
 */

import type { SummaryRow } from './analysis.ts';
import { type ArmLog, isAnswered, isWithin, secondsOf, type Span } from './arm.ts';
import { type Measured, reportedUsage } from './figures.ts';
import { numberRow, ratioRow, withheldRow } from './row.ts';

/** The rates of an arm over its steady phase. */
export const rateRows = (
  { arm, steady }: ArmLog,
  all: readonly Measured[],
  hasLimits: boolean,
): SummaryRow[] => {
  if (!steady || secondsOf(steady) <= 0) {
    return (['out_tps', 'req_rate_offered', 'req_rate'] as const).map((id) =>
      withheldRow(id, 'rate', arm, 'all', 0, { why: 'no-data' }),
    );
  }
  const seconds = secondsOf(steady);
  const offered = all.filter(({ trace }) => trace.phase === 'steady');
  const answered = all.filter(
    ({ trace: { exchange } }) => isAnswered(exchange) && isWithin(exchange.endedAt, steady),
  );
  const good = offered.filter(({ figures }) => figures.isGood);
  const goodTokens = good.reduce((sum, { figures }) => sum + (figures.outputTokens ?? 0), 0);

  return [
    ...tokenRateRows(arm, all, steady),
    numberRow('req_rate_offered', 'rate', arm, 'all', offered.length, offered.length / seconds),
    numberRow('req_rate', 'rate', arm, 'all', answered.length, answered.length / seconds),
    ...(hasLimits
      ? [numberRow('goodput_tok', 'rate', arm, 'all', good.length, goodTokens / seconds)]
      : []),
    cacheRow(arm, 'all', offered),
    ...byBackend(offered).map(([backend, part]) => cacheRow(arm, `backend=${backend}`, part)),
    littleRow(arm, all, answered, steady),
  ];
};

const byBackend = (measured: readonly Measured[]): [string, Measured[]][] =>
  [...Map.groupBy(measured, ({ backend }) => backend ?? '')]
    .filter(([backend]) => backend !== '')
    .sort(([one], [other]) => (one < other ? -1 : 1));

/** Tells each chunk, how many tokens it stands for, and the backend that made it. */
export const eachChunk = (
  { trace, streamedTokens, backend }: Measured,
  tell: (at: number, tokens: number, backend: string) => void,
): void => {
  const { chunkAts, attempts } = trace;
  if (chunkAts.length === 0) return;
  const tokens = streamedTokens / chunkAts.length;
  const forwarding = attempts.filter(({ tokensForwarded }) => tokensForwarded > 0);
  const last = forwarding.at(-1)?.backend ?? backend ?? 'unknown';
  for (const at of chunkAts) {
    // A chunk is of the last attempt that had a token by then.
    const maker =
      forwarding.length < 2
        ? undefined
        : forwarding.findLast(
            (attempt) => (attempt.firstTokenAt ?? attempt.startedAt) <= at + 0.01,
          );
    tell(
      at,
      tokens,
      maker?.backend ?? (forwarding.length < 2 ? last : (forwarding[0]?.backend ?? last)),
    );
  }
};

const tokenRateRows = (arm: string, all: readonly Measured[], steady: Span): SummaryRow[] => {
  const tokens = new Map<string, number>();
  const sources = new Map<string, Set<Measured>>();
  let total = 0;
  const contributors = new Set<Measured>();
  for (const measured of all) {
    eachChunk(measured, (at, count, backend) => {
      if (!isWithin(at, steady)) return;
      total += count;
      contributors.add(measured);
      tokens.set(backend, (tokens.get(backend) ?? 0) + count);
      const of = sources.get(backend) ?? new Set();
      sources.set(backend, of.add(measured));
    });
  }
  const seconds = secondsOf(steady);

  return [
    numberRow('out_tps', 'rate', arm, 'all', contributors.size, total / seconds),
    ...[...tokens]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([backend, count]) => {
        const n = sources.get(backend)?.size ?? 0;
        return numberRow('out_tps', 'rate', arm, `backend=${backend}`, n, count / seconds);
      }),
  ];
};

/** A server that says nothing of its cache is not one that has none. */
const cacheRow = (arm: string, where: string, part: readonly Measured[]): SummaryRow => {
  const reported = part.flatMap(({ trace }) => {
    const usage = reportedUsage(trace);
    return usage?.cachedInputTokens === undefined ? [] : [usage];
  });
  const cached = reported.reduce((sum, usage) => sum + (usage.cachedInputTokens ?? 0), 0);
  const input = reported.reduce((sum, usage) => sum + usage.inputTokens, 0);
  return ratioRow('cache_hit', arm, where, reported.length, cached, input);
};

const littleRow = (
  arm: string,
  all: readonly Measured[],
  answered: readonly Measured[],
  steady: Span,
): SummaryRow => {
  let busyMs = 0;
  for (const { trace } of all) {
    const { sentAt, endedAt } = trace.exchange;
    if (sentAt !== undefined)
      busyMs += Math.max(0, Math.min(endedAt, steady.until) - Math.max(sentAt, steady.from));
  }
  const inFlight = busyMs / (steady.until - steady.from);
  // λ·w is the sum of the e2e of what ended in W, over the length of W.
  const ended = answered.reduce((sum, { figures }) => sum + (figures.e2eMs ?? 0), 0);
  const gap = Math.abs(inFlight - ended / (steady.until - steady.from));
  return ratioRow('little_gap', arm, 'all', answered.length, gap, inFlight);
};
