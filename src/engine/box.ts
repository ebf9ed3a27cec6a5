/**
 * One machine with several models, of which some are in memory: Ollama's scheduler.
 *
 *     offer ──▶ in memory? ──yes──▶ its engine
 *                   └──no──▶ pending, in strict order ──▶ loader, one at a time ──▶ its engine
 *
 * A model that must be loaded holds up every other that must be, while requests to models in memory
 * keep flowing. Where memory or the number of models does not suffice, an idle model is dropped,
 * the one that would expire first; while none is idle, the loader waits. A model leaves memory when
 * it has been idle for its keep-alive.
 *
 * Models in memory are reckoned independent: that they share one GPU while both work is not
 * modelled.
 *
 * Source: https://github.com/ollama/ollama/blob/main/server/sched.go
 */

import assert from 'node:assert/strict';

import { BatchEngine } from './batch-engine.ts';
import type { Job, JobState } from './engine.ts';
import type { EngineProfile } from './profile.ts';

export interface BoxOptions {
  /** The models on its disk; clients name them by their `tag`. */
  readonly profiles: readonly EngineProfile[];
  readonly parallel: number;
  /** Idle time after which a model leaves memory; negative is forever. */
  readonly keepAliveMs: number;
  /** Scale of all durations; 1 is real speed. */
  readonly timeScale?: number;
  /** Models in memory at once; Ollama allows three per GPU. */
  readonly loadedMax?: number;
  readonly memoryGb?: number;
  /** Requests that may wait for the loader: `OLLAMA_MAX_QUEUE`. */
  readonly pendingMax?: number;
}

/** What became of an offer; `busy` is Ollama's 503 while a model loads. */
export type Offered = 'accepted' | 'busy' | 'unknown-model';

export interface LoadedModel {
  readonly model: string;
  /** Infinity when it stays forever. */
  readonly expiresAt: number;
  readonly sizeBytes: number;
  readonly contextLength: number;
  /** It is on its way there; Ollama tells of it as of the others. */
  readonly isLoading: boolean;
}

/** The parts of one job's time, each known once it is over. */
export interface BoxTiming {
  readonly offeredAt: number;
  /** Until the model was in memory; 0 when it was. */
  readonly loadMs?: number;
  /** From there until the first chunk of the prompt. */
  readonly queueMs?: number;
  readonly prefillMs?: number;
  /** From the first token to the last. */
  readonly decodeMs?: number;
  readonly endedAt?: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
}

interface Resident {
  readonly profile: EngineProfile;
  readonly engine: BatchEngine;
  keepAliveMs: number;
  /** Undefined while it works. */
  expiresAt: number | undefined;
}

interface Offer {
  readonly model: string;
  readonly job: Job;
  readonly keepAliveMs: number | undefined;
  readonly offeredAt: number;
  /** Where and when it went on to; undefined while it is pending. */
  sent: { readonly at: number; readonly engine: BatchEngine } | undefined;
  cancelledAt: number | undefined;
}

/** Offers that are remembered, so that a driver can still ask about those that ended. */
const rememberedMax = 4096;

export class Box {
  readonly #options: BoxOptions;
  readonly #scale: number;
  readonly #profiles: ReadonlyMap<string, EngineProfile>;
  readonly #residents = new Map<string, Resident>();
  readonly #offers = new Map<string, Offer>();
  readonly #pending: Offer[] = [];
  #slowdown = 1;
  #loadDelayMs = 0;
  #loading: { readonly profile: EngineProfile; readonly until: number } | undefined;
  #now = Number.NEGATIVE_INFINITY;

