/**
 * What became of numbered tokens, kept as runs instead of text.
 *
 * In simulation each token is a numbered word: `p1 p2 …` from the primary, `a1 a2 …` from a fallback,
 * which goes on counting where it was told to continue. Runs are written in the order of arrival, so
 * a gap, a repetition and a restart all stay visible: `p1-20 a21-50`, `p1-20 p19-50`, `p1-20 a1-30`.
 */

import assert from 'node:assert/strict';

/** Tokens that came one after the other from one source, both ends included. */
export interface Run {
  readonly source: 'p' | 'a';
  readonly from: number;
  readonly to: number;
}

/** The runs in an answer; undefined when it does not begin with a numbered token. */
export const runsIn = (text: string): Run[] | undefined => {
  if (!/^\s*[pa][1-9]/.test(text)) return undefined;
  const runs: Run[] = [];
  for (const word of text.split(/\s+/)) {
    const [, source, digits] = /^([pa])([1-9]\d{0,8})$/.exec(word) ?? [];
    if (source !== 'p' && source !== 'a') continue;
    const number = Number(digits);
    const last = runs.at(-1);
    if (last?.source === source && last.to + 1 === number)
      runs[runs.length - 1] = { ...last, to: number };
    else runs.push({ source, from: number, to: number });
  }
  return runs;
};

/** Writes runs as text: `p1-20 a21-50`; a single token is `p7-7`. */
export const encodeRuns = (runs: readonly Run[]): string =>
  runs.map(({ source, from, to }) => `${source}${from}-${to}`).join(' ');

/** Reads what `encodeRuns` wrote. */
export const decodeRuns = (written: string): Run[] =>
  written
    .split(' ')
    .filter((it) => it !== '')
    .map((it) => {
      const [, source, from, to] = /^([pa])(\d+)-(\d+)$/.exec(it) ?? [];
      assert.ok(source === 'p' || source === 'a', `expected a run such as p1-20, got ${it}`);
      return { source, from: Number(from), to: Number(to) };
    });

export interface IntegrityCounts {
  /** Numbers that never came, up to the expected length or the highest number seen. */
  readonly lost: number;
  /** Tokens that came although their number had come before. */
  readonly repeated: number;
}

/** Counts over all runs, whatever their source: the reader sees one text. */
export const integrityOf = (runs: readonly Run[], expectedLength?: number): IntegrityCounts => {
  const seen = new Set<number>();
  let received = 0;
  let highest = 0;
  for (const { from, to } of runs)
    for (let number = from; number <= to; number++) {
      received++;
      seen.add(number);
      highest = Math.max(highest, number);
    }
  const length = expectedLength ?? highest;
  const wanted = [...seen].filter((number) => number <= length).length;

  return { lost: length - wanted, repeated: received - seen.size };
};
