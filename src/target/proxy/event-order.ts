/**
 * Whether the events of a Responses stream come in the order they were numbered in.
 *
 *     4 5 6 6 7        a copy: the number and the words of the event before
 *     4 6 5 7          late: a number that had been left out
 *
 * Servers in the field give the same number to every event, count each item by itself, or count not
 * at all. So nothing is held against a stream but these two, which no such server makes.
 */

/** What an event is, by its number. */
type EventPlace = 'next' | 'copy' | 'late';

export class EventOrder {
  #last: number | undefined;
  #data = '';
  /** The last event was numbered one above the one before it. */
  #isCounting = false;
  /** Numbers that were left out last, the end not among them. */
  #skippedFrom = 0;
  #skippedTo = 0;

  /** The place of the next event; `data` is its whole text. */
  judge(number: number | undefined, data: string): EventPlace {
    if (number === undefined) return 'next';
    const last = this.#last;
    if (last !== undefined && number <= last) {
      if (number === last) return this.#isCounting && data === this.#data ? 'copy' : 'next';
      return number >= this.#skippedFrom && number < this.#skippedTo ? 'late' : 'next';
    }
    this.#isCounting = number - 1 === last;
    if (last !== undefined && !this.#isCounting) {
      this.#skippedFrom = last + 1;
      this.#skippedTo = number;
    }
    this.#last = number;
    this.#data = data;
    return 'next';
  }
}
