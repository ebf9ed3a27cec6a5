/**
 * What numbered text tells about an answer that more than one backend wrote.
 *
 * In simulation the n-th token of an answer is `p<n>` from the primary and `a<n>` from the
 * fallback, and the log keeps the runs: `p1-20 a21-50`. The numbers should count from 1 without a
 * gap, and no backend should come back once another has taken over.
 */

export interface Integrity {
  /** Numbers missing below the greatest one received. */
  readonly lost: number;
  /** Numbers that came more than once, counted each time but the first. */
  readonly repeated: number;
  /** A number came after a greater one, or a backend came back. */
  readonly isMixed: boolean;
  /** Who wrote, in the order of their first word. */
  readonly sources: readonly string[];
}

interface Run {
  readonly source: string;
  readonly from: number;
  readonly to: number;
}

/** Reads the runs of an answer; undefined when they are not runs. */
export const integrityOf = (text: string): Integrity | undefined => {
  const runs: Run[] = [];
  for (const word of text.split(/[\s,]+/).filter((it) => it !== '')) {
    const [, source, first, last] = /^([a-z]+)(\d+)(?:-(\d+))?$/.exec(word) ?? [];
    if (source === undefined) return undefined;
    runs.push({ source, from: Number(first), to: Number(last ?? first) });
  }
  if (runs.length === 0) return undefined;

  return { ...countRuns(runs), sources: [...new Set(runs.map(({ source }) => source))] };
};

const countRuns = (runs: readonly Run[]): Pick<Integrity, 'lost' | 'repeated' | 'isMixed'> => {
  // Spans received so far; they do not overlap. There are as many as there are breaks, so few.
  const seen: { from: number; to: number }[] = [];
  let received = 0;
  let greatest = 0;
  let isMixed = false;
  let total = 0;
  for (const [place, run] of runs.entries()) {
    const overlap = seen.reduce((sum, span) => sum + overlapOf(span, run), 0);
    const count = Math.max(0, run.to - run.from + 1);
    if (run.from <= greatest && overlap < count) {
      // It may have repeated the end of what came and gone on; anything else fills a gap late.
      const fresh = Math.max(0, run.to - greatest);
      if (overlap + fresh < count) isMixed = true;
    }
    if (runs.slice(0, Math.max(0, place - 1)).some(({ source }) => source === run.source))
      isMixed ||= runs[place - 1]?.source !== run.source;
    total += count;
    received += count - overlap;
    addSpan(seen, run);
    greatest = Math.max(greatest, run.to);
  }

  return { lost: greatest - received, repeated: total - received, isMixed };
};

const overlapOf = (one: Omit<Run, 'source'>, other: Omit<Run, 'source'>): number =>
  Math.max(0, Math.min(one.to, other.to) - Math.max(one.from, other.from) + 1);

/** Joins the span with those it touches, so that the spans stay apart. */
const addSpan = (spans: { from: number; to: number }[], { from, to }: Run): void => {
  const joined = { from, to };
  for (let at = spans.length - 1; at >= 0; at--) {
    const span = spans[at];
    if (!span || span.to < joined.from || span.from > joined.to) continue;
    joined.from = Math.min(joined.from, span.from);
    joined.to = Math.max(joined.to, span.to);
    spans.splice(at, 1);
  }
  spans.push(joined);
};
