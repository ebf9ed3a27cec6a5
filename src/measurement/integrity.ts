/**
 * What became of numbered tokens, kept as runs instead of text.
 *
 * In simulation each token is a numbered word: `p1 p2 …` from the primary, `a1 a2 …` from a
 * fallback, which goes on counting where it was told to continue. Runs are written in the order of
 * arrival, so a gap, a repetition and a restart all stay visible: `p1-20 a23-50`, `p1-20 p19-50`,
 * `p1-20 a1-30`. What they amount to is for the analysis to say.
 */

interface Run {
  readonly source: string;
  readonly from: number;
  readonly to: number;
}

const numberedWord = /^([pa])([1-9]\d{0,8})$/;

/**
 * The runs in an answer; undefined when its first word is no numbered token. Words between numbered
 * ones, such as a preamble by which a fallback begins, are left out.
 */
export const numberedRuns = (text: string): string | undefined => {
  const words = text.trim().split(/\s+/);
  if (!numberedWord.test(words[0] ?? '')) return undefined;
  const runs: Run[] = [];
  for (const word of words) {
    const [, source, digits] = numberedWord.exec(word) ?? [];
    if (source === undefined) continue;
    const number = Number(digits);
    const last = runs.at(-1);
    if (last?.source === source && last.to + 1 === number)
      runs[runs.length - 1] = { ...last, to: number };
    else runs.push({ source, from: number, to: number });
  }

  return runs.map(({ source, from, to }) => `${source}${from}-${to}`).join(' ');
};
