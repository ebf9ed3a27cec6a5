/**
 * What is asked: sessions of turns, planned before they are run.
 *
 * A plan is a function of the seed and the session's number alone, so it does not matter in which
 * order, or by how many users, sessions are played.
 */

import type { FunctionTool, TextFormat } from '../protocol/responses.ts';

export interface TurnPlan {
  /**
   * What the user says. Starts with a mark `[s12 t3]` by which a simulated backend knows the
   * turn.
   */
  readonly prompt: string;
  /** Tokens of `prompt`, counted by `tokenizer`. */
  readonly promptTokens: number;
  /** Pause before this turn, after the end of the one before; milliseconds, already scaled. */
  readonly thinkMs: number;
  /** Tokens the answer is asked to have; the prompt says so in words. */
  readonly wantedTokens: number;
  readonly maxOutputTokens: number;
  readonly tools?: readonly FunctionTool[];
  readonly format?: TextFormat;
  /** What the client answers when a tool is called, as JSON text; 0 or more rounds. */
  readonly toolResult?: string;
  readonly toolRounds?: number;
}

export interface SessionPlan {
  readonly workload: string;
  /** From 1, within the workload and arm. */
  readonly number: number;
  readonly instructions?: string;
  readonly turns: readonly TurnPlan[];
}

/** A source of sessions: the `number`-th, from 1. Asking twice gives the same plan. */
export interface Workload {
  readonly name: string;
  session(number: number): SessionPlan;
}

/** The mark a prompt starts with. */
export const turnMark = (session: number, turn: number): string => `[s${session} t${turn}]`;

export const turnMarkPattern = /\[s(\d+) t(\d+)\]/g;
