/**
 * A map that forgets what was set longest ago, for keys that clients make up: where the file has a
 * pattern in place of a model's name, there are as many models as somebody cares to ask for.
 */

export class BoundedMap<K, V> extends Map<K, V> {
  readonly #countMax: number;
  readonly #drop: (value: V) => void;

  /** `drop` is told of each value that is forgotten for want of room. */
  constructor(countMax: number, drop: (value: V) => void = () => undefined) {
    super();
    this.#countMax = countMax;
    this.#drop = drop;
  }

  override set(key: K, value: V): this {
    super.set(key, value);
    if (this.size <= this.#countMax) return this;
    for (const [oldest, dropped] of this) {
      this.delete(oldest);
      this.#drop(dropped);
      break;
    }
    return this;
  }
}

/** More models than any server has. */
export const modelsMax = 1000;
