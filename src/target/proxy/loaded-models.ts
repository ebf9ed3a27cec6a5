/**
 * Which models of a backend are ready, as far as it has said.
 *
 *     absent ──listed──▶ loading ──it answers──▶ ready ──not listed──▶ absent
 *
 * Ollama lists a model from the moment at which it begins to load it, which may take minutes. So
 * one that was seen to be absent is ready only once it has answered since. What stands in the first
 * list of all is taken to be ready. Pure: `now` is told.
 */

export class LoadedModels {
  #told: { readonly models: readonly string[]; readonly at: number } | undefined;
  /** Listed, but not heard of since they were absent: when that was. */
  readonly #absentAt = new Map<string, number>();
  readonly #answeredAt = new Map<string, number>();

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
      if (!before || before.models.includes(model)) continue;
      const answeredAt = this.#answeredAt.get(model) ?? Number.NEGATIVE_INFINITY;
      if (answeredAt < before.at) this.#absentAt.set(model, before.at);
    }
  }

  /** Whether the model is ready; undefined when the backend does not say. */
  has(model: string): boolean | undefined {
    const name = this.#nameOf(model);
    return this.#told && name !== undefined && !this.#absentAt.has(name);
  }

  /** It has answered, be it without a word: if it is listed, it is ready. */
  answered(model: string, at: number): void {
    const name = this.#nameOf(model) ?? withTag(model);
    this.#answeredAt.set(name, Math.max(at, this.#answeredAt.get(name) ?? at));
    const absentAt = this.#absentAt.get(name);
    if (absentAt !== undefined && at >= absentAt) this.#absentAt.delete(name);
  }

  /** When it was last heard of. */
  answeredAt(model: string): number | undefined {
    return this.#answeredAt.get(this.#nameOf(model) ?? withTag(model));
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

/** Ollama's full name of a model. */
export const withTag = (model: string): string => (model.includes(':') ? model : `${model}:latest`);
