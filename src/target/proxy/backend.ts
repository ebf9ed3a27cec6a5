/**
 * One backend as the proxy knows it: its circuits, its slots, its models, and how fast it reads.
 */

import type { IdSource } from '../../random/id.ts';
import type { Random } from '../../random/random.ts';
import type { Failure } from '../../protocol/generation.ts';
import { isCloudTag } from '../../system/cloud-tag.ts';
import type { BackendSystem, Candidate, System } from '../../system/system.ts';
import type { Clock } from '../../time/clock.ts';
import { Admission } from './admission.ts';
import { BackendModels, type Heard } from './backend-models.ts';
import { BackendQuota } from './backend-quota.ts';
import { BoundedMap, modelsMax } from './bounded-map.ts';
import type { BreakerChange } from './circuit.ts';
import { Circuits, type ModelCircuit } from './circuits.ts';
import { isOwnError } from './failure.ts';
import { firstTokenDeadlineMs } from './first-token-deadline.ts';
import { PrefillRate } from './prefill-rate.ts';
import type { Alarm, CircuitEntry, ModelAbility, Upstream } from './proxy.ts';
import { Roster } from './roster.ts';
import type { CandidateState } from './router.ts';
import { type OpinionCounts, SecondOpinion } from './second-opinion.ts';

/** For how long a time to first token is believed; after that the backend is asked to know it. */
const latencyFreshMs = 300_000;
/** Weight of the latest time to first token in the running mean. */
const latestWeightRatio = 0.3;
/** How fast prompts are taken to be read where neither the file nor experience says. */
const assumedTokensPerSecond = { local: 500, cloud: 5000 } as const;
/** How long a request without any other place waits for a probe before its time. */
const reviveMsMax = 250;

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
  /** Models with a circuit of their own that has been open. */
  readonly models: readonly ModelCircuit[];
  /** What people must mend. */
  readonly alarms: readonly Alarm[];
  /** Questions over a second connection, asked because an attempt was silent. */
  readonly secondOpinions: OpinionCounts;
}

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

/** A prompt that was sent and, until a token comes, is being read or waits to be. */
export interface Reading {
  readonly promptTokens: number;
  readonly hasToken: boolean;
}

/** An attempt that was served whole. */
export interface Served {
  readonly candidate: Candidate;
  readonly serviceMs: number;
  readonly firstTokenMs: number | undefined;
  readonly firstTokenAt: number | undefined;
  /** Tokens that were read before the first token; absent where it waited for more than them. */
  readonly readTokens?: number;
}

export interface BackendParts {
  readonly policy: System['breaker'];
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: IdSource;
  readonly tell?: (entry: CircuitEntry) => void;
}

