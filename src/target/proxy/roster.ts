/**
 * Who is at work at the moment, where thousands come and go in a second.
 *
 * A `Set` would say the same. But whenever V8's makes itself a new table, the old one goes on
 * pointing to the new one, and to all that was in it. A table that has grown old is let go of by a
 * full collection alone, and until then keeps whatever came after it: each young collection copied
 * answers that were long over, and took several times as long.
 */

export class Roster<T extends object> {
  readonly #places: (T | undefined)[] = [];
  readonly #free: number[] = [];

  /** Enters one, and gives what leaves it out again. */
  enter(one: T): () => void {
    const place = this.#free.pop() ?? this.#places.length;
    this.#places[place] = one;
    return () => {
      if (this.#places[place] !== one) return;
      this.#places[place] = undefined;
      this.#free.push(place);
    };
  }

  /** All that are at work. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (const one of this.#places) if (one) yield one;
  }
}
