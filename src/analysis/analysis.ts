/**
 * Everything a report may say, computed from the run log alone.
 *
 * Numbers are in the units their metric declares; ratios are 0 to 1. An absent value is unknown or
 * withheld, never zero.
 */

import type { Attempt, CircuitChange, Exchange, Manifest, SuiteRow } from '../log/entry.ts';
import type { MetricStat } from '../metric/metric.ts';
import type { FailureReason } from '../protocol/generation.ts';
import type { TradeOff } from './trade-off.ts';

/** Why a figure is not given. */
export type Withheld =
  | { readonly why: 'too-few'; readonly n: number; readonly floor: number }
  | { readonly why: 'no-data' }
  | { readonly why: 'buffered' }
  | { readonly why: 'unknown-outside' }
  | { readonly why: 'no-price'; readonly model: string }
  | { readonly why: 'no-fx' };

/** One figure. `id` names its formula in the metric table; two ids are never compared. */
export interface SummaryRow {
  readonly id: string;
  readonly stat: MetricStat;
  readonly arm: string;
  /** What it is over: `all`, or `backend=spark`, `turn=2`, `workload=chat`, `fault=0`, … */
  readonly where: string;
  readonly value?: number;
  readonly unit: string;
  readonly n: number;
  /** 95 % interval; for a median of few failovers, minimum to maximum. */
  readonly interval?: readonly [number, number];
  readonly withheld?: Withheld;
  /** Of a percentile that is withheld: what it does not exceed, 95 % sure. */
  readonly atMost?: number;
  /** How many of the `n` it could have happened to: of leaks, the local-only requests. */
  readonly among?: number;
  /** Some of the `n` are of the warm-up or the cool-down. */
  readonly isBeyondSteady?: boolean;
}

export type Decision = 'met' | 'missed' | 'undecided';

export interface ObjectiveResult {
  readonly text: string;
  readonly arm: string;
  readonly decision: Decision;
  readonly row?: SummaryRow;
  readonly limit: number;
  /** Why it is undecided. */
  readonly withheld?: Withheld;
}

/** How late an arm's requests left. A percentile of few values is none, so then it is the most. */
export interface Lateness {
  readonly arm: string;
  /** The 99th percentile from its sample floor on, the greatest below it. */
  readonly lateMs: number;
  readonly isPercentile: boolean;
  readonly sentCount: number;
  /** Sent later than the limit. */
  readonly lateCount: number;
}

/** Why the run as a whole cannot be trusted. */
export type Invalidity =
  | ({ readonly kind: 'harness-late'; readonly limitMs: number } & Lateness)
  | { readonly kind: 'load-thread-busy'; readonly utilisationRatio: number }
  | { readonly kind: 'fault-never-acted'; readonly fault: number; readonly arm: string }
  | {
      readonly kind: 'row-not-exercised';
      readonly arm: string;
      readonly row: string;
      readonly playedCount: number;
    };

/** A remark about the run that the reader must know before believing it. */
export type Advisory =
  | ({ readonly kind: 'harness-late'; readonly medianTtfoMs: number } & Lateness)
  | { readonly kind: 'arrivals-dropped'; readonly arm: string; readonly count: number }
  | { readonly kind: 'figures-withheld'; readonly count: number }
  | {
      readonly kind: 'log-cut';
      /** Lines that were read, and lines that could not be. */
      readonly lines: number;
      readonly unreadable: number;
      readonly hasEnd: boolean;
    }
  | { readonly kind: 'interrupted'; readonly why: string }
  | { readonly kind: 'spend-limit' }
  | {
      readonly kind: 'drift';
      readonly arm: string;
      readonly firstHalfMs: number;
      readonly secondHalfMs: number;
    }
  | { readonly kind: 'extrapolated-profile'; readonly backend: string; readonly basis: string }
  | { readonly kind: 'think-scaled'; readonly scale: number }
  | { readonly kind: 'tokenizer-differs'; readonly backends: readonly string[] }
  | { readonly kind: 'usage-estimated'; readonly count: number }
  | { readonly kind: 'leaked'; readonly arm: string; readonly count: number }
  | {
      readonly kind: 'buffered';
      /** How many answers, by backend. */
      readonly answers: readonly { readonly backend: string; readonly count: number }[];
    }
  | { readonly kind: 'no-price'; readonly backend: string; readonly model: string }
  | { readonly kind: 'price-old'; readonly asOf: string }
  | { readonly kind: 'seam-quality-unmeasured' }
  | { readonly kind: 'one-backend-failures'; readonly backend: string; readonly count: number };

export type FailoverOutcome =
  | 'transparent'
  | 'continued'
  | 'error'
  | 'truncated'
  | 'hung'
  | 'repeated'
  | 'mixed'
  | 'misrouted'
  | 'waited' // the reader stood still, and the same backend went on
  | 'unaffected'; // the fault acted, the answer was whole and the same backend served it