export class Backend {
  readonly system: BackendSystem;
  readonly upstream: Upstream;
  readonly admission: Admission;
  readonly quota: BackendQuota;
  readonly #clock: Clock;
  readonly #circuits: Circuits;
  readonly #models: BackendModels;
  readonly #opinion: SecondOpinion;
  readonly #latencies = new BoundedMap<string, { readonly ms: number; readonly at: number }>(
    modelsMax,
  );
  readonly #rates = new BoundedMap<string, PrefillRate>(modelsMax);
  readonly #readings = new Roster<Reading>();
  /** The candidates that users asked for, by model. */
  readonly #asked = new BoundedMap<string, Candidate>(modelsMax);

  constructor(system: BackendSystem, upstream: Upstream, parts: BackendParts) {
    const { policy, clock, random, ids, tell = () => undefined } = parts;
    this.system = system;
    this.upstream = upstream;
    this.admission = new Admission(system.slots);
    this.quota = new BackendQuota(system);
    this.#clock = clock;
    const mayServe = (): boolean => this.#circuits.host.mayServe;
    this.#models = new BackendModels({ system, upstream, clock, ids, mayServe });
    const ask = async (signal: AbortSignal): Promise<void> => {
      try {
        await (upstream.check ? upstream.check(signal) : upstream.probe(signal));
      } catch (error) {
        // Our own trouble says nothing about the backend.
        if (!isOwnError(error)) throw error;
      }
    };
    this.#opinion = new SecondOpinion(clock, ask, system.suspectMs);
    this.#circuits = new Circuits({
      backend: system.name,
      policy,
      clock,
      random,
      tell,
      probeHost: () => this.#models.probe(),
      probeModel: (model) => this.#probeModel(model),
      onReturn: () => this.#warmAll(),
    });
  }

  /** Whether the host itself serves, whatever becomes of a model. */
  get mayServe(): boolean {
    return this.#circuits.host.mayServe;
  }

  /** Whether a request for the model may be sent. */
  mayServeModel(model: string): boolean {
    return this.#circuits.mayServe(model);
  }

  /** How long until the next probe, while a circuit in the way of the model is not closed. */
  probeInMs(model: string): number | undefined {
    return this.#circuits.probeInMs(model);
  }

  get health(): BackendHealth {
    const { host, models, alarms } = this.#circuits;
    const { loaded } = this.#models;
    return {
      name: this.system.name,
      residency: this.system.residency,
      breaker: host.kind,
      running: this.admission.runningCount,
      queued: this.admission.queuedCount,
      slots: this.system.slots,
      changes: host.changes,
      models,
      alarms: [...alarms, ...(this.upstream.alarms?.() ?? [])],
      secondOpinions: this.#opinion.counts,
      ...(loaded ? { loadedModels: loaded } : {}),
    };
  }

  /** What the router asks of a candidate. */
  state(candidate: Candidate): OwnState {
    const { runningCount, queuedCount } = this.admission;
    return {
      candidate,
      residency: this.residencyOf(candidate.model),
      mayServe: this.mayServeModel(candidate.model),
      hasFreeSlot: this.admission.hasFreeSlot,
      queuedCount: this.admission.queuedCount,
      predictedWaitMs: this.admission.predictedWaitMs(this.#clock.now()),
      isLoaded: this.isLoaded(candidate.model),
      busyRatio: (runningCount + queuedCount) / this.system.slots,
      firstTokenMs: this.#firstTokenMs(candidate.model),
    };
  }

  /** Whether the model is in memory; undefined when the backend does not say. */
  isLoaded(model: string): boolean | undefined {
    return this.#isPassedOn(model) ? undefined : this.#models.isLoaded(model);
  }

  /**
   * Where the model runs, as far as is known: a backend at home can pass on what some are asked,
   * also one whose name a client fills in.
   */
  residencyOf(model: string): BackendSystem['residency'] {
    return this.#isPassedOn(model) ? 'cloud' : this.system.residency;
  }

  /** Whether it would have to be asked which models it passes on. */
  get needsAbilities(): boolean {
    return this.system.residency === 'local' && this.#models.needsAbilities;
  }

  /** Learns which models it passes on; waits for the answer for seconds, once a minute. */
  learnAbilities(): Promise<void> {
    return this.#models.learnAbilities();
  }

  /** The last call of our own that the model has answered. */
  heard(model: string): Heard | undefined {
    return this.#models.heard(model);
  }

  /** What a model is able to do, as far as the backend has said. */
  ability(model: string): ModelAbility {
    return this.#models.ability(model);
  }

  /** Tokens of prompts that we sent and that have not begun to be answered. */
  get aheadTokens(): number {
    let tokens = 0;
    for (const { hasToken, promptTokens } of this.#readings) if (!hasToken) tokens += promptTokens;
    return tokens;
  }

  /** An attempt begins to be read; to be given back when it ends. */
  begin(candidate: Candidate, reading: Reading): Disposable {
    this.#asked.set(candidate.model, candidate);
    this.#models.asked(candidate.model);
    return { [Symbol.dispose]: this.#readings.enter(reading) };
  }

  /** How long to wait for the first token of a prompt, behind so many others. */
  firstTokenDeadlineMs(candidate: Candidate, promptTokens: number, aheadTokens: number): number {
    const { firstTokenMs, firstTokenMsMax = firstTokenMs, residency } = this.system;
    return firstTokenDeadlineMs({
      baseMs: firstTokenMs,
      maxMs: firstTokenMsMax,
      promptTokens,
      aheadTokens,
      tokensPerSecond:
        candidate.prefillTokensPerSecond ??
        this.#rates.get(candidate.model)?.tokensPerSecond ??
        assumedTokensPerSecond[residency],
    });
  }

  /** What another connection says while an attempt is silent. */
  get secondOpinion(): SecondOpinion {
    return this.#opinion;
  }

  /** An attempt was served whole. */
  succeed({ candidate, serviceMs, firstTokenMs, firstTokenAt, readTokens }: Served): void {
    const { model } = candidate;
    this.#circuits.succeed(model);
    this.admission.served(serviceMs);
    if (firstTokenMs !== undefined) {
      const known = this.#firstTokenMs(model) ?? firstTokenMs;
      const ms = known + latestWeightRatio * (firstTokenMs - known);
      this.#latencies.set(model, { ms, at: this.#clock.now() });
      if (readTokens !== undefined) this.#rateOf(model).learn(readTokens, firstTokenMs);
    }
    // An answer without a word may have been given without the model.
    if (firstTokenAt !== undefined) this.#models.spoke(model, firstTokenAt);
  }

  /**
   * An attempt failed; a circuit may open. False where that speaks against nobody here. `told` is
   * what may be shown of it.
   */
  fail(candidate: Candidate, failure: Failure, told = failure): boolean {
    const isBlamed = this.#circuits.fail(candidate.model, failure, told);
    if (isBlamed) this.#models.forget();
    return isBlamed;
  }

  /** Whether what is known of the models in memory is too old to go by. */
  get needsLook(): boolean {
    return this.system.residency === 'local' && this.#models.needsLook;
  }

  /** Learns which models are in memory, unless that is known; takes little time in any case. */
  lookAtModels(): Promise<void> {
    return this.#models.look();
  }

  /** Learns what the models are able to do, unless that is known; takes little time in any case. */
  lookAtAbilities(): Promise<void> {
    return this.#models.lookAtAbilities();
  }

  /** Has the model loaded in the background, while others are served elsewhere. */
  warm(candidate: Candidate, trace: string): void {
    this.#models.warm(candidate, trace);
  }

  /**
   * Somebody waits whom nobody else can serve: what is shut out is probed at once, as often as that
   * may be. Takes a moment at most.
   */
  async revive({ model }: Candidate): Promise<void> {
    if (this.mayServeModel(model)) return;
    const leave = new AbortController();
    const wait = this.#clock.sleep(reviveMsMax, leave.signal).catch(() => undefined);
    await Promise.race([this.#circuits.revive(model), wait]);
    leave.abort();
  }

  /** Stops probing and warming. The upstream is closed by whoever opened it. */
  close(): void {
    this.#circuits.close();
    this.#models.close();
  }

  /** The first token of a cloud costs money: there the host is asked, and then a user. */
  async #probeModel(model: string): Promise<void> {
    if (!this.mayServe) throw new Error('the backend itself is not back');
    const candidate = this.#asked.get(model);
    if (candidate && this.residencyOf(model) === 'local')
      await this.#models.probeModel(candidate, this.system.firstTokenMs);
    else await this.#models.probe();
  }

  /** It may have come back without its models, and loading them should not wait for a user. */
  #warmAll(): void {
    if (this.system.residency !== 'local') return;
    for (const [model, candidate] of this.#asked)
      if (this.isLoaded(model) === false) this.#models.warm(candidate);
  }

  #isPassedOn(model: string): boolean {
    return isCloudTag(model) || this.#models.ability(model).isRemote === true;
  }

  #rateOf(model: string): PrefillRate {
    const rate = this.#rates.get(model) ?? new PrefillRate();
    this.#rates.set(model, rate);
    return rate;
  }

  #firstTokenMs(model: string): number | undefined {
    const latency = this.#latencies.get(model);
    return latency && this.#clock.now() - latency.at < latencyFreshMs ? latency.ms : undefined;
  }
}
