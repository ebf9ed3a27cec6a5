/**
 * The run log: everything a run leaves behind, from which alone every report is made.
 *
 * The first line is the manifest. Each further line is one entry. Instants are milliseconds since
 * the run's origin. Entries arrive in no particular order; a reader sorts by what it needs.
 * No entry holds a prompt, an answer or a secret.
 */

import type { FailureReason, Usage } from '../protocol/generation.ts';

/** A price used in this run, with where it is from. USD per million tokens. */
export interface PriceRecord {
  readonly backend: string;
  readonly model: string;
  readonly input: number;
  /** Absent where the provider has no price for cached input: it is billed as input. */
  readonly cachedInput?: number;
  readonly output: number;
  readonly source: string;
  /** ISO date. */
  readonly asOf: string;
}

export interface Manifest {
  readonly kind: 'manifest';
  readonly format: 1;
  readonly spillway: string;
  readonly runId: string;
  readonly name: string;
  readonly question: string;
  /** ISO instant of the run's origin. */
  readonly startedAt: string;
  readonly seed: number;
  /** The command that runs it again. */
  readonly command: string;
  /** The arms of the run, in order; a run without variants has one, `main`. */
  readonly arms: readonly string[];
  /** One sentence on what is done to what. */
  readonly description: string;
  /** The scenario and, per arm, the system, as resolved, without secrets. */
  readonly scenario: unknown;
  readonly systems: Readonly<Record<string, unknown>>;
  readonly backends: readonly {
    readonly name: string;
    readonly residency: 'local' | 'cloud';
    readonly isSimulated: boolean;
    /** `priced`: each token costs money. */
    readonly isPriced: boolean;
    readonly wire: string;
    /** For a simulated engine: its profile and how far it can be trusted. */
    readonly profile?: string;
    readonly profileBasis?: string;
  }[];
  /** Absent when the proxy under test is a stranger (`--target`). */
  readonly placement: string;
  readonly target?: string;
  readonly phases: {
    readonly warmupMs: number;
    readonly steadyMs: number;
    readonly cooldownMs: number;
  };
  readonly thinkScale: number;
  /** Limits per request that goodput counts against, by metric id, in the metric's unit. */
  readonly limits: Readonly<Record<string, number>>;
  readonly objectives: readonly string[];
  /** Prices of the counterfactuals and of the backends that answered. */
  readonly counterfactuals: readonly { readonly name: string; readonly price: PriceRecord }[];
  readonly prices: readonly PriceRecord[];
  readonly economics: {
    readonly usdJpy?: number;
    readonly fxAsOf?: string;
    readonly fxSource?: string;
    readonly capexJpy?: number;
    readonly lifeMonths?: number;
    readonly tariffJpyPerKwh?: number;
    readonly idleWatts?: number;
    readonly busyWatts?: number;
  };
  readonly definitions: readonly {
    readonly id: string;
    readonly formula: string;
    readonly unit: string;
  }[];
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGb: number;
    readonly platform: string;
    readonly node: string;
  };
  readonly clockResolutionMs: number;
  /** The rows of a failover suite. */
  readonly suite?: {
    readonly rows: readonly SuiteRow[];
    /** Factor on the deadlines of production: 0.1 makes them ten times shorter. */
    readonly deadlineScale: number;
  };
  /** Proxies of others that were measured, each with the file it was run with. */
  readonly peers?: readonly PeerConfig[];
  /** What the plan holds, fixed before the run: sessions and turns per arm and workload. */
  readonly plan: readonly {
    readonly arm: string;
    readonly workload: string;
    readonly loop: 'open' | 'closed' | 'scripted';
    readonly sessions: number;
  }[];
}

/** How a proxy of others was set up for an arm. */
export interface PeerConfig {
  readonly arm: string;
  /** Name and version: `LiteLLM 1.90.2`. */
  readonly product: string;
  /** As its documents say by default, or tuned for this task. */
  readonly tuning: 'defaults' | 'tuned';
  /** The file, without secrets. */
  readonly config: string;
}

/** What a proxy that survives a fault shows its reader; `error`: a clean one, in good time. */
export type SuiteExpectation = 'transparent' | 'continued' | 'unaffected' | 'error';

