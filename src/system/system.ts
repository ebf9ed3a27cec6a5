/**
 * The hybrid as resolved from its file: every default filled in, every secret at hand, every
 * simulated backend still marked as such. The proxy is given this with addresses in place of
 * `simulated`, so that it cannot tell.
 */

import type { EntraSource } from './entra.ts';

export type Residency = 'local' | 'cloud';

/** What a key, a model or a request demands: anywhere with local first, or never the cloud. */
export type ResidencyRule = 'local-first' | 'local-only';

/** In which order the candidates of a model are asked, once what cannot serve is set aside. */
export type Strategy = 'ordered' | 'weighted' | 'least-busy' | 'lowest-latency' | 'cheapest';

export type Wire = 'ollama' | 'azure-openai' | 'openai';

/** Where an address is dialled in place of its own host; TLS still names that host. */
export interface Via {
  readonly host: string;
  readonly port: number;
  /** The certificate of an authority to trust there besides the usual ones, in PEM. */
  readonly ca?: string;
}

export interface SimulatedSpark {
  readonly kind: 'spark';
  /** Engine profile: `gpt-oss-120b@ollama`. One for each model the box has. */
  readonly profiles: readonly string[];
  readonly parallel: number;
  /** What its models have to share; a Spark's own where nothing is said. */
  readonly memoryGb?: number;
  /** Whether the models are in memory when the run begins. */
  readonly isWarm: boolean;
  readonly keepAliveMs: number;
  /** How it is reached, in order of preference: an address for each; one in plain HTTP if absent. */
  readonly paths?: readonly ('http' | 'https')[];
  /** Scale of all durations: 1 is real speed, 0.1 is ten times faster. Printed. */
  readonly timeScale: number;
  /** Port that another proxy reaches it at, in a suite; any when absent. */
  readonly port?: number;
}

export interface SimulatedCloud {
  readonly kind: 'cloud';
  readonly ttftMsP50: number;
  readonly ttftMsP95: number;
  readonly tokensPerSecond: number;
  /** Admission per minute; Infinity when unlimited. */
  readonly tokensPerMinute: number;
  readonly requestsPerMinute: number;
  /** How it behaves when asked to continue a text: `well`, or badly in one of these ways. */
  readonly continues: 'well' | 'start-over' | 'repeat' | 'preamble' | 'language' | 'refuse';
  readonly timeScale: number;
  /** Port that another proxy reaches it at, in a suite; any when absent. */
  readonly port?: number;
}

export interface BackendSystem {
  readonly name: string;
  readonly wire: Wire;
  /** In order of preference. For a simulated backend: empty until it is opened. */
  readonly urls: readonly string[];
  /** What to dial instead of an address's own host (a fault shim), by that address. */
  readonly via?: Readonly<Record<string, Via>>;
  readonly simulate?: SimulatedSpark | SimulatedCloud;
  readonly apiKey?: string;
  readonly apiVersion?: string;
  /** What a server of kind `openai` is asked: the Responses API unless it says otherwise. */
  readonly api?: 'responses' | 'chat';
  /** Where its tokens come from, in place of a key. */
  readonly entra?: EntraSource;
  /** The HTTP proxy on the way to an address, by that address; others are dialled directly. */
  readonly egress?: Readonly<Record<string, string>>;
  /** Certificates to trust besides the machine's own: a PEM file. */
  readonly caFile?: string;
  readonly residency: Residency;
  readonly deployment?: { readonly type: string; readonly region?: string };
  /** Requests it serves at once; what exceeds it queues here or spills. */
  readonly slots: number;
  /** Its quota, kept by us so that it need not refuse; absent when it has none. */
  readonly requestsPerMinute?: number;
  /** Prompt and output limit together, charged when a request is sent. */
  readonly tokensPerMinute?: number;
  readonly connectMs: number;
  /** The least deadline for a first token; a long prompt is given more, up to the maximum. */
  readonly firstTokenMs: number;
  /** The most; `firstTokenMs` holds for every prompt where absent. */
  readonly firstTokenMsMax?: number;
  readonly stallMs: number;
  /** Silence after which a second connection is asked; absent where none is. */
  readonly suspectMs?: number;
  /** USD per million tokens, when the user knows better than the price table. */
  readonly price?: {
    readonly input: number;
    readonly cachedInput?: number;
    readonly output: number;
  };
}