/** One exchange on which a fault acted. Instants since the run's origin; parts in milliseconds. */
export interface FailoverRow {
  readonly arm: string;
  readonly trace: string;
  readonly workload: string;
  readonly session: number;
  readonly turn: number;
  readonly fault: number;
  readonly what: string;
  readonly from: string;
  readonly to?: string;
  readonly outcome: FailoverOutcome;
  /** Why the last attempt that failed did so. */
  readonly reason?: FailureReason;
  /** Whether text had reached the client before the fault. */
  readonly isMidStream: boolean;
  readonly isSilent: boolean;
  readonly faultAt: number;
  /** Where the wait that a deadline bounds began before the fault: no token had come. */
  readonly waitFrom?: number;
  readonly declaredAt?: number;
  readonly switchedAt?: number;
  readonly resumedAt?: number;
  readonly lastGoodAt?: number;
  readonly detectMs?: number;
  readonly decideMs?: number;
  readonly refillMs?: number;
  readonly failoverMs?: number;
  readonly failoverTtftMs?: number;
  readonly visibleGapMs?: number;
  /** From the fault to the end, of an answer that did not end well. */
  readonly errorAfterMs?: number;
  /** Against the same turn sent straight to the fallback in another arm, where there is one. */
  readonly penaltyMs?: number;
  readonly tokensLost?: number;
  readonly tokensRepeated?: number;
  /** Generated by the attempt that died, and never shown to the reader. */
  readonly tokensDiscarded?: number;
  /** Absent where a foreign proxy made them and nobody saw. */
  readonly attempts?: number;
}

/** How a row went, the worst first. */
export type Standing = 'not-exercised' | 'harmed' | 'wrong' | 'partly' | 'held';

/** One row of the suite in one arm. */
export interface MatrixRow {
  readonly arm: string;
  readonly row: SuiteRow;
  readonly standing: Standing;
  /** Trials that were played, and those of them that the fault acted on. */
  readonly playedCount: number;
  readonly exercisedCount: number;
  readonly outcomes: readonly {
    readonly outcome: FailoverOutcome;
    readonly count: number;
    readonly isExpected: boolean;
  }[];
  readonly expectedCount: number;
  /** The figures of the row; `where` is `row=NAME`. */
  readonly cells: readonly SummaryRow[];
}

/** A suite in one arm. */
export interface MatrixArm {
  readonly arm: string;
  /** What went wrong first. */
  readonly rows: readonly MatrixRow[];
  /** The control arm: `where` is `role=control`. */
  readonly control: readonly SummaryRow[];
  /** Over several rows: `where` is `rows=all`, `rows=loud` or `rows=silent`. */
  readonly totals: readonly SummaryRow[];
}

/** A row in which another arm did better than the first. */
export interface LostRow {
  readonly row: string;
  readonly arm: string;
  readonly why: 'as-expected' | 'failover' | 'overshoot' | 'attempts';
  readonly ours: SummaryRow;
  readonly theirs: SummaryRow;
}

/** When a backend was used again after a fault window in which it had failed. */
export interface FailbackRow {
  readonly arm: string;
  readonly fault: number;
  readonly what: string;
  readonly backend: string;
  /** The end of the window. */
  readonly clearedAt: number;
  /** The first attempt after it that the backend served; absent when there was none. */
  readonly usedAt?: number;
  readonly failbackMs?: number;
  /** Requests sent in between, which others had to serve. */
  readonly elsewhereCount: number;
}

/** One fault window of an ordinary run in which its backend failed, until the backend was back. */
export interface OutageRow {
  readonly arm: string;
  readonly fault: number;
  readonly what: string;
  readonly backend: string;
  /** The window of the fault. */
  readonly from: number;
  readonly until: number;
  /** The next use of the backend, or the end of what was observed. */
  readonly overAt: number;
  /** Absent where the log tells of no circuit. */
  readonly timeToTripMs?: number;
  readonly paidCount: number;
  readonly probeCount: number;
  readonly userProbeCount: number;
  readonly failbackMs?: number;
  /** How far between two probes the fault ended: 0 right after one, 1 right before the next. */
  readonly healPhaseRatio?: number;
  readonly flapCount: number;
  readonly returnTtftMs?: number;
  /** Median first token of the backend before the fault. */
  readonly healthyTtftMs?: number;
  readonly unavailabilityMs: number;
  readonly discardedTokens: number;
  readonly doublePrefillTokens: number;
  /** Absent where a price is not known. */
  readonly cloudUsd?: number;
  readonly circuits: readonly { readonly at: number; readonly to: CircuitChange['to'] }[];
  readonly probes: readonly { readonly at: number; readonly isAnswered: boolean }[];
  /** Requests sent meanwhile, by who answered. */
  readonly requests: readonly { readonly at: number; readonly servedBy: string }[];
}

