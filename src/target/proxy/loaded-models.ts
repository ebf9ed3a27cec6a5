/**
 * Which models of a backend are ready, as far as it has said.
 *
 *     absent ──listed──▶ loading ──it answers──▶ ready ──not listed──▶ absent
 *
 * Ollama lists a model from the moment at which it begins to load it, which may take minutes. So
 * one that was seen to be absent is ready only once it has answered since. What stands in the first
 * list of all is taken to be ready, unless it was asked before and has not answered. Pure: `now` is
 * told.
 */

export class LoadedModels {
  #told: { readonly models: readonly string[]; readonly at: number } | undefined;
  /** Listed, but not heard of since they were absent: when that was. */
  readonly #absentAt = new Map<string, number>();
  readonly #answeredAt = new Map<string, number>();
  /** Those that were asked before there was a list, and when first. */
  readonly #askedAt = new Map<string, number>();

  /** What it lists; undefined while it has not said. */
  get listed(): readonly string[] | undefined {
    return this.#told?.models;
  }

  /** The backend has said what it has, or that it does not say. */
  tell(models: readonly string[] | undefined, now: number): void {
    const before = this.#told;
    this.#told = models && { models, at: now };
    for (const model of this.#absentAt.keys())
      if (!models?.includes(model)) this.#absentAt.delete(model);
    for (const model of models ?? []) {
      if (before?.models.includes(model) === true) continue;
      const unsureAt = before ? before.at : this.#askedAt.get(withTag(model));
      const answeredAt = this.#answeredAt.get(withTag(model)) ?? Number.NEGATIVE_INFINITY;
      if (unsureAt !== undefined && answeredAt < unsureAt) this.#absentAt.set(model, unsureAt);
    }
  }

  /** Somebody asks it, which has it loaded where it is not. */
  asked(model: string, now: number): void {
    if (!this.#told && !this.#askedAt.has(withTag(model))) this.#askedAt.set(withTag(model), now);
  }

  /** Whether the model is ready; undefined when the backend does not say. */
  has(model: string): boolean | undefined {
    const name = this.#nameOf(model);
    return this.#told && name !== undefined && !this.#absentAt.has(name);
  }

  /** It has answered, be it without a word: if it is listed, it is ready. */
  answered(model: string, at: number): void {
    this.#answeredAt.set(withTag(model), Math.max(at, this.#answeredAt.get(withTag(model)) ?? at));
    const name = this.#nameOf(model) ?? model;
    const absentAt = this.#absentAt.get(name);
    if (absentAt !== undefined && at >= absentAt) this.#absentAt.delete(name);
  }

  /**
   * It has said something, so it is in memory, unless the backend has said otherwise since: a slow
   * reader comes to the end long after the model did.
   */
  spoke(model: string, firstTokenAt: number): void {
    this.answered(model, firstTokenAt);
    if (!this.#told || firstTokenAt < this.#told.at || this.#nameOf(model) !== undefined) return;
    this.#told = { ...this.#told, models: [...this.#told.models, withTag(model)] };
  }

  #nameOf(model: string): string | undefined {
    const tagged = withTag(model);
    return this.#told?.models.find((listed) => listed === model || listed === tagged);
  }
}

/** The one name of a model that Ollama knows under several: `Qwen3`, `library/qwen3:latest`. */
export const fullName = (model: string): string =>
  withTag(model.replace(/^\w+:\/\//, ''))
    .toLowerCase()
    .replace(/^(?:registry\.ollama\.ai\/)?(?:library\/)?/, '');

/** A model with its tag, as Ollama lists it. */
const withTag = (model: string): string => (model.includes(':') ? model : `${model}:latest`);
