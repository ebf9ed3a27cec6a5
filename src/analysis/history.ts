/**
 * Whether a conversation stays one: how many of the earlier turns the backend received that
 * answered the next.
 *
 * Each user turn starts with a mark, and a simulated backend logs the marks it found. A tool result
 * has no mark, so what an exchange should have brought along is not counted from its turn: it is
 * every mark that was seen by whoever answered the session's earlier turns. A turn that was never
 * answered is no part of the history.
 */

import type { SummaryRow } from './analysis.ts';
import { isAnswered, sessionOf } from './arm.ts';
import type { Measured } from './figures.ts';
import { ratioRow } from './row.ts';

interface Continuation {
  readonly gapMs: number;
  readonly expected: number;
  readonly kept: number;
}

/** How long after the end of the last turn a session was asked again. */
const gapGroups: readonly { readonly where: string; readonly belowMs: number }[] = [
  { where: 'gap=0-1s', belowMs: 1000 },
  { where: 'gap=1-5s', belowMs: 5000 },
  { where: 'gap=5-15s', belowMs: 15_000 },
  { where: 'gap=15s-', belowMs: Infinity },
];

/** The rows of an arm; none where no backend tells what it received. */
export const historyRows = (
  arm: string,
  steady: readonly Measured[],
  all: readonly Measured[],
): SummaryRow[] => {
  const bySession = Map.groupBy(all, ({ trace }) => sessionOf(trace.exchange));
  const continuations = steady.flatMap((it) => {
    const turns = bySession.get(sessionOf(it.trace.exchange)) ?? [];
    return continuationOf(it, turns) ?? [];
  });
  if (continuations.length === 0) return [];
  const groups = gapGroups.map(({ where, belowMs }, place) => ({
    where,
    part: continuations.filter(
      ({ gapMs }) => gapMs < belowMs && gapMs >= (gapGroups[place - 1]?.belowMs ?? -Infinity),
    ),
  }));

  return [{ where: 'all', part: continuations }, ...groups]
    .filter(({ part }) => part.length > 0)
    .map(({ where, part }) => {
      const kept = part.reduce((sum, it) => sum + it.kept, 0);
      const expected = part.reduce((sum, it) => sum + it.expected, 0);
      return ratioRow('history_kept', arm, where, part.length, kept, expected);
    });
};

const continuationOf = (
  { trace, backend }: Measured,
  session: readonly Measured[],
): Continuation | undefined => {
  const { exchange, generations } = trace;
  const { sentAt } = exchange;
  if (!isAnswered(exchange) || sentAt === undefined) return undefined;
  const earlier = session.filter(
    (it) => it.trace.exchange.turn < exchange.turn && isAnswered(it.trace.exchange),
  );
  const expected = new Set(earlier.flatMap(marksOf));
  const received = generations.filter(
    (it) => it.history !== undefined && (backend === undefined || it.backend === backend),
  );
  if (expected.size === 0 || received.length === 0) return undefined;
  const seen = new Set(received.flatMap(({ history }) => marksIn(history, exchange.session)));
  const lastEndedAt = Math.max(...earlier.map((it) => it.trace.exchange.endedAt));

  return {
    gapMs: sentAt - lastEndedAt,
    expected: expected.size,
    kept: [...expected].filter((mark) => seen.has(mark)).length,
  };
};

const marksOf = ({ trace }: Measured): number[] =>
  trace.generations.flatMap(({ history }) => marksIn(history, trace.exchange.session));

/** The turns of one session in `s3 t1-4 t6`, or in several such, one after the other. */
const marksIn = (history: string | undefined, session: number): number[] => {
  const marks: number[] = [];
  let current: number | undefined;
  for (const [, letter, first, last] of (history ?? '').matchAll(/([st])(\d+)(?:-(\d+))?/g)) {
    if (letter === 's') current = Number(first);
    else if (current === session)
      for (let turn = Number(first); turn <= Number(last ?? first); turn++) marks.push(turn);
  }
  return marks;
};
