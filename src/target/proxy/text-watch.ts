/**
 * Watches an answer for bytes that are no UTF-8.
 *
 * Decoders put U+FFFD in their place, and what a reader then sees is not what the model said. A
 * model may say that character as well, so the bytes decide: only where some were bad is a text
 * with the character in it taken for broken. Bad bytes that reach no text harm nobody.
 */

import { isUtf8 } from 'node:buffer';

import type { GenerationEvent } from '../../protocol/generation.ts';
import { garbled } from './failure.ts';

const replacement = '\uFFFD';
const nothing: Uint8Array = new Uint8Array(0);

export class TextWatch {
  #isText = true;
  /** The beginning of a character that the next bytes go on with. */
  #begun = nothing;

  /** The events that these bytes have made, up to the first whose text is broken. */
  checked(
    bytes: Uint8Array | undefined,
    events: readonly GenerationEvent[],
  ): readonly GenerationEvent[] {
    if (bytes && this.#isText) this.#isText = this.#accepts(bytes);
    if (this.#isText) return events;
    const brokenAt = events.findIndex((it) => 'text' in it && it.text.includes(replacement));
    return brokenAt < 0
      ? events
      : [
          ...events.slice(0, brokenAt),
          { kind: 'failure', failure: garbled('expected text in UTF-8') },
        ];
  }

  #accepts(bytes: Uint8Array): boolean {
    const all = this.#begun.length === 0 ? bytes : Buffer.concat([this.#begun, bytes]);
    const wholeAt = all.length - begunBytes(all);
    // Copied, because the owner of the bytes may reuse their memory.
    this.#begun = wholeAt === all.length ? nothing : all.slice(wholeAt);
    return isUtf8(all.subarray(0, wholeAt));
  }
}

/** Bytes at the end that begin a character and do not end it: three at most. */
const begunBytes = (bytes: Uint8Array): number => {
  for (let count = 1; count <= Math.min(3, bytes.length); count++) {
    const byte = bytes[bytes.length - count] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return count < lengthOf(byte) ? count : 0;
  }
  return 0;
};

/** Bytes of the character that a byte begins; from 0xf8 on, none. */
const lengthOf = (lead: number): number =>
  lead >= 0xf8 ? 0 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
