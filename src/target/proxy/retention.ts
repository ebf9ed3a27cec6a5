/**
 * How long conversation state is kept, and when what is too old is looked for.
 *
 * The time of day decides what is too old, and it may leap: a clock set wrong by hand, a machine
 * that wakes up, a battery that is empty. A sweep believes it only when since the last look, an
 * hour ago or more, it has gone no further than the steady clock. So a leap deletes nothing in its
 * first hour, and what it would have deleted is still there once it is mended.
 */

export const dayMs = 24 * 60 * 60 * 1000;

/** Stores sweep when they are written to, at most this often: no timer is needed. */
const sweepEveryMs = 60 * 60 * 1000;

/** As far as a clock may be set right without a word. */
const leapMsMax = 10 * 60 * 1000;

export interface RetentionOptions {
  readonly retainDays: number;
  /** The time of day, in milliseconds since 1970. */
  readonly wall: () => number;
  /** A clock that nobody sets; the time of day where there is no other. */
  readonly steady?: () => number;
}

/** Tells, when it is time to sweep, before which time of day everything is too old. */
export const sweeping = ({
  retainDays,
  wall,
  steady = wall,
}: RetentionOptions): (() => number | undefined) => {
  let seenAt = { wall: wall(), steady: steady() };
  return () => {
    const before = seenAt;
    const passedMs = steady() - before.steady;
    if (passedMs < sweepEveryMs) return undefined;
    seenAt = { wall: wall(), steady: steady() };
    const hasLeapt = seenAt.wall - before.wall - passedMs > leapMsMax;
    return hasLeapt ? undefined : seenAt.wall - retainDays * dayMs;
  };
};

/** So much takes a moment, and is still many times what is put meanwhile. */
const pieceMax = 16;

/**
 * Sweeps a piece each time it is called, until nothing is too old: where much has gathered, all of
 * it at once would keep everybody waiting for as long as its deletion takes. `remove` deletes at
 * most so many, and says how many it has.
 */
export const sweepingInPieces = (
  retention: RetentionOptions,
  remove: (beforeWall: number, countMax: number) => number,
): (() => void) => {
  const tooOld = sweeping(retention);
  let before: number | undefined;
  return () => {
    before = tooOld() ?? before;
    if (before === undefined) return;
    // The time of day may have been mended meanwhile.
    before = Math.min(before, retention.wall() - retention.retainDays * dayMs);
    if (remove(before, pieceMax) < pieceMax) before = undefined;
  };
};
