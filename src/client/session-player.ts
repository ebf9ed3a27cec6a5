/**
 * Plays one session as its user would: asks, reads, thinks, asks again.
 *
 *     ask ──▶ answer ──think──▶ ask ──▶ tool call ──▶ tool result ──▶ answer ──think──▶ …
 *
 * Turns hang together by `previous_response_id`. A turn that fails costs the user that turn only:
 * the next one goes on from the last good answer. How a turn is performed is somebody else's
 * business, so a session plays in virtual time as it does on the wire.
 */

import type { FunctionCallOutputItem } from '../protocol/responses.ts';
import { type Clock, sleepUntil } from '../time/clock.ts';
import type { SessionPlan, TurnPlan } from '../workload/session.ts';
import type { TurnRecord } from './exchange-recorder.ts';
import type { TurnQuestion } from './turn.ts';

/** One turn to be performed, and its place in the workload. */
export interface PlannedQuestion extends TurnQuestion {
  readonly workload: string;
  readonly session: number;
  /** From 1. A tool result sent back is a turn of its own. */
  readonly turn: number;
  /** Tokens of what this turn adds, by our own count. */
  readonly promptTokens: number;
  readonly wantedTokens: number;
}

/** One turn performed. */
export interface PlayedTurn {
  readonly question: PlannedQuestion;
  readonly scheduledAt: number;
  readonly record: TurnRecord;
}

export interface SessionOptions {
  /** Performs one turn; never rejects, as a failure of the target is part of the record. */
  readonly ask: (question: PlannedQuestion, scheduledAt: number) => Promise<TurnRecord>;
  readonly clock: Clock;
  readonly model: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** When the first turn is due; now if absent. */
  readonly startsAt?: number;
  /** Tokens of a tool's result. */
  readonly countTokens: (text: string) => number;
  /** Ends the session, also while its user thinks. */
  readonly signal: AbortSignal;
  readonly onExchange: (played: PlayedTurn) => void;
}

/** Plays the session to its end, or until the signal aborts. */
export const playSession = async (plan: SessionPlan, options: SessionOptions): Promise<void> => {
  const { clock, signal } = options;
  const player = new Player(plan, options);
  let readyAt = options.startsAt ?? clock.now();
  for (const [index, turn] of plan.turns.entries()) {
    // Nothing comes before the first turn that its user could think about.
    const scheduledAt = readyAt + (index === 0 ? 0 : turn.thinkMs);
    await sleepUntil(clock, scheduledAt, signal).catch(() => undefined);
    if (signal.aborted) return;
    readyAt = await player.play(turn, scheduledAt);
    if (signal.aborted) return;
    if (player.hasFailed) readyAt += failurePauseMs;
  }
  // Whoever begins the next session has seen the error as well.
  if (player.hasFailed) await clock.sleep(failurePauseMs, signal).catch(() => undefined);
};

/** Nobody asks again in the instant an error appears; scaled think time must not make them. */
const failurePauseMs = 1000;

class Player {
  readonly #plan: SessionPlan;
  readonly #options: SessionOptions;
  #turn = 0;
  /** The last answer one can go on from: whole, and with no tool call left open. */
  #goodId: string | undefined;
  #hasFailed = false;

  constructor(plan: SessionPlan, options: SessionOptions) {
    this.#plan = plan;
    this.#options = options;
  }

  /** Whether the last turn ended without an answer. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Asks, and answers the tool calls that come back. Resolves with the instant it ended. */
  async play(turn: TurnPlan, scheduledAt: number): Promise<number> {
    const roundsMax = turn.toolResult === undefined ? 0 : (turn.toolRounds ?? 1);
    let record = await this.#ask(turn, scheduledAt, {
      input: turn.prompt,
      promptTokens: turn.promptTokens,
      previousId: this.#goodId,
    });
    for (let round = 0; round < roundsMax; round++) {
      if (!isGood(record) || record.toolCalls.length === 0 || this.#options.signal.aborted) break;
      const output = turn.toolResult ?? '';
      record = await this.#ask(turn, record.endedAt, {
        input: record.toolCalls.map(({ callId }): FunctionCallOutputItem => ({
          type: 'function_call_output',
          call_id: callId,
          output,
        })),
        promptTokens: this.#options.countTokens(output) * record.toolCalls.length,
        previousId: record.responseId,
      });
    }
    this.#hasFailed = !isGood(record);
    if (isGood(record) && record.toolCalls.length === 0) this.#goodId = record.responseId;
    return record.endedAt;
  }

  async #ask(
    turn: TurnPlan,
    scheduledAt: number,
    asked: {
      readonly input: TurnQuestion['input'];
      readonly promptTokens: number;
      readonly previousId: string | undefined;
    },
  ): Promise<TurnRecord> {
    const { model, metadata, ask, onExchange } = this.#options;
    const { workload, number: session, instructions } = this.#plan;
    this.#turn++;
    const question: PlannedQuestion = {
      workload,
      session,
      turn: this.#turn,
      model,
      input: asked.input,
      promptTokens: asked.promptTokens,
      wantedTokens: turn.wantedTokens,
      maxOutputTokens: turn.maxOutputTokens,
      ...(instructions === undefined ? {} : { instructions }),
      ...(asked.previousId === undefined ? {} : { previousResponseId: asked.previousId }),
      ...(turn.tools ? { tools: turn.tools } : {}),
      ...(turn.format ? { format: turn.format } : {}),
      ...(metadata ? { metadata } : {}),
    };
    const record = await ask(question, scheduledAt);
    onExchange({ question, scheduledAt, record });
    return record;
  }
}

const isGood = (record: TurnRecord): boolean =>
  (record.outcome === 'completed' || record.outcome === 'incomplete') &&
  record.responseId !== undefined;