/** One row of a failover suite: a fault as the suite injects it. */
export interface SuiteRow {
  /** Unique in the suite: `reset-mid-stream`. */
  readonly name: string;
  /** The index its acts bear. */
  readonly fault: number;
  readonly what: string;
  readonly backend: string;
  /** Its names in the catalogue, and in failoverbench where that has it: `N10`, `S08`. */
  readonly catalogue: readonly string[];
  /** Nothing on the wire announces it: only a deadline finds it. */
  readonly isSilent: boolean;
  readonly expect: SuiteExpectation;
  /** By arm, where one is set up for something else. */
  readonly expectIn?: Readonly<Record<string, SuiteExpectation>>;
  readonly repetitions: number;
  /** The configured deadline that finds it, as scaled. */
  readonly deadlineMs?: number;
  /** The arms that can play it; all when absent. */
  readonly arms?: readonly string[];
}

/**
 * What an exchange of a suite is there for.
 *
 * | role       |                                                                             |
 * | ---------- | --------------------------------------------------------------------------- |
 * | `faulted`  | sent while the fault of its row is armed                                    |
 * | `control`  | sent through the same relay while nothing is armed and the primary serves    |
 * | `straight` | the prompt of the trial sent straight to the fallback                       |
 * | `settle`   | sent until the primary serves again: how long that takes is the fail-back    |
 */
export type TrialRole = 'faulted' | 'control' | 'straight' | 'settle';

/** The trial that an exchange belongs to. */
export interface TrialPart {
  /** From 1, in the order they were played. */
  readonly trial: number;
  /** Index into the rows of the suite; absent in the control arm. */
  readonly row?: number;
  readonly role: TrialRole;
}

export type ExchangeOutcome =
  | 'completed'
  | 'incomplete' // a terminal event that says the answer was cut short by a limit
  | 'failed' // a terminal event that says so, or an error status: a clean failure
  | 'truncated' // the stream stopped without a terminal event
  | 'hung' // nothing came before the client's own deadline
  | 'cancelled' // by the scenario, or because the run ended
  | 'dropped'; // never sent: the harness had too many in flight

/** One HTTP request of the load and everything that came back. */
export interface Exchange {
  readonly kind: 'exchange';
  readonly arm: string;
  /** Unique in the run; also the trace id in `traceparent`, 32 hexadecimal digits. */
  readonly trace: string;
  readonly workload: string;
  readonly key?: string;
  /** The key or the request is `local-only`. */
  readonly isLocalOnly: boolean;
  readonly session: number;
  /** From 1. A tool result sent back is a turn of its own. */
  readonly turn: number;
  readonly model: string;
  readonly scheduledAt: number;
  readonly sentAt?: number;
  readonly headersAt?: number;
  /** First event of any kind. */
  readonly firstEventAt?: number;
  /** First token-bearing delta of any channel. */
  readonly firstTokenAt?: number;
  /** First non-empty piece of visible text. */
  readonly firstTextAt?: number;
  readonly lastTokenAt?: number;
  readonly lastTextAt?: number;
  readonly endedAt: number;
  readonly outcome: ExchangeOutcome;
  readonly status?: number;
  /** The error's `code`, or the reason for an incomplete answer. */
  readonly code?: string;
  readonly message?: string;
  readonly responseId?: string;
  readonly previousResponseId?: string;
  /** Backend that finished the answer, and attempts made, as the proxy told. Absent: unknown. */
  readonly backend?: string;
  readonly attempts?: number;
  readonly usage?: Usage;
  /** Tokens we believe we sent, by our own count, and its tokenizer. */
  readonly promptTokens: number;
  /** What the scenario asked the answer to be, in tokens. */
  readonly wantedTokens?: number;
  /** Chunk timings: see `chunk-code.ts`. Absent when nothing came. */
  readonly chunks?: string;
  readonly textChars: number;
  /** Numbered tokens received, as runs: `p1-20 a21-50`. Absent when the text was not numbered. */
  readonly integrity?: string;
  /** Whether the structured output or tool call obeyed its schema, where one was asked for. */
  readonly isSchemaMet?: boolean;
  readonly trial?: TrialPart;
}

/** Why the proxy made an attempt. */
export type AttemptCause = 'first' | 'failover' | 'continue' | 'spill' | 'stale-socket' | 'probe';

