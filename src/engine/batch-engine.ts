/**
 * One model in memory, serving several sequences at once as Ollama and llama.cpp do.
 *
 *     offer ──▶ queue ──▶ slot ──▶ prefill, chunk by chunk ──▶ decode, with the others ──▶ done
 *              (FIFO)    (cache)         (one at a time)
 *
 * The machine is always in one round. A round ends at a boundary, and only there can the batch
 * change: a chunk or a decode step that has begun is never broken off.
 *
 *     idle      nothing to do, or a prefill that is not ready yet
 *     chunk     one job reads a chunk; each decoding neighbour gets one token when it is over
 *     decode    steps of one batch, in closed form, until a job ends or a prefill is ready
 *
 * The queue has no bound, as Ollama's has none for a model in memory.
 */

import assert from 'node:assert/strict';

import { blockTokens, type Engine, type Job, type JobState } from './engine.ts';
import { type Pace, stepEndAt, stepsUntil } from './pace.ts';
import { chunkMs, decodeStepMs, type EngineProfile, prefillMs } from './profile.ts';

export interface BatchEngineOptions {
  /** Sequences at once: `OLLAMA_NUM_PARALLEL`. */
  readonly parallel: number;
  /** Scale of all durations; 1 is real speed. */
  readonly timeScale?: number;
}

/** Instants of one job, as far as they are known. */
export interface JobTiming {
  readonly offeredAt: number;
  /** It was given a slot. */
  readonly startedAt?: number;
  readonly prefillStartedAt?: number;
  readonly firstTokenAt?: number;
  /** It was done or cancelled. */
  readonly endedAt?: number;
  readonly cachedTokens: number;
  /** Tokens that have left. */
  readonly outputTokens: number;
}

interface Slot {
  job: Running | undefined;
  /** What its cache holds, as prefixes of a prompt. */
  prefixes: readonly string[];
  usedAt: number;
}

interface Running {
  readonly job: Job;
  readonly offeredAt: number;
  kind: 'queued' | 'prefill' | 'decode' | 'done' | 'cancelled';
  slot: Slot | undefined;
  startedAt: number | undefined;
  /** The overhead before the first chunk is over. */
  readyAt: number;
  prefillStartedAt: number | undefined;
  cachedTokens: number;
  /** Prompt tokens in the cache, those found there included. */
  readTokens: number;
  outputTokens: number;
  endedAt: number | undefined;
  /** How its tokens left, in order; the last pace is the one of the present round. */
  readonly paces: Pace[];
}

type Round =
  | { readonly kind: 'idle'; readonly endAt: number | undefined }
  | {
      readonly kind: 'chunk';
      readonly startAt: number;
      readonly endAt: number;
      readonly reader: Running;
      readonly tokens: number;
    }
  | {
      readonly kind: 'decode';
      readonly startAt: number;
      readonly endAt: number;
      readonly stepMs: number;
      readonly growthMs: number;
      readonly steps: number;
    };

/** Jobs that are remembered, so that a driver can still ask about those that ended. */
const rememberedMax = 4096;

export class BatchEngine implements Engine {
  readonly #profile: EngineProfile;
  #scale: number;
  readonly #slots: readonly Slot[];
  readonly #jobs = new Map<string, Running>();
  readonly #queue = new Set<Running>();
  #round: Round = { kind: 'idle', endAt: undefined };
  #now = Number.NEGATIVE_INFINITY;

