/**
 * The models of one backend: which are in memory, what they are able to do, and loading one that is
 * not there, by asking it the smallest question there is.
 */

import type { BackendSystem, Candidate } from '../../system/system.ts';
import { type Clock, within } from '../../time/clock.ts';
import { fullName, LoadedModels } from './loaded-models.ts';
import type { ModelAbility, Upstream } from './proxy.ts';

export interface BackendModelsParts {
  readonly system: BackendSystem;
  readonly upstream: Upstream;
  readonly clock: Clock;
  /** Mints what a call of our own is traced by. */
  readonly ids: () => string;
  readonly mayServe: () => boolean;
}

/** How long a probe may take. */
const probeMsMax = 3000;
/** For how long a look at the loaded models is believed. */
const lookFreshMs = 2000;
/** For how long what the models are able to do is believed: until one is pulled anew. */
const abilityFreshMs = 60_000;
/** How long a request waits for that look; then it goes on as if the model were loaded. */
const lookMsMax = 150;
/** How long loading a model may take: the longest loads seen are above five minutes. */
const warmMsMax = 600_000;
/** A call that loads and is still out by then may hang on a dead path: another goes beside it. */
export const warmAgainMs = 60_000;

/** A call that loads a model. */
interface Warming {
  readonly at: number;
  /** Whether it answered; settles when it is over. */
  readonly isLoaded: Promise<boolean>;
}

/** A call of our own, and its answer. */
export interface Heard {
  readonly askedAt: number;
  readonly answeredAt: number;
}

export class BackendModels {
  readonly #parts: BackendModelsParts;
  readonly #closing = new AbortController();
  /** The latest call that loads each model, while it is out. */
  readonly #warming = new Map<string, Warming>();
  readonly #loaded = new LoadedModels();
  readonly #heard = new Map<string, Heard>();
  /** False once it has answered a probe without saying; asking again would be idle. */
  #tells = true;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #look: Promise<void> | undefined;
  #abilities: ReadonlyMap<string, ModelAbility> | undefined;
  #abilitiesAt = Number.NEGATIVE_INFINITY;
  #abilityLook: Promise<void> | undefined;

  constructor(parts: BackendModelsParts) {
    this.#parts = parts;
  }

  /** Models in memory, or on their way there, as far as the backend says. */
  get loaded(): readonly string[] | undefined {
    return this.#loaded.listed;
  }

  /** Whether the model is in memory, and ready. */
  isLoaded(model: string): boolean | undefined {
    return this.#loaded.has(model);
  }

  /** What a model is able to do, as far as the backend has said. */
  ability(model: string): ModelAbility {
    return this.#abilities?.get(fullName(model)) ?? {};
  }

  /** Somebody asks the model. */
  asked(model: string): void {
    this.#loaded.asked(model, this.#parts.clock.now());
  }

  /** The last call of our own that the model has answered. */
  heard(model: string): Heard | undefined {
    return this.#heard.get(model);
  }

  /** It has said something. */
  spoke(model: string, firstTokenAt: number): void {
    this.#loaded.spoke(model, firstTokenAt);
  }

