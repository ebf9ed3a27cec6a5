/**
 * The pace of one sequence in closed form: when each of its tokens leaves while nothing changes.
 *
 * In a batch whose contexts grow by a fixed number of tokens per step, each step is a little longer
 * than the one before. The i-th step from the start of the pace ends at
 *
 *     start + i·step + growth·i·(i − 1)/2
 */

export interface Pace {
  /** Tokens that had left when the pace began. */
  readonly tokensBefore: number;
  readonly startAt: number;
  readonly stepMs: number;
  readonly growthMs: number;
}

/** The instant at which `steps` steps of the pace are done. */
export const stepEndAt = (pace: Omit<Pace, 'tokensBefore'>, steps: number): number =>
  pace.startAt + steps * pace.stepMs + (pace.growthMs * steps * (steps - 1)) / 2;

/** The fewest steps that are done at `instant` or after it; at least 1. */
export const stepsUntil = (pace: Omit<Pace, 'tokensBefore'>, instant: number): number => {
  const spanMs = Math.max(0, instant - pace.startAt);
  // The root of growth/2·i² + (step − growth/2)·i = span, in the form that does not cancel when the
  // growth is tiny; then put right by what rounding did.
  const linear = pace.stepMs - pace.growthMs / 2;
  const root = (2 * spanMs) / (linear + Math.sqrt(linear ** 2 + 2 * pace.growthMs * spanMs));
  let steps = Math.max(1, Math.floor(root) - 1);
  while (stepEndAt(pace, steps) < instant) steps++;
  return steps;
};