  constructor(profile: EngineProfile, options: BatchEngineOptions) {
    assert.ok(options.parallel >= 1, `parallel must be at least 1, got ${options.parallel}`);
    this.#profile = profile;
    this.#scale = options.timeScale ?? 1;
    assert.ok(this.#scale > 0, `the time scale must be above 0, got ${this.#scale}`);
    this.#slots = Array.from({ length: options.parallel }, () => ({
      job: undefined,
      prefixes: [],
      usedAt: Number.NEGATIVE_INFINITY,
    }));
  }

  get runningCount(): number {
    return this.#slots.filter(({ job }) => job !== undefined).length;
  }

  get queuedCount(): number {
    return this.#queue.size;
  }

  offer(job: Job, now: number): void {
    assert.ok(!this.#jobs.has(job.id), `job ${job.id} was offered twice`);
    this.advance(now);
    this.#forget();
    const running: Running = {
      job,
      offeredAt: now,
      kind: 'queued',
      slot: undefined,
      startedAt: undefined,
      readyAt: Number.POSITIVE_INFINITY,
      prefillStartedAt: undefined,
      cachedTokens: 0,
      readTokens: 0,
      outputTokens: 0,
      endedAt: undefined,
      paces: [],
    };
    this.#jobs.set(job.id, running);
    this.#queue.add(running);
    this.#admit(now);
    this.#replan(now, false);
  }

  /** Changes the scale of all durations; a chunk or a step that has begun ends as it would have. */
  scaleTo(timeScale: number, now: number): void {
    this.advance(now);
    this.#scale = timeScale;
    this.#replan(now, true);
  }

  /** Stops a job; one that has ended, or was cancelled before, is left as it is. */
  cancel(jobId: string, now: number): void {
    this.advance(now);
    const running = this.#jobs.get(jobId);
    if (!running || running.endedAt !== undefined) return;
    const wasDecoding = running.kind === 'decode';
    running.outputTokens = this.#tokensLeft(running);
    this.#queue.delete(running);
    this.#end(running, 'cancelled', now);
    this.#admit(now);
    this.#replan(now, wasDecoding);
  }

  nextChangeAt(): number | undefined {
    return this.#round.endAt;
  }

  advance(now: number): void {
    assert.ok(now >= this.#now, `time ran backwards: ${now} after ${this.#now}`);
    while (this.#round.endAt !== undefined && this.#round.endAt <= now) {
      const at = this.#round.endAt;
      this.#finishRound(at);
      this.#admit(at);
      this.#beginRound(at);
    }
    this.#now = now;
  }

  state(jobId: string): JobState | undefined {
    const running = this.#jobs.get(jobId);
    if (!running) return undefined;
    switch (running.kind) {
      case 'queued':
        return { kind: 'queued', ahead: [...this.#queue].indexOf(running) };
      case 'cancelled':
        return { kind: 'cancelled' };
      case 'prefill':
      case 'decode':
      case 'done':
        return { kind: running.kind, cachedTokens: running.cachedTokens };
    }
  }

  tokenAt(jobId: string, k: number): number | undefined {
    const running = this.#jobs.get(jobId);
    if (!running || k < 1 || k > running.job.outputTokens) return undefined;
    if (running.endedAt !== undefined && k > running.outputTokens) return undefined;
    const pace = running.paces.findLast(({ tokensBefore }) => tokensBefore < k);
    if (!pace) return this.#readingTokenAt(running, k);

    const round = this.#round;
    const steps = k - pace.tokensBefore;
    if (round.kind === 'chunk' && pace.startAt === round.startAt && steps > 1)
      return stepEndAt(this.#paceOf(this.#decoders(), round.endAt), steps - 1);
    return stepEndAt(pace, steps);
  }

  /** What is known of a job's instants; undefined for a job never offered or long forgotten. */
  timing(jobId: string): JobTiming | undefined {
    const running = this.#jobs.get(jobId);
    if (!running) return undefined;
    const first = this.tokenAt(jobId, 1);
    return {
      offeredAt: running.offeredAt,
      ...(running.startedAt !== undefined && { startedAt: running.startedAt }),
      ...(running.prefillStartedAt !== undefined && { prefillStartedAt: running.prefillStartedAt }),
      ...(first !== undefined && { firstTokenAt: first }),
      ...(running.endedAt !== undefined && { endedAt: running.endedAt }),
      cachedTokens: running.cachedTokens,
      outputTokens: this.#tokensLeft(running),
    };
  }

  /** Gives free slots to the jobs at the head of the queue. */
  #admit(at: number): void {
    for (const running of this.#queue) {
      const slot = this.#freeSlot(running.job.prefixes);
      if (!slot) return;
      const blocks = commonLength(slot.prefixes, running.job.prefixes);
      // The last token of a prompt is always read, because the first answer comes out of it.
      const cachedMax = Math.max(0, running.job.promptTokens - 1);
      this.#queue.delete(running);
      running.kind = 'prefill';
      running.slot = slot;
      running.startedAt = at;
      running.readyAt = at + this.#profile.prefill.overheadMs * this.#scale;
      running.cachedTokens = Math.min(blocks * blockTokens, cachedMax);
      running.readTokens = running.cachedTokens;
      slot.job = running;
      slot.prefixes = running.job.prefixes.slice(0, blocks);
    }
  }

  /** The free slot that has most of the prompt in its cache, else the one unused for longest. */
  #freeSlot(prefixes: readonly string[]): Slot | undefined {
    let best: Slot | undefined;
    let bestBlocks = -1;
    for (const slot of this.#slots) {
      if (slot.job) continue;
      const blocks = commonLength(slot.prefixes, prefixes);
      if (!best || blocks > bestBlocks || (blocks === bestBlocks && slot.usedAt < best.usedAt)) {
        best = slot;
        bestBlocks = blocks;
      }
    }
    return best;
  }

  #beginRound(at: number): void {
    const decoders = this.#decoders();
    const readers = this.#slots.flatMap(({ job }) => (job?.kind === 'prefill' ? [job] : []));
    const reader = readers.find((it) => it.prefillStartedAt !== undefined) ?? earliest(readers);
    if (reader && reader.readyAt <= at) {
      this.#round = this.#chunkRound(reader, at);
      const paceMs = this.#round.endAt - at;
      for (const decoder of decoders)
        addPace(decoder, { startAt: at, stepMs: paceMs, growthMs: 0 });
      return;
    }
    if (decoders.length === 0) {
      this.#round = { kind: 'idle', endAt: reader?.readyAt };
      return;
    }
    const pace = this.#paceOf(decoders, at);
    const steps = Math.min(...decoders.map((it) => it.job.outputTokens - it.outputTokens));
    for (const decoder of decoders) addPace(decoder, pace);
    this.#round = { kind: 'decode', ...pace, steps, endAt: stepEndAt(pace, steps) };
    if (reader) this.#cutRound(reader.readyAt);
  }

  #chunkRound(reader: Running, at: number): Extract<Round, { kind: 'chunk' }> {
    const left = reader.job.promptTokens - reader.readTokens;
    const tokens = Math.min(this.#profile.prefill.chunkTokens, left);
    const endAt = at + chunkMs(this.#profile, tokens, reader.readTokens) * this.#scale;
    reader.prefillStartedAt ??= at;
    return { kind: 'chunk', startAt: at, endAt, reader, tokens };
  }

  #finishRound(at: number): void {
    const round = this.#round;
    if (round.kind === 'idle') return;
    const steps = round.kind === 'chunk' ? 1 : round.steps;
    for (const decoder of this.#decoders()) this.#advanceTokens(decoder, steps, at);
    if (round.kind === 'chunk' && round.reader.endedAt === undefined) this.#finishChunk(round, at);
  }

  #finishChunk({ reader, tokens, startAt }: Extract<Round, { kind: 'chunk' }>, at: number): void {
    reader.readTokens += tokens;
    if (reader.slot)
      reader.slot.prefixes = reader.job.prefixes.slice(
        0,
        Math.floor(reader.readTokens / blockTokens),
      );
    if (reader.readTokens < reader.job.promptTokens) return;

    // The end of the prompt yields the first token.
    reader.kind = 'decode';
    addPace(reader, { startAt, stepMs: at - startAt, growthMs: 0 });
    this.#advanceTokens(reader, 1, at);
  }

  #advanceTokens(running: Running, count: number, at: number): void {
    running.outputTokens = Math.min(running.outputTokens + count, running.job.outputTokens);
    if (running.outputTokens >= running.job.outputTokens) this.#end(running, 'done', at);
  }

  #end(running: Running, kind: 'done' | 'cancelled', at: number): void {
    running.kind = kind;
    running.endedAt = at;
    if (running.slot) {
      running.slot.job = undefined;
      running.slot.usedAt = at;
    }
  }

  /** Lets go of the oldest jobs that have ended once there are many. */
  #forget(): void {
    for (const [id, { endedAt }] of this.#jobs) {
      if (this.#jobs.size < rememberedMax || endedAt === undefined) return;
      this.#jobs.delete(id);
    }
  }

  /** After an offer or a cancellation: plans anew, at once or at the next boundary. */
  #replan(now: number, isBatchChanged: boolean): void {
    if (this.#round.kind === 'idle') this.#beginRound(now);
    const readyAt = this.#slots.map(({ job }) =>
      job?.kind === 'prefill' ? job.readyAt : Number.POSITIVE_INFINITY,
    );
    this.#cutRound(isBatchChanged ? now : Math.min(...readyAt));
  }

  /** Lets a decode round end at the first boundary at `at` or after it. */
  #cutRound(at: number): void {
    const round = this.#round;
    if (round.kind !== 'decode' || at >= round.endAt) return;
    const steps = stepsUntil(round, at);
    this.#round = { ...round, steps, endAt: stepEndAt(round, steps) };
  }

  #decoders(): readonly Running[] {
    return this.#slots.flatMap(({ job }) => (job?.kind === 'decode' ? [job] : []));
  }

  #paceOf(batch: readonly Running[], startAt: number): Omit<Pace, 'tokensBefore'> {
    const context = batch.reduce((sum, it) => sum + it.job.promptTokens + it.outputTokens, 0);
    return {
      startAt,
      stepMs: decodeStepMs(this.#profile, batch.length, context / 1000) * this.#scale,
      growthMs: ((this.#profile.step.c * batch.length) / 1000) * this.#scale,
    };
  }

  /** Tokens of a job whose prompt is being read: known if nobody else comes. */
  #readingTokenAt(running: Running, k: number): number | undefined {
    const round = this.#round;
    if (round.kind !== 'chunk' || round.reader !== running) return undefined;
    const read = running.readTokens + round.tokens;
    const leftMs = prefillMs(this.#profile, running.job.promptTokens - read, read) * this.#scale;
    const firstAt = round.endAt + leftMs;
    return k === 1
      ? firstAt
      : stepEndAt(this.#paceOf([...this.#decoders(), running], firstAt), k - 1);
  }

  /** Tokens of a job that have left by the instant the engine stands at. */
  #tokensLeft(running: Running): number {
    const round = this.#round;
    if (running.kind !== 'decode' || round.kind !== 'decode') return running.outputTokens;
    const steps = stepsUntil(round, this.#now);
    return running.outputTokens + steps - (stepEndAt(round, steps) <= this.#now ? 0 : 1);
  }
}

const addPace = (running: Running, pace: Omit<Pace, 'tokensBefore'>): void => {
  running.paces.push({ ...pace, tokensBefore: running.outputTokens });
};

const earliest = (readers: readonly Running[]): Running | undefined => {
  let first: Running | undefined;
  for (const reader of readers) if (!first || reader.readyAt < first.readyAt) first = reader;
  return first;
};

/** How many prefixes from the start two prompts share. */
const commonLength = (one: readonly string[], other: readonly string[]): number => {
  const length = Math.min(one.length, other.length);
  let shared = 0;
  while (shared < length && one[shared] === other[shared]) shared++;
  return shared;
};
