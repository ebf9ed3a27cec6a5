/**
 * One backend as the proxy knows it: its circuit, its slots, and which models it has in memory.
 *
 * While the circuit is open a probe is sent each time its wait is over, driven by the clock, so
 * that a backend that has come back is found by us and not by a user.
 */

import type { Failure } from '../../protocol/generation.ts';
import type { BackendSystem, Candidate, System } from '../../system/system.ts';
import { type Clock, within } from '../../time/clock.ts';
import { Admission } from './admission.ts';
import { BackendQuota } from './backend-quota.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import type { CircuitEntry, ModelAbility, Upstream } from './proxy.ts';
import type { CandidateState } from './router.ts';

/** How long a probe may take. */
const probeMsMax = 3000;
/** For how long a look at the loaded models is believed. */
const lookFreshMs = 2000;
/** For how long what the models are able to do is believed: until one is pulled anew. */
const abilityFreshMs = 60_000;
/** For how long a time to first token is believed; after that the backend is asked to know it. */
const latencyFreshMs = 300_000;
/** Weight of the latest time to first token in the running mean. */
const latestWeightRatio = 0.3;
/** How long a request waits for that look; then it goes on as if the model were loaded. */
const lookMsMax = 150;
/** How long loading a model may take: the longest loads seen are above five minutes. */
const warmMsMax = 600_000;
/** A call that loads and is still out by then may hang on a dead path: another goes beside it. */
const warmAgainMs = 60_000;

/** Failures that say nothing about whether the backend can serve the next request. */
const blameless: ReadonlySet<Failure['reason']> = new Set(['bad-seam', 'prompt-cut']);

/** What is told of a backend to those who ask. */
export interface BackendHealth {
  readonly name: string;
  readonly residency: BackendSystem['residency'];
  readonly breaker: 'closed' | 'open' | 'half-open';
  readonly running: number;
  readonly queued: number;
  readonly slots: number;
  readonly loadedModels?: readonly string[];
  /** Changes of its circuit, the eldest first, as many as are kept. */
  readonly changes: readonly BreakerChange[];
}

/** The circuit came into another state. */
export interface BreakerChange {
  readonly at: number;
  readonly to: BackendHealth['breaker'];
  /** The failure that opened it, or kept it open; absent when it closed. */
  readonly failure?: Pick<Failure, 'reason' | 'message'>;
}

/** Changes of the circuit that are kept. */
const changesMax = 20;

/** What a backend knows of a candidate by itself, whoever asks. */
type OwnState = Pick<
  CandidateState,
  | 'candidate'
  | 'residency'
  | 'mayServe'
  | 'hasFreeSlot'
  | 'queuedCount'
  | 'predictedWaitMs'
  | 'isLoaded'
  | 'busyRatio'
  | 'firstTokenMs'
>;

export class Backend {
  readonly system: BackendSystem;
  readonly upstream: Upstream;
  readonly admission: Admission;
  readonly quota: BackendQuota;
  readonly #clock: Clock;
  readonly #breaker: CircuitBreaker;
  readonly #tell: (entry: CircuitEntry) => void;
  readonly #closing = new AbortController();
  /** Models that are being loaded, and since when. */
  readonly #warming = new Map<string, number>();
  #changes: readonly BreakerChange[] = [];
  #loadedModels: readonly string[] | undefined;
  /** False once it has answered a probe without saying; asking again would be idle. */
  #tellsModels = true;
  #lookedAt = -Infinity;
  #look: Promise<void> | undefined;
  #probeTimer: Disposable | undefined;
  readonly #latencies = new Map<string, { readonly ms: number; readonly at: number }>();
  #abilities: ReadonlyMap<string, ModelAbility> = new Map();
  #abilitiesAt = -Infinity;
  #abilityLook: Promise<void> | undefined;

  constructor(
    system: BackendSystem,
    upstream: Upstream,
    policy: System['breaker'],
    clock: Clock,
    tell: (entry: CircuitEntry) => void = () => undefined,
  ) {
    this.#tell = tell;
    this.system = system;
    this.upstream = upstream;
    this.admission = new Admission(system.slots);
    this.quota = new BackendQuota(system);
    this.#clock = clock;
    this.#breaker = new CircuitBreaker(policy);
  }

