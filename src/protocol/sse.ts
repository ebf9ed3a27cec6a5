/**
 * Server-sent events: the framing in which the Responses API streams.
 *
 *     event: response.output_text.delta
 *     data: {"type":"response.output_text.delta","sequence_number":4,"delta":"p1 "}
 *                                                          ◀── a blank line ends the frame
 *
 * The parser follows https://html.spec.whatwg.org/multipage/server-sent-events.html with two
 * knowing exceptions. Comments are reported, since a keep-alive is a fact about the sender. And a
 * frame whose lines are whole but whose blank line never came is given at the end, because some
 * servers close right after `data: [DONE]`. `id` and `retry` are dropped: nobody here reconnects.
 */

import { FrameTooLongError, frameBytesMaxDefault, LineSplitter } from './line-splitter.ts';

/** One frame, or one comment line. */
export interface SseEvent {
  /** Absent where the frame names none. */
  readonly event?: string;
  /** The data lines joined by LF; for a comment its text. */
  readonly data: string;
  readonly isComment?: true;
}

export class SseParser {
  readonly #frameBytesMax: number;
  readonly #splitter: LineSplitter;
  #event: string | undefined;
  #data: string[] = [];
  #frameBytes = 0;

  constructor(frameBytesMax = frameBytesMaxDefault) {
    this.#frameBytesMax = frameBytesMax;
    this.#splitter = new LineSplitter(frameBytesMax);
  }

  /** The events that these bytes complete. Throws `FrameTooLongError` above the bound. */
  push(bytes: Uint8Array): SseEvent[] {
    const events: SseEvent[] = [];
    this.#splitter.push(bytes, (line, lineBytes) => this.#take(line, lineBytes, events));
    if (this.#frameBytes + this.#splitter.heldBytes > this.#frameBytesMax)
      throw new FrameTooLongError(this.#frameBytesMax);
    return events;
  }

  /** What the end of the stream completes: a line cut in the middle is dropped with its frame. */
  end(): SseEvent[] {
    const events: SseEvent[] = [];
    if (this.#splitter.heldBytes === 0) this.#dispatch(events);
    return events;
  }

  #take(line: string, lineBytes: number, events: SseEvent[]): void {
    if (line === '') {
      this.#dispatch(events);
      return;
    }
    this.#frameBytes += lineBytes;
    if (this.#frameBytes > this.#frameBytesMax) throw new FrameTooLongError(this.#frameBytesMax);
    const colonAt = line.indexOf(':');
    const field = colonAt === -1 ? line : line.slice(0, colonAt);
    const rest = colonAt === -1 ? '' : line.slice(colonAt + 1);
    const value = rest.startsWith(' ') ? rest.slice(1) : rest;
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === '') {
      // A comment belongs to no frame; a stream of nothing else must not add up to one.
      this.#frameBytes -= lineBytes;
      events.push({ data: value, isComment: true });
    }
  }

  #dispatch(events: SseEvent[]): void {
    const data = this.#data.join('\n');
    if (this.#data.length > 0) events.push(this.#event ? { event: this.#event, data } : { data });
    this.#event = undefined;
    this.#data = [];
    this.#frameBytes = 0;
  }
}

/** One frame. JSON text has no line break of its own, so its data is one line. */
export const encodeSse = (event: string, data: unknown): string =>
  `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** The data of one frame that `encodeSse` or `sseDone` made; undefined for a comment. */
export const sseData = (frame: string): string | undefined => {
  if (frame.startsWith(':')) return undefined;
  const at = frame.startsWith('data: ') ? 0 : frame.indexOf('\ndata: ') + 1;
  return frame.slice(at + 'data: '.length, -2);
};

/** A comment, which every client ignores: keeps a silent connection alive. */
export const sseComment = (text: string): string => `: ${text.replaceAll(/[\r\n]+/g, ' ')}\n\n`;

/** The frame that ends a stream of the OpenAI family. */
export const sseDone = 'data: [DONE]\n\n';
