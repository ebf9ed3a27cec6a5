/**
 * Puts the events of a Responses stream into the order they were numbered in.
 *
 *     4 5 6 6 7        a copy, the number and the words of the event before: passed over
 *     4 5 7 6 8        one that came early: kept until the one before it is here
 *     4 5 7 8 9 10 6   late: too many have come meanwhile, and the stream is out of order
 *
 * Servers in the field give the same number to every event, count each item by itself, leave
 * numbers out, or count not at all. Nothing is held against these, and none of them waits for more
 * than a few events, once.
 */

/** An event, as far as its place is concerned. */
export interface NumberedEvent {
  readonly number: number | undefined;
  /** Its whole text. */
  readonly data: string;
  /** Nothing comes after it that would be worth waiting for. */
  readonly isLast: boolean;
}

/** How many events are kept for the sake of one that is missing. */
const earlyMax = 4;

export class EventOrder<E extends NumberedEvent> {
  #last: number | undefined;
  #data = '';
  /** The last event was numbered one above the one before it. */
  #isCounting = false;
  /** A missing number never came: this server leaves some out. */
  #leavesOut = false;
  #early: E[] = [];
  /** Numbers that were left out last, the end not among them. */
  #skippedFrom = 0;
  #skippedTo = 0;

  /** The events that may be read now, in order; undefined when one of them came too late. */
  take(event: E): readonly E[] | undefined {
    const { number } = event;
    if (number === undefined) return [...this.release(), event];
    const next = (this.#last ?? number) + 1;
    const isEarly = this.#isCounting && !this.#leavesOut && number > next;
    if (!isEarly && this.#early.length === 0) return this.#place(number, event);
    if (this.#early.some((it) => it.number === number && it.data === event.data)) return [];
    this.#early = [...this.#early, event].toSorted(
      (one, other) => (one.number ?? 0) - (other.number ?? 0),
    );
    const isWhole = this.#early.every((it, at) => it.number === next + at);
    if (isWhole) return this.release();
    if (!event.isLast && this.#early.length <= earlyMax) return [];
    this.#leavesOut = true;
    return this.release();
  }

  /** What was kept for one that did not come. */
  release(): readonly E[] {
    const early = this.#early;
    this.#early = [];
    return early.flatMap((event) => this.#place(event.number ?? 0, event) ?? []);
  }

  #place(number: number, event: E): readonly E[] | undefined {
    const last = this.#last;
    if (last !== undefined && number <= last) {
      if (number === last) return this.#isCounting && event.data === this.#data ? [] : [event];
      return number >= this.#skippedFrom && number < this.#skippedTo ? undefined : [event];
    }
    this.#isCounting = number - 1 === last;
    if (last !== undefined && !this.#isCounting) {
      this.#skippedFrom = last + 1;
      this.#skippedTo = number;
    }
    this.#last = number;
    this.#data = event.data;
    return [event];
  }
}