  constructor(options: BoxOptions) {
    this.#options = options;
    this.#scale = options.timeScale ?? 1;
    this.#profiles = new Map(options.profiles.map((profile) => [profile.tag, profile]));
    assert.equal(this.#profiles.size, options.profiles.length, 'two profiles of one model');
  }

  /**
   * Takes a job for a model. A job with neither prompt nor output asks for the model to be loaded
   * and is done once it is. `keepAliveMs` overrides the box's own for this model from here on.
   */
  offer(model: string, job: Job, now: number, keepAliveMs?: number): Offered {
    this.advance(now);
    if (!this.#profiles.has(model)) return 'unknown-model';
    assert.ok(!this.#offers.has(job.id), `job ${job.id} was offered twice`);
    const resident = this.#residents.get(model);
    if (!resident && this.#pending.length >= (this.#options.pendingMax ?? 512)) return 'busy';

    this.#forget();
    const offer: Offer = {
      model,
      job,
      keepAliveMs,
      offeredAt: now,
      sent: undefined,
      cancelledAt: undefined,
    };
    this.#offers.set(job.id, offer);
    if (resident) this.#send(offer, resident, now);
    else this.#pending.push(offer);
    this.#settle(now);
    return 'accepted';
  }

  cancel(jobId: string, now: number): void {
    this.advance(now);
    const offer = this.#offers.get(jobId);
    if (!offer || offer.cancelledAt !== undefined) return;
    if (offer.sent) {
      offer.sent.engine.cancel(jobId, now);
    } else {
      offer.cancelledAt = now;
      this.#pending.splice(this.#pending.indexOf(offer), 1);
    }
    this.#settle(now);
  }

  /** The instant at which anything changes next; undefined when nothing will. */
  nextChangeAt(): number | undefined {
    let next = this.#loading?.until ?? Number.POSITIVE_INFINITY;
    for (const { engine, expiresAt } of this.#residents.values())
      next = Math.min(next, engine.nextChangeAt() ?? next, expiresAt ?? next);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  advance(now: number): void {
    assert.ok(now >= this.#now, `time ran backwards: ${now} after ${this.#now}`);
    for (let at = this.nextChangeAt(); at !== undefined && at <= now; at = this.nextChangeAt()) {
      for (const { engine } of this.#residents.values()) engine.advance(at);
      this.#settle(at);
    }
    for (const { engine } of this.#residents.values()) engine.advance(now);
    this.#now = now;
  }

  state(jobId: string): JobState | undefined {
    const offer = this.#offers.get(jobId);
    if (!offer) return undefined;
    if (offer.cancelledAt !== undefined) return { kind: 'cancelled' };
    if (isLoadRequest(offer.job) && offer.sent) return { kind: 'done', cachedTokens: 0 };
    if (offer.sent) return offer.sent.engine.state(jobId);
    if (this.#loading?.profile.tag === offer.model)
      return { kind: 'loading', until: this.#loading.until };
    return { kind: 'queued', ahead: this.#pending.indexOf(offer) };
  }

  tokenAt(jobId: string, k: number): number | undefined {
    return this.#offers.get(jobId)?.sent?.engine.tokenAt(jobId, k);
  }

  timing(jobId: string): BoxTiming | undefined {
    const offer = this.#offers.get(jobId);
    if (!offer) return undefined;
    const { sent, offeredAt, cancelledAt } = offer;
    const timing = sent?.engine.timing(jobId);
    const endedAt = timing?.endedAt ?? cancelledAt ?? (isLoadRequest(offer.job) && sent?.at);
    const prefillAt = timing?.prefillStartedAt;
    const firstAt = timing?.firstTokenAt;
    const lastAt = timing && this.tokenAt(jobId, timing.outputTokens);
    return {
      offeredAt,
      ...(sent && { loadMs: sent.at - offeredAt }),
      ...(sent && prefillAt !== undefined && { queueMs: prefillAt - sent.at }),
      ...(prefillAt !== undefined && firstAt !== undefined && { prefillMs: firstAt - prefillAt }),
      ...(firstAt !== undefined && lastAt !== undefined && { decodeMs: lastAt - firstAt }),
      ...(typeof endedAt === 'number' && { endedAt }),
      cachedTokens: timing?.cachedTokens ?? 0,
      outputTokens: timing?.outputTokens ?? 0,
    };
  }

  /**
   * The models in memory, as `/api/ps` tells: the one that is being loaded is among them.
   *
   * Source: PsHandler, https://github.com/ollama/ollama/blob/main/server/routes.go
   */
  loaded(now: number): readonly LoadedModel[] {
    this.advance(now);
    const residents = [...this.#residents.values()].map(({ profile, keepAliveMs, expiresAt }) =>
      loadedModel(profile, expiresAt ?? this.#expiry(keepAliveMs, now), false),
    );
    if (!this.#loading) return residents;
    const expiresAt = this.#expiry(this.#options.keepAliveMs, now);
    return [...residents, loadedModel(this.#loading.profile, expiresAt, true)];
  }

  /**
   * Puts a model into memory in no time, as a box that was in use before; false if it has no
   * room.
   */
  warm(model: string, now: number): boolean {
    this.advance(now);
    const profile = this.#profiles.get(model);
    if (!profile || !this.#hasRoom(profile)) return this.#residents.has(model);
    if (!this.#residents.has(model)) this.#install(profile, now);
    return true;
  }

  /** Drops a model from memory, at once or when its last job has ended. */
  unload(model: string, now: number): void {
    this.advance(now);
    const resident = this.#residents.get(model);
    if (!resident) return;
    resident.keepAliveMs = 0;
    if (resident.expiresAt !== undefined) resident.expiresAt = now;
    this.#settle(now);
  }

  /** Lets all inference take so many times as long from here on; 1 is its own speed. */
  throttle(slowdown: number, now: number): void {
    this.advance(now);
    this.#slowdown = slowdown;
    for (const { engine } of this.#residents.values()) engine.scaleTo(this.#engineScale, now);
    this.#settle(now);
  }

  /** Lets loads that begin from here on take so much longer. */
  delayLoads(ms: number, now: number): void {
    this.advance(now);
    this.#loadDelayMs = ms;
  }

  /** Loses everything: what runs, what waits, and what is in memory. */
  restart(now: number): void {
    this.advance(now);
    for (const jobId of this.#offers.keys()) this.cancel(jobId, now);
    this.#loading = undefined;
    this.#residents.clear();
  }

  /** Jobs of one model that run, and that wait: for a slot or for the loader. */
  countsOf(model: string): { readonly running: number; readonly queued: number } {
    const engine = this.#residents.get(model)?.engine;
    const pending = this.#pending.filter((offer) => offer.model === model).length;
    return { running: engine?.runningCount ?? 0, queued: (engine?.queuedCount ?? 0) + pending };
  }

  get runningCount(): number {
    return this.#sum(({ runningCount }) => runningCount);
  }

  get queuedCount(): number {
    return this.#sum(({ queuedCount }) => queuedCount) + this.#pending.length;
  }

  #sum(count: (engine: BatchEngine) => number): number {
    let sum = 0;
    for (const { engine } of this.#residents.values()) sum += count(engine);
    return sum;
  }

  /**
   * Does what is due at `at`: loads end, idle models start to expire or leave, pending jobs go
   * on.
   */
  #settle(at: number): void {
    if (this.#loading && this.#loading.until <= at) {
      this.#install(this.#loading.profile, at);
      this.#loading = undefined;
    }
    this.#pump(at);
    for (const [model, resident] of this.#residents) {
      const isIdle = resident.engine.runningCount + resident.engine.queuedCount === 0;
      if (!isIdle) resident.expiresAt = undefined;
      else resident.expiresAt ??= this.#expiry(resident.keepAliveMs, at);
      if (resident.expiresAt !== undefined && resident.expiresAt <= at)
        this.#residents.delete(model);
    }
    this.#pump(at);
  }

  /**
   * Sends pending jobs to their engines in strict order, and starts a load for the first that
   * lacks one.
   */
  #pump(at: number): void {
    while (!this.#loading) {
      const offer = this.#pending[0];
      const profile = offer && this.#profiles.get(offer.model);
      if (!offer || !profile) return;
      const resident = this.#residents.get(offer.model);
      if (resident) {
        this.#pending.shift();
        this.#send(offer, resident, at);
      } else if (this.#hasRoom(profile)) {
        this.#loading = { profile, until: at + (profile.loadMs + this.#loadDelayMs) * this.#scale };
      } else if (!this.#evict()) {
        return;
      }
    }
  }

  #send(offer: Offer, resident: Resident, at: number): void {
    resident.keepAliveMs = offer.keepAliveMs ?? resident.keepAliveMs;
    resident.expiresAt = undefined;
    offer.sent = { at, engine: resident.engine };
    if (!isLoadRequest(offer.job)) resident.engine.offer(offer.job, at);
  }

  #install(profile: EngineProfile, at: number): void {
    const { parallel, keepAliveMs } = this.#options;
    const engine = new BatchEngine(profile, { parallel, timeScale: this.#engineScale });
    engine.advance(at);
    const expiresAt = this.#expiry(keepAliveMs, at);
    this.#residents.set(profile.tag, { profile, engine, keepAliveMs, expiresAt });
  }

  get #engineScale(): number {
    return this.#scale * this.#slowdown;
  }

  #hasRoom(profile: EngineProfile): boolean {
    let usedGb = profile.weightsGb;
    for (const resident of this.#residents.values()) usedGb += resident.profile.weightsGb;
    const isFull = this.#residents.size >= (this.#options.loadedMax ?? 3);
    return !isFull && (usedGb <= (this.#options.memoryGb ?? 128) || this.#residents.size === 0);
  }

  /** Drops the idle model that would expire first; false if every one works. */
  #evict(): boolean {
    const idle = [...this.#residents].filter(([, { expiresAt }]) => expiresAt !== undefined);
    const [first] = idle.sort(
      ([, one], [, other]) => (one.expiresAt ?? 0) - (other.expiresAt ?? 0),
    );
    return first ? this.#residents.delete(first[0]) : false;
  }

  #expiry(keepAliveMs: number, at: number): number {
    return keepAliveMs < 0 ? Number.POSITIVE_INFINITY : at + keepAliveMs * this.#scale;
  }

  /** Lets go of the oldest offers that have ended once there are many. */
  #forget(): void {
    for (const [id] of this.#offers) {
      if (this.#offers.size < rememberedMax) return;
      const kind = this.state(id)?.kind;
      if (kind !== 'done' && kind !== 'cancelled' && kind !== undefined) return;
      this.#offers.delete(id);
    }
  }
}

/** Ollama's way to load a model: a request without a prompt. */
const isLoadRequest = (job: Job): boolean => job.promptTokens === 0 && job.outputTokens === 0;

const loadedModel = (
  profile: EngineProfile,
  expiresAt: number,
  isLoading: boolean,
): LoadedModel => ({
  model: profile.tag,
  expiresAt,
  sizeBytes: profile.weightsGb * 1e9,
  contextLength: profile.contextTokensMax,
  isLoading,
});
