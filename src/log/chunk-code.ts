/**
 * Chunk timings in little room, so that they can be kept for every exchange and not for a sample.
 *
 *     run ──▶ run ──▶ …        a run: one varint `count × 4 + channel`, then `count` gaps
 *                              a gap: one varint, in units of 10 µs since the chunk before
 *
 * The bytes are base64. A varint holds seven bits a byte, lowest first, so a gap takes two bytes up
 * to 163 ms: 280 chunks of text, 20 a second, are 748 characters, and 1,120 where every gap is
 * longer. Gaps are taken between instants that are already rounded, so that rounding errors do not
 * add up along the answer.
 */

/** What kind of piece arrived. */
export type Channel = 'text' | 'reasoning' | 'arguments' | 'refusal';

export interface Chunk {
  /** Instant since the run's origin. */
  readonly at: number;
  readonly channel: Channel;
}

/** In the order of their codes: add at the end only, and four is all there is room for. */
const channels: readonly Channel[] = ['text', 'reasoning', 'arguments', 'refusal'];

const unitsPerMs = 100;

/** Writes chunks, earliest first, as gaps from the first one. */
export const encodeChunks = (chunks: readonly Chunk[]): string => {
  const origin = chunks[0]?.at ?? 0;
  const bytes: number[] = [];
  let before = 0;
  for (let at = 0; at < chunks.length;) {
    const channel = chunks[at]?.channel ?? 'text';
    let end = at;
    while (chunks[end]?.channel === channel) end++;
    const run = chunks.slice(at, end);
    pushVarint(bytes, run.length * channels.length + channels.indexOf(channel));
    for (const chunk of run) {
      const units = Math.max(before, Math.round((chunk.at - origin) * unitsPerMs));
      pushVarint(bytes, units - before);
      before = units;
    }
    at = end;
  }

  return Buffer.from(bytes).toString('base64');
};

/**
 * Reads chunks back, to 10 µs; `firstAt` is the exchange's `firstTokenAt`. A cut code yields what
 * it holds.
 */
export const decodeChunks = (code: string, firstAt: number): Chunk[] => {
  const bytes = Buffer.from(code, 'base64');
  const chunks: Chunk[] = [];
  let place = 0;
  let units = 0;
  const varint = (): number | undefined => {
    let value = 0;
    for (let scale = 1; place < bytes.length; scale *= 128) {
      const byte = bytes[place++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return undefined;
  };
  for (let head = varint(); head !== undefined; head = varint()) {
    const channel = channels[head % channels.length] ?? 'text';
    for (let left = Math.floor(head / channels.length); left > 0; left--) {
      const gap = varint();
      if (gap === undefined) return chunks;
      units += gap;
      chunks.push({ at: firstAt + units / unitsPerMs, channel });
    }
  }

  return chunks;
};

/** By division and not by shifts, which would wrap at 32 bits: six hours in units of 10 µs. */
const pushVarint = (bytes: number[], value: number): void => {
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  bytes.push(left);
};
