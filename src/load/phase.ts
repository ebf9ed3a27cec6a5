/**
 * Phases of a run, by the instant at which something was scheduled.
 *
 *     0 ──── warmup ────▶ ──── steady ────▶ ──── cooldown ────▶ done
 *            sessions begin                 none begin; those in flight finish
 *
 * Only what was scheduled in `steady` is summarised; everything is logged.
 */

export interface Phases {
  readonly warmupMs: number;
  readonly steadyMs: number;
  readonly cooldownMs: number;
}

export type PhaseName = 'warmup' | 'steady' | 'cooldown' | 'done';

/** What a scenario has that says nothing of its phases. */
export const defaultPhases: Phases = { warmupMs: 10_000, steadyMs: 60_000, cooldownMs: 20_000 };

/** The phase at an instant, in milliseconds since the arm began. */
export const phaseOf = (at: number, phases: Phases): PhaseName => {
  if (at < phases.warmupMs) return 'warmup';
  if (at < startsUntil(phases)) return 'steady';
  return at < startsUntil(phases) + phases.cooldownMs ? 'cooldown' : 'done';
};

/** The instant from which no session begins any more: the end of `steady`. */
export const startsUntil = (phases: Phases): number => phases.warmupMs + phases.steadyMs;