/** What failed in the steady phase, by workload and code. */
export interface FailureRow {
  readonly arm: string;
  readonly workload: string;
  /** Status and code as the client saw them: `503 local_only_unavailable`; else the outcome. */
  readonly code: string;
  /** Why the proxy's last attempts failed, where it made any: each reason once. */
  readonly reasons: readonly FailureReason[];
  readonly count: number;
  /** Requests of that workload. */
  readonly n: number;
}

export interface TimelineBin {
  /** Start of the bin. */
  readonly at: number;
  /** Exchanges that ended in the bin, by the backend that finished them; `failed` for the rest. */
  readonly ended: Readonly<Record<string, number>>;
  /** Output tokens received by clients in the bin, by backend. */
  readonly tokens: Readonly<Record<string, number>>;
  readonly inFlightMax: number;
}

export interface Timeline {
  readonly arm: string;
  readonly binMs: number;
  readonly origin: number;
  readonly bins: readonly TimelineBin[];
  readonly faults: readonly {
    readonly fault: number;
    readonly what: string;
    readonly backend: string;
    readonly from: number;
    readonly until: number;
  }[];
  readonly acts: readonly {
    readonly at: number;
    readonly what: string;
    readonly backend: string;
  }[];
  readonly phases: readonly { readonly name: string; readonly at: number }[];
}

/** An empirical distribution, condensed to at most 300 points. */
export interface Distribution {
  readonly id: string;
  readonly arm: string;
  readonly where: string;
  readonly n: number;
  readonly points: readonly { readonly value: number; readonly ratio: number }[];
}

/**
 * What the run's answers were worth, per arm. A load test saves nothing: this is capacity value.
 */
export interface CostResult {
  readonly arm: string;
  /** Paid to the cloud in this run (simulated clouds: what it would have been). */
  readonly actualUsd?: number;
  readonly isActualSimulated: boolean;
  readonly energyJpy?: number;
  readonly amortisationJpy?: number;
  readonly counterfactuals: readonly {
    readonly name: string;
    readonly model: string;
    readonly asOf: string;
    readonly source: string;
    /**
     * The same answers, all from this cloud model, no cached input to the observed share cached.
     */
    readonly allCloudUsd?: readonly [number, number];
    /** The part served locally: what the box was worth in this run. */
    readonly capacityValueUsd?: readonly [number, number];
    readonly withheld?: Withheld;
  }[];
  readonly usdJpy?: number;
}

/** The derived figures of one exchange, for the CSV. */
export interface ExchangeFigures {
  readonly exchange: Exchange;
  readonly phase: 'warmup' | 'steady' | 'cooldown';
  readonly dispatchDelayMs?: number;
  readonly ttfeMs?: number;
  readonly ttftMs?: number;
  readonly ttfoMs?: number;
  readonly e2eMs?: number;
  readonly tpotMs?: number;
  readonly tpotTextMs?: number;
  readonly isBuffered: boolean;
  readonly stallCount?: number;
  readonly stallMsMax?: number;
  readonly outputTokens?: number;
  readonly isGood: boolean;
  readonly isLeaked: boolean;
  readonly costUsd?: number;
  readonly servedAs: 'local' | 'cloud' | 'failed-over' | 'spilled' | 'failed' | 'unknown';
}

export interface Analysis {
  readonly manifest: Manifest;
  readonly isSimulated: boolean;
  readonly isWhole: boolean;
  readonly endedAt: number;
  readonly verdict: {
    readonly kind: 'passed' | 'missed' | 'undecided' | 'invalid' | 'partial' | 'no-objectives';
    readonly exitCode: number;
    readonly objectives: readonly ObjectiveResult[];
    readonly invalid: readonly Invalidity[];
  };
  readonly advisories: readonly Advisory[];
  readonly rows: readonly SummaryRow[];
  readonly failovers: readonly FailoverRow[];
  readonly failbacks: readonly FailbackRow[];
  /** Of a failover suite: what became of each fault, arm by arm. */
  readonly matrix: readonly MatrixArm[];
  readonly failures: readonly FailureRow[];
  readonly outages: readonly OutageRow[];
  readonly tradeOffs: readonly TradeOff[];
  /** Rows of the suite in which another arm did better than the first. */
  readonly lost: readonly LostRow[];
  readonly timelines: readonly Timeline[];
  readonly distributions: readonly Distribution[];
  readonly costs: readonly CostResult[];
  readonly exchanges: readonly ExchangeFigures[];
  readonly attempts: readonly Attempt[];
}
