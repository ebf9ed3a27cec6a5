/**
 * Cuts a stream of bytes into lines of text, however the network has cut it before.
 *
 * Lines are found in the bytes, not in the text: LF and CR never occur inside a UTF-8 sequence, so
 * a line is decoded once, whole, and a code point that was cut between two chunks mends itself.
 * Bytes that are not UTF-8 become U+FFFD. What is held back is bounded, because the sender may be
 * broken or hostile.
 */

/** Thrown when a sender exceeds the bytes allowed for one line or frame. */
export class FrameTooLongError extends Error {
  override readonly name = 'FrameTooLongError';

  constructor(bytesMax: number) {
    super(`expected a frame of at most ${bytesMax} bytes, got more`);
  }
}

/** Bytes that one line or frame may have, unless the owner says otherwise: 8 MiB. */
export const frameBytesMaxDefault = 8 * 2 ** 20;

const lf = 10;
const cr = 13;
const nothing = Buffer.alloc(0);
const byteOrderMark = '\uFEFF';
/** The first byte of a byte order mark, as of other texts. */
const byteOrderMarkLead = 0xef;

/** Lines end with LF, CR LF or CR. A byte order mark at the very start is dropped. */
export class LineSplitter {
  readonly #bytesMax: number;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #isAfterCr = false;
  #isFirst = true;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of a line that has begun and not ended. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Tells each line that these bytes complete, with the bytes it had. */
  push(bytes: Uint8Array, onLine: (line: string, bytes: number) => void): void {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.#isPlain(chunk)) {
      this.#isFirst = false;
      tellEach(chunk, onLine);
      return;
    }
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte !== lf && byte !== cr) continue;
      const isSecondHalf = byte === lf && (at > 0 ? chunk[at - 1] === cr : this.#isAfterCr);
      if (!isSecondHalf) this.#release(chunk, start, at, onLine);
      start = at + 1;
    }
    if (bytes.length > 0) this.#isAfterCr = bytes.at(-1) === cr;
    // Copied, because the owner of the chunk may reuse its memory.
    if (start < bytes.length) this.#hold(bytes.slice(start));
  }

  /** Whole lines, each ended by LF alone: what nearly every chunk of every server is. */
  #isPlain(chunk: Buffer): boolean {
    return (
      chunk.at(-1) === lf &&
      !(this.#isFirst && chunk[0] === byteOrderMarkLead) &&
      !this.#isAfterCr &&
      this.#heldBytes === 0 &&
      chunk.length <= this.#bytesMax &&
      !chunk.includes(cr)
    );
  }

  /** Tells the last line if the stream stopped without ending it. */
  end(onLine: (line: string, bytes: number) => void): void {
    if (this.#heldBytes > 0) this.#release(nothing, 0, 0, onLine);
  }

  #hold(part: Uint8Array): void {
    this.#heldBytes += part.length;
    if (this.#heldBytes > this.#bytesMax) throw new FrameTooLongError(this.#bytesMax);
    this.#held.push(part);
  }

  /** Tells the line that ends with these bytes of the chunk; most lie in it whole. */
  #release(
    chunk: Buffer,
    start: number,
    end: number,
    onLine: (line: string, bytes: number) => void,
  ): void {
    const isWhole = this.#heldBytes === 0;
    if (!isWhole) this.#hold(chunk.subarray(start, end));
    const lineBytes = isWhole ? end - start : this.#heldBytes;
    if (lineBytes > this.#bytesMax) throw new FrameTooLongError(this.#bytesMax);
    const text = isWhole
      ? chunk.toString('utf8', start, end)
      : Buffer.concat(this.#held).toString('utf8');
    const line = this.#isFirst && text.startsWith(byteOrderMark) ? text.slice(1) : text;
    this.#held = [];
    this.#heldBytes = 0;
    this.#isFirst = false;
    onLine(line, lineBytes);
  }
}

/** Decodes once for all lines; a line has the bytes it is told with where the text is ASCII. */
const tellEach = (chunk: Buffer, onLine: (line: string, bytes: number) => void): void => {
  const text = chunk.toString('utf8');
  const isAscii = text.length === chunk.length;
  let start = 0;
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
    const line = text.slice(start, end);
    onLine(line, isAscii ? line.length : Buffer.byteLength(line));
    start = end + 1;
  }
};