  /** Whatever comes back after a failure may have lost its models. */
  forget(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    if (!this.#abilities) this.#abilitiesAt = Number.NEGATIVE_INFINITY;
  }

  /** The probe: rejects unless the backend answers. */
  async probe(): Promise<void> {
    const { clock, upstream } = this.#parts;
    const leave = new AbortController();
    try {
      const signal = AbortSignal.any([leave.signal, this.#closing.signal]);
      const seen = await within(clock, probeMsMax, 'the probe', upstream.probe(signal));
      this.#lookedAt = clock.now();
      this.#loaded.tell(seen.loadedModels, this.#lookedAt);
      this.#tells = seen.loadedModels !== undefined;
    } finally {
      leave.abort();
    }
  }

  /** Whether what is known of the models in memory is too old, and can be known. */
  get needsLook(): boolean {
    const { clock, mayServe } = this.#parts;
    return mayServe() && this.#tells && clock.now() - this.#lookedAt >= lookFreshMs;
  }

  /** Learns which models are in memory, unless that is known; takes little time in any case. */
  async look(): Promise<void> {
    if (!this.needsLook) return;
    const { clock } = this.#parts;
    this.#look ??= this.probe()
      .catch(() => undefined)
      .finally(() => {
        this.#look = undefined;
      });
    await within(clock, lookMsMax, 'looking at the models', this.#look).catch(() => undefined);
    this.#lookedAt = clock.now();
  }

  /** Whether what is known of the models' abilities is too old, and can be known. */
  get needsAbilities(): boolean {
    const { clock, upstream, mayServe } = this.#parts;
    if (!upstream.abilities || !mayServe()) return false;
    return clock.now() - this.#abilitiesAt >= abilityFreshMs;
  }

  /** Learns what the models are able to do, unless that is known; takes little time in any case. */
  async lookAtAbilities(): Promise<void> {
    if (!this.needsAbilities) return;
    const { clock } = this.#parts;
    await within(clock, lookMsMax, 'asking for abilities', this.learnAbilities()).catch(
      () => undefined,
    );
  }

  /** The same, as long as it takes: seconds, once a minute, where nobody answers. */
  async learnAbilities(): Promise<void> {
    const { clock, upstream } = this.#parts;
    if (!upstream.abilities || !this.needsAbilities) return;
    this.#abilityLook ??= within(
      clock,
      probeMsMax,
      'asking for abilities',
      upstream.abilities(this.#closing.signal),
    )
      .then((abilities) => {
        this.#abilities = new Map([...abilities].map(([name, able]) => [fullName(name), able]));
      })
      // One that does not tell is taken at the word of the file.
      .catch(() => undefined)
      .finally(() => {
        this.#abilitiesAt = clock.now();
        this.#abilityLook = undefined;
      });
    await this.#abilityLook;
  }

  /** Has the model loaded in the background, while others are served elsewhere. */
  warm(candidate: Candidate, trace = this.#trace()): void {
    void this.#warm(candidate, trace);
  }

  /**
   * Asks the model for one token: the probe of a model that failed where the host did not. One that
   * is not in memory is loaded by it, so that the first user does not wait for that. The probe does
   * not wait for a load that may hang: the next one looks again.
   */
  async probeModel(candidate: Candidate, firstTokenMs: number): Promise<void> {
    await this.probe();
    const isCold = this.isLoaded(candidate.model) === false;
    if (!isCold) return this.#ask(candidate, this.#trace(), firstTokenMs);
    const isLoaded = this.#warm(candidate, this.#trace());
    const { clock } = this.#parts;
    if (!(await within(clock, warmAgainMs, 'loading the model', isLoaded)))
      throw new Error('the model was not loaded');
  }

  close(): void {
    this.#closing.abort();
  }

  /** Loads the model by a call that is out, or by another; whether it answered. Never rejects. */
  #warm(candidate: Candidate, trace: string): Promise<boolean> {
    const { model } = candidate;
    const at = this.#parts.clock.now();
    const before = this.#warming.get(model);
    if (before && at < before.at + warmAgainMs) return before.isLoaded;
    if (this.#closing.signal.aborted) return Promise.resolve(false);
    const isLoaded = this.#ask(candidate, trace, warmMsMax)
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        if (this.#warming.get(model) === warming) this.#warming.delete(model);
      });
    const warming: Warming = { at, isLoaded };
    this.#warming.set(model, warming);
    return isLoaded;
  }

  #trace(): string {
    return this.#parts.ids().slice(-32);
  }

  /** Rejects unless the model answers. */
  async #ask(candidate: Candidate, trace: string, msMax: number): Promise<void> {
    const { clock, upstream, ids } = this.#parts;
    const askedAt = clock.now();
    this.asked(candidate.model);
    const leave = new AbortController();
    const onClosing = (): void => leave.abort();
    this.#closing.signal.addEventListener('abort', onClosing, { once: true });
    const drain = async (): Promise<void> => {
      const call = { candidate, ...smallest, trace, span: ids().slice(-16) };
      for await (const events of upstream.open(call, leave.signal)) {
        const last = events.at(-1);
        if (last?.kind === 'failure') throw new Error(last.failure.message);
        if (last?.kind !== 'end') continue;
        const answeredAt = clock.now();
        this.#loaded.answered(candidate.model, answeredAt);
        this.#heard.set(candidate.model, { askedAt, answeredAt });
        this.forget();
        return;
      }
      throw new Error('the model gave no answer');
    };
    try {
      await within(clock, msMax, 'loading the model', drain());
    } finally {
      leave.abort();
      this.#closing.signal.removeEventListener('abort', onClosing);
    }
  }
}

/** The smallest question there is. */
const smallest = {
  input: [{ type: 'message', role: 'user', content: 'Hi' }],
  tools: [],
  toolChoice: 'none',
  isParallelToolCalls: false,
  format: { type: 'text' },
  maxOutputTokens: 1,
} as const;
