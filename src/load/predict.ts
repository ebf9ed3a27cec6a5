/**
 * What a load will amount to, before it is run: for `spillway check`.
 *
 * The plan itself is played in memory, turn by turn, each turn taking a mean time that is given.
 */

import type { Random } from '../random/random.ts';
import { estimateTokens } from '../token/estimate.ts';
import type { SessionPlan, TurnPlan, Workload } from '../workload/session.ts';
import { sessionGapMs } from './driver.ts';
import { type Phases, phaseOf, startsUntil } from './phase.ts';
import { planStarts } from './plan.ts';
import type { LoadSpec } from './schema.ts';

export interface Prediction {
  /** Sessions that begin in `steady`. */
  readonly sessions: number;
  /** Requests scheduled in `steady`: turns, and one tool result each where tools are offered. */
  readonly exchanges: number;
  /** Tokens sent in the whole run, about, if each answer is as long as it may be. */
  readonly inputTokens: number;
  /** Tokens received in the whole run if each answer is as long as it may be. */
  readonly outputTokensMax: number;
}

export interface PredictionParts {
  /** The stream the run will plan with. */
  readonly random: Random;
  /** Mean time a request takes. */
  readonly turnMs: number;
}

/** Predicts one workload under its load; dropped sessions are not foreseen. */
export const predictWorkload = (
  workload: Workload,
  load: LoadSpec,
  phases: Phases,
  { random, turnMs }: PredictionParts,
): Prediction => {
  const horizonMs = startsUntil(phases);
  const starts = planStarts(load, { random, horizonMs });
  const total = { sessions: 0, exchanges: 0, inputTokens: 0, outputTokensMax: 0 };

  for (const [user, start] of starts.entries()) {
    let at = start;
    for (let number = user + 1; at < horizonMs; number += starts.length) {
      if (phaseOf(at, phases) === 'steady') total.sessions++;
      at = playInMemory(workload.session(number), at, turnMs, phases, total);
      if (load.kind !== 'closed') break;
    }
  }
  return total;
};

/** Adds a session that begins at an instant to the total; returns the instant it ends. */
const playInMemory = (
  plan: SessionPlan,
  startAt: number,
  turnMs: number,
  phases: Phases,
  total: { exchanges: number; inputTokens: number; outputTokensMax: number },
): number => {
  let at = startAt;
  let contextTokens = estimateTokens(plan.instructions ?? '');
  for (const turn of plan.turns) {
    at += turn.thinkMs;
    contextTokens += turn.promptTokens;
    for (let round = 0; round <= (turn.toolRounds ?? 0); round++) {
      const phase = phaseOf(at, phases);
      if (phase === 'done') return at;
      total.inputTokens += contextTokens + fixedTokensOf(turn);
      total.outputTokensMax += turn.maxOutputTokens;
      contextTokens += turn.maxOutputTokens + estimateTokens(turn.toolResult ?? '');
      // Most models answer once they have a result; further rounds may cost, but are not counted
      // on.
      if (round > 1) continue;

      if (phase === 'steady') total.exchanges++;
      at += turnMs;
    }
  }
  return Math.max(at, startAt + sessionGapMs);
};

/** What a request carries beside its words: tools, and the schema of the answer. */
const fixedTokensOf = ({ tools, format }: TurnPlan): number =>
  (tools ? estimateTokens(JSON.stringify(tools)) : 0) +
  (format ? estimateTokens(JSON.stringify(format)) : 0);
