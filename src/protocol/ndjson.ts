/**
 * Newline-delimited JSON, as Ollama streams it: one object a line.
 *
 * The parser gives lines, not objects, because what to do with a line that is not JSON is the
 * reader's business: to an adapter it is evidence, to a token counter it is nothing.
 */

import { frameBytesMaxDefault, LineSplitter } from './line-splitter.ts';

/** Cuts bytes into the lines of an NDJSON stream; blank lines are dropped. */
export class NdjsonParser {
  readonly #splitter: LineSplitter;

  constructor(frameBytesMax = frameBytesMaxDefault) {
    this.#splitter = new LineSplitter(frameBytesMax);
  }

  /** The lines that these bytes complete. Throws `FrameTooLongError` above the bound. */
  push(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    this.#splitter.push(bytes, (line) => {
      if (line.trim() !== '') lines.push(line);
    });
    return lines;
  }

  /** The last line, where the stream stopped without ending it; it may have been cut. */
  end(): string[] {
    const lines: string[] = [];
    this.#splitter.end((line) => {
      if (line.trim() !== '') lines.push(line);
    });
    return lines;
  }
}

/** One line of the stream. */
export const encodeNdjson = (value: unknown): string => `${JSON.stringify(value)}\n`;
