/**
 * Encodes the events of a Responses stream as SSE frames.
 *
 * Nearly all of them are deltas, and two deltas of one part differ in their number and their text
 * alone. So the rest of such a frame is encoded once and kept until a delta of another part comes.
 * A delta with log probabilities is encoded by itself.
 *
 *     event: …delta\ndata: {"type":…,"sequence_number": ┃ 7 ┃ ,…,"delta": ┃ "p7 " ┃ ,…}\n\n
 */

import type { ResponseEvent } from './responses.ts';
import { encodeSse } from './sse.ts';

/** A delta's frame, but for its number and its text. */
interface Mould {
  /** The delta that it was made of. */
  readonly event: ResponseEvent;
  readonly before: string;
  readonly between: string;
  readonly after: string;
}

/** Encodes one stream, event by event. Deltas of one part must have the same fields beside. */
export class EventEncoder {
  #mould: Mould | undefined;

  /** What `encodeSse` makes of the event. */
  encode(event: ResponseEvent): string {
    if (typeof event['delta'] !== 'string' || hasLogprobs(event))
      return encodeSse(event.type, event);
    if (!this.#mould || !isOfOnePart(event, this.#mould.event)) this.#mould = mouldOf(event);
    const { before, between, after } = this.#mould;
    return before + event.sequence_number + between + JSON.stringify(event['delta']) + after;
  }
}

/** Those of one delta are of no other. */
const hasLogprobs = ({ logprobs }: ResponseEvent): boolean =>
  Array.isArray(logprobs) && logprobs.length > 0;

const isOfOnePart = (one: ResponseEvent, other: ResponseEvent): boolean =>
  one.type === other.type &&
  one['output_index'] === other['output_index'] &&
  one['item_id'] === other['item_id'] &&
  one['content_index'] === other['content_index'] &&
  one['summary_index'] === other['summary_index'];

const mouldOf = (event: ResponseEvent): Mould => {
  const { type, sequence_number: _, ...fields } = event;
  const entries = Object.entries(fields).map(([key, value]) => [key, JSON.stringify(value)]);
  const at = entries.findIndex(([key]) => key === 'delta');
  const written = (some: typeof entries): string =>
    some.map(([key, json]) => `,${JSON.stringify(key)}:${json}`).join('');
  return {
    event,
    before: `event: ${type}\ndata: {"type":${JSON.stringify(type)},"sequence_number":`,
    between: `${written(entries.slice(0, at))},"delta":`,
    after: `${written(entries.slice(at + 1))}}\n\n`,
  };
};