  get mayServe(): boolean {
    return this.#breaker.mayServe;
  }

  /** How long until the next probe, while the circuit is not closed. */
  get probeInMs(): number | undefined {
    return this.#breaker.probeInMs(this.#clock.now());
  }

  get health(): BackendHealth {
    return {
      name: this.system.name,
      residency: this.system.residency,
      breaker: this.#breaker.state.kind,
      running: this.admission.runningCount,
      queued: this.admission.queuedCount,
      slots: this.system.slots,
      changes: this.#changes,
      ...(this.#loadedModels ? { loadedModels: this.#loadedModels } : {}),
    };
  }

  /** What the router asks of a candidate. */
  state(candidate: Candidate): OwnState {
    const { runningCount, queuedCount } = this.admission;
    return {
      candidate,
      residency: this.system.residency,
      mayServe: this.mayServe,
      hasFreeSlot: this.admission.hasFreeSlot,
      queuedCount: this.admission.queuedCount,
      predictedWaitMs: this.admission.predictedWaitMs(this.#clock.now()),
      isLoaded: this.#isLoaded(candidate.model),
      busyRatio: (runningCount + queuedCount) / this.system.slots,
      firstTokenMs: this.#firstTokenMs(candidate.model),
    };
  }

  /** What a model is able to do, as far as the backend has said. */
  ability(model: string): ModelAbility {
    return this.#abilities.get(model) ?? this.#abilities.get(withTag(model)) ?? {};
  }

  /** An attempt was served whole. */
  succeed(model: string, serviceMs: number, firstTokenMs: number | undefined): void {
    this.#breaker.succeed();
    this.admission.served(serviceMs);
    if (firstTokenMs !== undefined) {
      const known = this.#firstTokenMs(model) ?? firstTokenMs;
      const ms = known + latestWeightRatio * (firstTokenMs - known);
      this.#latencies.set(model, { ms, at: this.#clock.now() });
    }
    if (this.#loadedModels && this.#isLoaded(model) === false)
      this.#loadedModels = [...this.#loadedModels, model];
  }

  /** An attempt failed; the circuit may open. */
  fail(failure: Failure): void {
    if (failure.isRequestFault === true || blameless.has(failure.reason)) return;
    this.#breaker.fail(failure, this.#clock.now());
    this.#noteChange(failure);
    // Whatever comes back after this may have lost its models.
    this.#lookedAt = -Infinity;
    this.#armProbe();
  }

  /** Learns which models are in memory, unless that is known; takes little time in any case. */
  async lookAtModels(): Promise<void> {
    if (!this.mayServe || !this.#tellsModels) return;
    if (this.#clock.now() - this.#lookedAt < lookFreshMs) return;
    this.#look ??= this.#ask()
      .catch(() => undefined)
      .finally(() => {
        this.#look = undefined;
      });
    await within(this.#clock, lookMsMax, 'looking at the models', this.#look).catch(
      () => undefined,
    );
    this.#lookedAt = this.#clock.now();
  }

  /** Learns what the models are able to do, unless that is known; takes little time in any case. */
  async lookAtAbilities(): Promise<void> {
    const { upstream } = this;
    if (!upstream.abilities || !this.mayServe) return;
    if (this.#clock.now() - this.#abilitiesAt < abilityFreshMs) return;
    this.#abilityLook ??= within(
      this.#clock,
      probeMsMax,
      'asking for abilities',
      upstream.abilities(this.#closing.signal),
    )
      .then((abilities) => {
        this.#abilities = abilities;
      })
      // One that does not tell is taken at the word of the file.
      .catch(() => undefined)
      .finally(() => {
        this.#abilitiesAt = this.#clock.now();
        this.#abilityLook = undefined;
      });
    await within(this.#clock, lookMsMax, 'asking for abilities', this.#abilityLook).catch(
      () => undefined,
    );
  }

  /** Has the model loaded in the background, while others are served elsewhere. */
  warm(candidate: Candidate, trace: string, span: string): void {
    const { model } = candidate;
    const now = this.#clock.now();
    const since = this.#warming.get(model) ?? Number.NEGATIVE_INFINITY;
    if (now < since + warmAgainMs || this.#closing.signal.aborted) return;
    this.#warming.set(model, now);
    const leave = new AbortController();
    const drain = async (): Promise<void> => {
      const call = { candidate, ...warmUp, trace, span };
      for await (const events of this.upstream.open(call, leave.signal))
        if (events.at(-1)?.kind === 'end') this.#lookedAt = -Infinity;
    };
    this.#closing.signal.addEventListener('abort', () => leave.abort(), { once: true });
    void within(this.#clock, warmMsMax, 'loading the model', drain())
      .catch(() => undefined)
      .finally(() => {
        leave.abort();
        if (this.#warming.get(model) === now) this.#warming.delete(model);
      });
  }

  /** Stops probing and warming. The upstream is closed by whoever opened it. */
  close(): void {
    this.#closing.abort();
    this.#probeTimer?.[Symbol.dispose]();
  }

  #armProbe(): void {
    const inMs = this.probeInMs;
    if (inMs === undefined || this.#closing.signal.aborted) return;
    this.#probeTimer?.[Symbol.dispose]();
    this.#probeTimer = this.#clock.at(this.#clock.now() + inMs, () => void this.#probe());
  }

  async #probe(): Promise<void> {
    const startedAt = this.#clock.now();
    if (!this.#breaker.admitProbe(startedAt)) return;
    const told = { kind: 'probe', backend: this.system.name, startedAt } as const;
    try {
      await this.#ask();
      this.#tell({ ...told, endedAt: this.#clock.now(), outcome: 'answered' });
      this.#breaker.probeSucceeded();
      this.#noteChange(undefined);
    } catch {
      this.#tell({ ...told, endedAt: this.#clock.now(), outcome: 'failed' });
      this.#breaker.probeFailed(this.#clock.now());
      this.#armProbe();
    }
  }

  /** A circuit that only waits for its next probe has not changed. */
  #noteChange(failure: BreakerChange['failure']): void {
    const to = this.#breaker.state.kind;
    if (to === (this.#changes.at(-1)?.to ?? 'closed')) return;
    const { reason, message } = failure ?? {};
    const change = {
      at: this.#clock.now(),
      to,
      ...(reason !== undefined && message !== undefined && { failure: { reason, message } }),
    };
    this.#changes = [...this.#changes.slice(1 - changesMax), change];
    const { name } = this.system;
    const { at } = change;
    this.#tell({ kind: 'circuit', backend: name, at, to, ...(reason !== undefined && { reason }) });
  }

  async #ask(): Promise<void> {
    const leave = new AbortController();
    try {
      const seen = await within(
        this.#clock,
        probeMsMax,
        'the probe',
        this.upstream.probe(AbortSignal.any([leave.signal, this.#closing.signal])),
      );
      this.#loadedModels = seen.loadedModels;
      this.#tellsModels = seen.loadedModels !== undefined;
      this.#lookedAt = this.#clock.now();
    } finally {
      leave.abort();
    }
  }

  #isLoaded(model: string): boolean | undefined {
    const tagged = withTag(model);
    return this.#loadedModels?.some((loaded) => loaded === model || loaded === tagged);
  }

  #firstTokenMs(model: string): number | undefined {
    const latency = this.#latencies.get(model);
    return latency && this.#clock.now() - latency.at < latencyFreshMs ? latency.ms : undefined;
  }
}

/** Ollama's full name of a model. */
const withTag = (model: string): string => (model.includes(':') ? model : `${model}:latest`);

/** The smallest question there is. */
const warmUp = {
  input: [{ type: 'message', role: 'user', content: 'Hi' }],
  tools: [],
  toolChoice: 'none',
  isParallelToolCalls: false,
  format: { type: 'text' },
  maxOutputTokens: 1,
} as const;
