/**
 * What happened when: the run in bins, with the faults and phases that explain it.
 *
 * Thinking that the proxy held back and released with the first text is put where it was generated:
 * evenly from the backend's first token to the release. Otherwise a bin would show a speed that no
 * backend has.
 */

import type { Timeline, TimelineBin } from './analysis.ts';
import { type ArmLog, isAnswered } from './arm.ts';
import { isReasoningReleased, type Measured } from './figures.ts';
import { eachChunk } from './rate.ts';

/** Round lengths that a reader can count in. */
const binMsChoices = [250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 900_000];

const binCountMax = 180;

interface MutableBin {
  at: number;
  ended: Record<string, number>;
  tokens: Record<string, number>;
  inFlightMax: number;
}

/** The timeline of an arm, from its first phase to its last sign of life. */
export const timelineOf = (arm: ArmLog, all: readonly Measured[]): Timeline => {
  const { from, until } = arm.whole;
  const lengthMs = Math.max(0, until - from);
  const binMs =
    binMsChoices.find((choice) => lengthMs / choice <= binCountMax) ??
    Math.ceil(lengthMs / binCountMax);
  const bins: MutableBin[] = Array.from({ length: Math.floor(lengthMs / binMs) + 1 }, (_, at) => ({
    at: from + at * binMs,
    ended: {},
    tokens: {},
    inFlightMax: 0,
  }));
  const binAt = (at: number): MutableBin | undefined => bins[Math.floor((at - from) / binMs)];

  for (const measured of all) {
    const { exchange } = measured.trace;
    if (exchange.outcome !== 'cancelled' && exchange.outcome !== 'dropped') {
      const name = isAnswered(exchange) ? (measured.backend ?? 'unknown') : 'failed';
      add(binAt(exchange.endedAt)?.ended, name, 1);
    }
    eachChunk(withSpreadThinking(measured), (at, tokens, backend) =>
      add(binAt(at)?.tokens, backend, tokens),
    );
  }
  countInFlight(all, bins, binMs);

  return {
    arm: arm.arm,
    binMs,
    origin: from,
    bins: bins satisfies TimelineBin[],
    faults: arm.armed.map(({ fault, what, backend, from, until: end }) => ({
      fault,
      what,
      backend,
      from,
      until: Math.min(end, until),
    })),
    acts: arm.acts.map(({ at, what, backend }) => ({ at, what, backend })),
    phases: arm.phases.map(({ name, at }) => ({ name, at })),
  };
};

/** Released thinking comes first of all chunks. */
const withSpreadThinking = (measured: Measured): Measured => {
  const { trace } = measured;
  const { chunkAts, chunkCounts, attempts } = trace;
  const releasedAt = chunkAts[0];
  const from = attempts.find(({ tokensForwarded }) => tokensForwarded > 0)?.firstTokenAt;
  if (releasedAt === undefined || from === undefined || from >= releasedAt) return measured;
  if (!isReasoningReleased(trace)) return measured;
  const spread = chunkAts.map((at, place) =>
    place < chunkCounts.reasoning
      ? from + ((releasedAt - from) * place) / chunkCounts.reasoning
      : at,
  );
  return { ...measured, trace: { ...trace, chunkAts: spread } };
};

const add = (counts: Record<string, number> | undefined, name: string, by: number): void => {
  if (counts) counts[name] = (counts[name] ?? 0) + by;
};

/** Sweeps over starts and ends; a bin also holds what was in flight when it began. */
const countInFlight = (
  all: readonly Measured[],
  bins: readonly MutableBin[],
  binMs: number,
): void => {
  const changes = all
    .flatMap(({ trace: { exchange } }) =>
      exchange.sentAt === undefined
        ? []
        : [
            { at: exchange.sentAt, by: 1 },
            { at: exchange.endedAt, by: -1 },
          ],
    )
    // Where one ends as another begins, they were not in flight together.
    .sort((one, other) => one.at - other.at || one.by - other.by);
  let inFlight = 0;
  let next = 0;
  for (const bin of bins) {
    bin.inFlightMax = inFlight;
    for (let it = changes[next]; it && it.at < bin.at + binMs; it = changes[++next]) {
      inFlight += it.by;
      bin.inFlightMax = Math.max(bin.inFlightMax, inFlight);
    }
  }
};
