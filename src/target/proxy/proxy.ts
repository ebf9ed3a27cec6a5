/**
 * The proxy's heart, free of transport: what it is given, and what it is asked to do.
 *
 * No server, no HTTP client and no database is imported here or below `respond`. Fastify, undici
 * and SQLite are adapters around these interfaces, so the same heart runs on the wire and in
 * virtual time.
 */

import type { Attempt, CircuitChange, Probe } from '../../log/entry.ts';
import type { FailureReason, GenerationEvent, Usage } from '../../protocol/generation.ts';
import type {
  FunctionTool,
  Item,
  PromptItem,
  ResponseResource,
  TextFormat,
  ToolChoice,
  Verbosity,
} from '../../protocol/responses.ts';
import type { IdSource } from '../../random/id.ts';
import type { Random } from '../../random/random.ts';
import type { Candidate, ResidencyRule, System } from '../../system/system.ts';
import type { Clock } from '../../time/clock.ts';
import type { ConversationStore } from './conversation-store.ts';
import type { UsageLedger } from './usage-ledger.ts';

/** One call of one backend: the conversation whole, in our own items, no foreign ids. */
export interface UpstreamCall {
  readonly candidate: Candidate;
  readonly instructions?: string;
  readonly input: readonly PromptItem[];
  readonly tools: readonly FunctionTool[];
  readonly toolChoice: ToolChoice;
  readonly isParallelToolCalls: boolean;
  readonly format: TextFormat;
  readonly verbosity?: Verbosity;
  readonly reasoningEffort?: string;
  readonly reasoningSummary?: string;
  readonly temperature?: number;
  readonly topP?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  /** Log probabilities are wanted, and of so many other tokens in each place. */
  readonly topLogprobs?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  readonly maxOutputTokens?: number;
  readonly promptCacheKey?: string;
  readonly safetyIdentifier?: string;
  readonly user?: string;
  /** Absent unless the client asked for a tier of its own. */
  readonly serviceTier?: string;
  /** Text already shown to the reader, to be continued; set on a continuing failover only. */
  readonly continues?: string;
  /** It is to stay at home, also behind a backend that has clouds of its own. */
  readonly isLocalOnly?: boolean;
  /** `traceparent` of this attempt. */
  readonly trace: string;
  readonly span: string;
  /** Told when the request's first byte is handed to the socket, and when response headers come. */
  readonly onSent?: (at: number, localPort?: number) => void;
  readonly onHeaders?: (at: number) => void;
}

/** A backend, as the heart sees it. Never throws: what goes wrong is a `failure` event. */
export interface Upstream {
  readonly name: string;
  /** Yields together what came together, as soon as it came. */
  open(call: UpstreamCall, signal: AbortSignal): AsyncIterable<readonly GenerationEvent[]>;
  /** A cheap question that shows whether it is there; rejects, or resolves with what is loaded. */
  probe(signal: AbortSignal): Promise<{ readonly loadedModels?: readonly string[] }>;
  /** The same over a connection of its own, on the path that requests take; where paths differ. */
  check?(signal: AbortSignal): Promise<unknown>;
  /** Has a connection ready for a call that may come soon; absent where nothing is connected. */
  prepare?(): void;
  /** Paths that people must mend; absent where there are none to tell apart. */
  alarms?(): readonly Alarm[];
  /** What its models are able to do, by their names; absent where nobody can be asked. */
  abilities?(signal: AbortSignal): Promise<ReadonlyMap<string, ModelAbility>>;
  close(): Promise<void>;
}

/** Something that no waiting mends. */
export interface Alarm {
  /** What is wrong: the backend itself where neither is given. */
  readonly model?: string;
  readonly address?: string;
  readonly reason: FailureReason;
  readonly message: string;
}

/** What a model is able to do; undefined where the server does not say. */
export interface ModelAbility {
  readonly vision?: boolean;
  readonly tools?: boolean;
  /** The server only passes on what it is asked, to another that runs it. */
  readonly isRemote?: boolean;
}

/** One finished or running response, as kept. */
export interface StoredResponse {
  readonly id: string;
  /** Name of the key that made it; another key's responses are not found. */
  readonly owner: string;
  readonly previousId?: string;
  /** The input items of this turn alone, each with an id. */
  readonly input: readonly Item[];
  readonly resource: ResponseResource;
  /** Milliseconds since 1970. */
  readonly createdAtWall: number;
}

