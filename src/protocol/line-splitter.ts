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
const byteOrderMark = '\uFEFF';

/** Lines end with LF, CR LF or CR. A byte order mark at the very start is dropped. */
export class LineSplitter {
  readonly #bytesMax: number;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
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
    let start = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte !== lf && byte !== cr) continue;
      const isSecondHalf = byte === lf && (at > 0 ? bytes[at - 1] === cr : this.#isAfterCr);
      if (!isSecondHalf) {
        this.#hold(bytes.subarray(start, at));
        this.#release(onLine);
      }
      start = at + 1;
    }
    if (bytes.length > 0) this.#isAfterCr = bytes.at(-1) === cr;
    // Copied, because the owner of the chunk may reuse its memory.
    if (start < bytes.length) this.#hold(bytes.slice(start));
  }

  /** Tells the last line if the stream stopped without ending it. */
  end(onLine: (line: string, bytes: number) => void): void {
    if (this.#heldBytes > 0) this.#release(onLine);
  }

  #hold(part: Uint8Array): void {
    this.#heldBytes += part.length;
    if (this.#heldBytes > this.#bytesMax) throw new FrameTooLongError(this.#bytesMax);
    this.#held.push(part);
  }

  #release(onLine: (line: string, bytes: number) => void): void {
    const bytes = this.#heldBytes;
    const [only] = this.#held;
    const whole = this.#held.length === 1 && only ? only : Buffer.concat(this.#held);
    const text = this.#decoder.decode(whole);
    const line = this.#isFirst && text.startsWith(byteOrderMark) ? text.slice(1) : text;
    this.#held = [];
    this.#heldBytes = 0;
    this.#isFirst = false;
    onLine(line, bytes);
  }
}
