/**
 * In which order a model's candidates are preferred, before the router sets aside what may not or
 * cannot serve. A preference, never a permission: no strategy brings a candidate back.
 */

import type { Strategy } from '../../system/system.ts';

/** What a preference can rest on. */
export interface Standing {
  /** Its share under `weighted`. */
  readonly weight: number;
  /** This request's draw for it, uniform in [0, 1). */
  readonly draw: number;
  /** Requests running and queued for each of its slots. */
  readonly busyRatio: number;
  /** Time to its first token of late; undefined when it has not been asked of late. */
  readonly firstTokenMs: number | undefined;
  /** What this request is likely to cost there; undefined when its price is not known. */
  readonly costUsd: number | undefined;
}

/** The candidates, the preferred first; equals stay in the order of the file. */
export const preferred = <S extends Standing>(
  candidates: readonly S[],
  strategy: Strategy,
): readonly S[] => {
  if (strategy === 'ordered') return candidates;
  const ranked = candidates.map((candidate) => ({
    candidate,
    rank: rankOf(candidate, strategy),
  }));
  // Two infinities are equal, though their difference is no number.
  ranked.sort((one, other) => (one.rank === other.rank ? 0 : one.rank - other.rank));
  return ranked.map(({ candidate }) => candidate);
};

const rankOf = (standing: Standing, strategy: Exclude<Strategy, 'ordered'>): number => {
  switch (strategy) {
    case 'weighted':
      // The first of exponential clocks with rates w: it is candidate i with probability wᵢ / Σw,
      // and the rest are drawn in the same way from what remains (Efraimidis and Spirakis, 2006).
      return standing.weight === 0
        ? Number.POSITIVE_INFINITY
        : -Math.log(1 - standing.draw) / standing.weight;
    case 'least-busy':
      return standing.busyRatio;
    case 'lowest-latency':
      // One that is not known is asked, so as to be known.
      return standing.firstTokenMs ?? 0;
    case 'cheapest':
      return standing.costUsd ?? Number.POSITIVE_INFINITY;
  }
};
