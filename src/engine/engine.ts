/**
 * A model of an inference engine: what one box does with the jobs it is offered, token by token.
 *
 * The engine holds no timer and reads no clock. Its driver tells it what time it is, asks when
 * anything changes next, and paces tokens from `tokenAt`. The wire servers, the deterministic
 * simulation and the planner drive the same object.
 */

export interface Job {
  readonly id: string;
  /** Prompt tokens, and how they are recognised: one id per token block, for the prefix cache. */
  readonly promptTokens: number;
  /** Identifies the prompt's prefixes: hash of the first 1, 2, … blocks of `blockTokens` tokens. */
  readonly prefixes: readonly string[];
  /** Tokens it will generate, thinking included. */
  readonly outputTokens: number;
}

/** Tokens per entry of `Job.prefixes`. */
export const blockTokens = 64;

export type JobState =
  | { readonly kind: 'queued'; readonly ahead: number }
  | { readonly kind: 'loading'; readonly until: number }
  | { readonly kind: 'prefill'; readonly cachedTokens: number }
  | { readonly kind: 'decode'; readonly cachedTokens: number }
  | { readonly kind: 'done'; readonly cachedTokens: number }
  | { readonly kind: 'cancelled' };

export interface Engine {
  /** Takes a job now. Its state says whether it waits. */
  offer(job: Job, now: number): void;
  /** Forgets a job; the slot is free for the next. */
  cancel(jobId: string, now: number): void;
  /** The instant at which any job's rate or state changes next; undefined when idle. */
  nextChangeAt(): number | undefined;
  /** Moves the model to `now`. Must be called at or before each `nextChangeAt`. */
  advance(now: number): void;
  state(jobId: string): JobState | undefined;
  /**
   * The instant at which the job's `k`-th output token (from 1) leaves, as far as the present batch
   * tells; undefined while the job waits or its prefill has not been scheduled.
   */
  tokenAt(jobId: string, k: number): number | undefined;
  readonly runningCount: number;
  readonly queuedCount: number;
}