/** An item found by its id, and the demand of the responses that hold it. */
export interface HeldItem {
  readonly item: Item;
  /** One of them was made under `local-only`. */
  readonly isLocalOnly: boolean;
}

export interface StateStore {
  put(response: StoredResponse): Promise<void>;
  get(id: string): Promise<StoredResponse | undefined>;
  /**
   * The response and its ancestors, eldest first; undefined when any is missing. Their instructions
   * and tools, which nobody goes on with, may be left out.
   */
  chain(id: string): Promise<readonly StoredResponse[] | undefined>;
  /** Those of these items that responses of the owner hold, by their ids. */
  items(ids: readonly string[], owner: string): Promise<ReadonlyMap<string, HeldItem>>;
  delete(id: string): Promise<boolean>;
  close(): Promise<void>;
  /** Rejects while nothing can be kept; absent where something always can. */
  check?(): Promise<void>;
  /** Set on a store that is also given what was asked with `store: false`. */
  readonly keepsUnstored?: true;
}

/** Where an answer goes. Each `write` is one whole SSE frame, or the whole JSON body. */
export interface Reply {
  head(status: number, headers: Readonly<Record<string, string>>): void;
  /** False when the reader is slow: await `drained` before writing more. */
  write(chunk: string): boolean;
  drained(): Promise<void>;
  end(): void;
  /** Aborts when the client has left. */
  readonly gone: AbortSignal;
}

/** Who asks, as established by the transport. */
export interface Caller {
  /** Name of the key; `anonymous` on an open proxy. */
  readonly name: string;
  readonly residency: ResidencyRule;
  /** From the client's `traceparent`, or minted: 32 hexadecimal digits. */
  readonly trace: string;
  /** `x-request-id` of this request. */
  readonly requestId: string;
  /** The headers `x-spillway-backend` and `x-spillway-not`, as they came. */
  readonly pin?: string;
  readonly forbid?: string;
}

/** A request as logs and counts know it: never what it says, never a secret. */
export interface RequestFacts {
  readonly requestId: string;
  readonly trace: string;
  /** Name of the key. */
  readonly key: string;
  /** The model as the client named it. */
  readonly model: string;
}

/** One who is told of a request from its beginning to its end. */
export interface RequestWatch {
  /** The status went out. */
  answered(status: number): void;
  /** So did an error and nothing else: its `code`. */
  refused(code: string): void;
  /** Nothing of the request is left running. `hasLeft`: the client did not wait for the end. */
  ended(hasLeft: boolean): void;
}

/** What a run log holds of a circuit; the run's arm is added by the receiver. */
export type CircuitEntry = Omit<Probe, 'arm'> | Omit<CircuitChange, 'arm'>;

export interface ProxyParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: IdSource;
  readonly store: StateStore;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly system: System;
  /** Given each attempt once it is over. The run's arm is added by the receiver. */
  readonly record: (attempt: Omit<Attempt, 'arm'>, request: RequestFacts) => void;
  /** Given each change of a backend's circuit, and each probe of one that is shut out. */
  readonly tell?: (entry: CircuitEntry) => void;
  /** Told of each request as it comes. */
  readonly watch?: (request: RequestFacts) => RequestWatch;
  /** USD of an attempt, or undefined when its model has no known price. */
  readonly priceOf: (backend: string, model: string, usage: Attempt['usage']) => number | undefined;
  /** USD that the same tokens would cost at each cloud model that answers are valued at. */
  readonly worthOf?: (usage: Usage) => Readonly<Record<string, number>>;
  /** Where conversations are kept; in memory when absent. Closed by whoever opened it. */
  readonly conversations?: ConversationStore;
  /** Where usage is kept; in memory when absent. Closed by whoever opened it. */
  readonly ledger?: UsageLedger;
  /** Asked before each call of a cloud backend; false once the spend limit is reached. */
  readonly maySpend: () => boolean;
  /** Tokens of a text, for estimates and the prompt-cut check. */
  readonly countTokens: (text: string) => number;
  /**
   * Loads a vocabulary and counts by it, for one who asks for a count; the estimate when absent.
   */
  readonly exactCount?: () => Promise<(text: string) => number>;
}