export interface Candidate {
  readonly backend: string;
  /** The name the backend knows the model by; on Azure the deployment. */
  readonly model: string;
  /** Context window asked of Ollama; prompts are never cut. */
  readonly numCtx?: number;
  /** How fast it reads a prompt; learnt from the answers where absent. */
  readonly prefillTokensPerSecond?: number;
  /** Model id in the price table, when the deployment's name is not one. */
  readonly priceModel?: string;
  /** Its window in tokens, for those that are not asked for one with `numCtx`. */
  readonly contextTokensMax?: number;
  /** Whether it understands images, and calls tools; absent when the file does not say. */
  readonly vision?: boolean;
  readonly tools?: boolean;
  /** Its share of the requests, under `strategy: weighted`; 1 when absent. */
  readonly weight?: number;
}

export interface ModelSystem {
  readonly name: string;
  readonly candidates: readonly Candidate[];
  /** `ordered` when absent. */
  readonly strategy?: Strategy;
  /** `local-only` keeps everything asked of this model at home. */
  readonly residency?: ResidencyRule;
  /** Served without being listed. */
  readonly hidden?: boolean;
}

export interface KeySystem {
  readonly name: string;
  readonly key: string;
  readonly residency: ResidencyRule;
  readonly tokensPerMinute?: number;
  readonly requestsPerMinute?: number;
  readonly concurrentRequests?: number;
  /**
   * Cloud money it may spend in a calendar month (UTC); what is served at home costs it nothing.
   */
  readonly monthlyBudgetUsd?: number;
  /** The models it may ask for; all when absent. */
  readonly models?: readonly string[];
  /** An administrator sees everybody's usage. */
  readonly role?: 'user' | 'admin';
}

export interface Economics {
  readonly fx?: { readonly usdJpy: number; readonly asOf: string; readonly source: string };
  readonly box?: {
    readonly capexJpy: number;
    readonly lifeMonths: number;
    readonly tariffJpyPerKwh: number;
    readonly idleWatts: number;
    readonly busyWatts: number;
  };
  /** Cloud models to compare with; `configured` stands for the first cloud candidate. */
  readonly counterfactuals: readonly string[];
  readonly spendMaxUsd?: number;
}

export interface System {
  readonly listen: { readonly host: string; readonly port: number };
  readonly state:
    | { readonly kind: 'memory'; readonly retainDays: number }
    | { readonly kind: 'sqlite'; readonly path: string; readonly retainDays: number };
  /** Backends a request is sent to before it fails; the first and one more where absent. */
  readonly attemptsMax?: number;
  /** How long running answers may take to end when the proxy stops; 10 s where absent. */
  readonly drainMs?: number;
  /** Who may read the metrics: those with a key, when absent. */
  readonly metrics?: 'keyed' | 'open';
  /** Where requests are logged, and which; all on stderr when absent. */
  readonly log?: { readonly file?: string; readonly level: 'off' | 'error' | 'info' };
  readonly keys: readonly KeySystem[];
  readonly backends: readonly BackendSystem[];
  readonly models: readonly ModelSystem[];
  /** The model of a request that names none. */
  readonly defaultModel?: string;
  readonly midStream: 'fail' | 'continue';
  /** What commits the proxy to a backend: the first visible text, or reasoning as well. */
  readonly commitOn: 'text' | 'reasoning';
  readonly cold: 'spill' | 'wait';
  readonly spill: { readonly queueMax: number; readonly waitMsMax: number };
  readonly breaker: {
    readonly hardFailures: number;
    readonly softFailures: number;
    readonly openForMs: number;
  };
  readonly economics: Economics;
}