/** One try of the proxy to have one backend serve a request. */
export interface Attempt {
  readonly kind: 'attempt';
  readonly arm: string;
  /** The trace id of the exchange; also that of a foreign request, if a client sent one. */
  readonly trace: string;
  /** From 1, within the request. */
  readonly attempt: number;
  readonly cause: AttemptCause;
  /**
   * For a spill: why the better candidate was passed over (`queue`, `wait`, `cold`, `breaker`,
   * …).
   */
  readonly passedOver?: string;
  readonly backend: string;
  readonly model: string;
  readonly residency: 'local' | 'cloud';
  /** tS: the first byte of the request was handed to the socket. */
  readonly startedAt: number;
  readonly headersAt?: number;
  readonly firstTokenAt?: number;
  /** tD for a failed attempt: when the proxy declared it dead. */
  readonly endedAt: number;
  readonly outcome: 'served' | 'failed' | 'cancelled';
  readonly reason?: FailureReason;
  readonly evidence?: 'hard' | 'soft';
  /** Generation events with content that arrived, and that were passed on to the client. */
  readonly tokensReceived: number;
  readonly tokensForwarded: number;
  readonly usage?: Usage;
  readonly isUsageEstimated?: boolean;
  readonly costUsd?: number;
  readonly localPort?: number;
}

/** The proxy asked a backend that it had shut out whether it is back; no user waited for it. */
export interface Probe {
  readonly kind: 'probe';
  readonly arm: string;
  readonly backend: string;
  /** Set where one model of the backend was shut out, and asked. */
  readonly model?: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: 'answered' | 'failed';
}

/** A circuit of the proxy came into another state. */
export interface CircuitChange {
  readonly kind: 'circuit';
  readonly arm: string;
  readonly backend: string;
  /** Set where it is that of one model; the backend's own if absent. */
  readonly model?: string;
  readonly at: number;
  readonly to: 'closed' | 'open' | 'half-open';
  /** Of one that opened. */
  readonly reason?: FailureReason;
}

/** A fault that was armed: it may act from `from` until `until`. */
export interface FaultArmed {
  readonly kind: 'fault';
  readonly arm: string;
  /** Index of the fault in the scenario. */
  readonly fault: number;
  readonly what: string;
  readonly backend: string;
  readonly from: number;
  readonly until: number;
  readonly when?: string;
  /** For an addressed fault: `s3 t2 @20`. */
  readonly address?: string;
}

/** A fault that acted, on one attempt. tF is the later of the arming and this instant. */
export interface FaultAct {
  readonly kind: 'act';
  readonly arm: string;
  readonly fault: number;
  readonly what: string;
  readonly backend: string;
  readonly at: number;
  /** From `traceparent`; absent on TLS or before the head was read. */
  readonly trace?: string;
  /** The span id the proxy gave the attempt, 16 hexadecimal digits. */
  readonly span?: string;
  readonly remotePort?: number;
  /** Tokens this attempt had forwarded when the fault acted. */
  readonly tokensBefore?: number;
}

/** What a simulated backend did for one request: the truth that the client cannot see. */
export interface Generation {
  readonly kind: 'generation';
  readonly arm: string;
  readonly backend: string;
  readonly residency: 'local' | 'cloud';
  readonly trace?: string;
  readonly model: string;
  readonly receivedAt: number;
  readonly startedAt?: number;
  readonly firstTokenAt?: number;
  readonly endedAt: number;
  readonly outcome: 'completed' | 'length' | 'cancelled' | 'rejected';
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  /** Numbered turns found in what was received: `s3 t1-4`. */
  readonly history?: string;
}

/** The health of one part, taken about once a second. */
export interface Sample {
  readonly kind: 'sample';
  readonly arm: string;
  readonly at: number;
  /** `load`, `proxy`, `backends`, or `backend:NAME`. */
  readonly where: string;
  readonly utilisationRatio?: number;
  readonly loopDelayMsP99?: number;
  readonly rssMb?: number;
  readonly inFlight?: number;
  readonly queued?: number;
  readonly running?: number;
  readonly breaker?: string;
}

/** A phase begins. The exchange's own phase is that of its `scheduledAt`. */
export interface PhaseBegun {
  readonly kind: 'phase';
  readonly arm: string;
  readonly name: 'warmup' | 'steady' | 'cooldown' | 'done';
  readonly at: number;
}

/** The last entry of a whole log. A log without it was cut. */
export interface RunEnd {
  readonly kind: 'end';
  readonly at: number;
  readonly why: 'finished' | 'interrupted' | 'terminated' | 'spend-limit' | 'failed';
  readonly message?: string;
}

export type LogEntry =
  | Exchange
  | Attempt
  | Probe
  | CircuitChange
  | FaultArmed
  | FaultAct
  | Generation
  | Sample
  | PhaseBegun
  | RunEnd;
