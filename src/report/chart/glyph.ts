/**
 * Which characters the bundled font can draw, read from its own `cmap` table.
 *
 * The rasteriser draws a character it has no glyph for as nothing and says nothing, so a report
 * must find out before, and say what is missing.
 * Format 4 is a list of segments: end, start, delta and an offset into a list of glyph ids
 * (OpenType specification, cmap).
 */

/** A test for characters, made from the bytes of a TrueType font. */
export const glyphTest = (font: Uint8Array): ((codePoint: number) => boolean) => {
  const view = new DataView(font.buffer, font.byteOffset, font.byteLength);
  const segments = segmentsAt(view, unicodeSubtable(view, tableAt(view, 'cmap')));
  return (codePoint) =>
    segments.some(
      ({ start, end, has }) => codePoint >= start && codePoint <= end && has(codePoint),
    );
};

/** Stands for a character the font lacks, as printers of Japanese have it: the geta mark. */
const missingMark = '\u{3013}';

/** Replaces what the font cannot draw; the second value is what was replaced. */
export const drawable = (
  text: string,
  hasGlyph: (codePoint: number) => boolean,
): { readonly text: string; readonly missing: readonly string[] } => {
  const missing = new Set<string>();
  const kept = Array.from(text, (character) => {
    const codePoint = character.codePointAt(0) ?? 0;
    // Joiners and variation selectors draw nothing by themselves.
    if (/[\p{Cc}\p{Cf}\p{Mn}]/u.test(character) || hasGlyph(codePoint)) return character;
    missing.add(character);
    return missingMark;
  });
  return { text: kept.join(''), missing: [...missing] };
};

interface Segment {
  readonly start: number;
  readonly end: number;
  readonly has: (codePoint: number) => boolean;
}

const tableAt = (view: DataView, tag: string): number => {
  const count = view.getUint16(4);
  for (let index = 0; index < count; index++) {
    const at = 12 + index * 16;
    const name = String.fromCodePoint(...[0, 1, 2, 3].map((byte) => view.getUint8(at + byte)));
    if (name === tag) return view.getUint32(at + 8);
  }
  throw new Error(`the font has no table ${tag}`);
};

/** The subtable of format 4, which holds the basic multilingual plane. */
const unicodeSubtable = (view: DataView, cmap: number): number => {
  const count = view.getUint16(cmap + 2);
  for (let index = 0; index < count; index++) {
    const at = cmap + view.getUint32(cmap + 4 + index * 8 + 4);
    if (view.getUint16(at) === 4) return at;
  }
  throw new Error('the font has no character map of format 4');
};

const segmentsAt = (view: DataView, at: number): readonly Segment[] => {
  const doubled = view.getUint16(at + 6);
  const ends = at + 14;
  const starts = ends + doubled + 2;
  const deltas = starts + doubled;
  const offsets = deltas + doubled;
  return Array.from({ length: doubled / 2 }, (_, index) => {
    const start = view.getUint16(starts + index * 2);
    const delta = view.getUint16(deltas + index * 2);
    const offsetAt = offsets + index * 2;
    const offset = view.getUint16(offsetAt);
    const glyph = (codePoint: number): number =>
      offset === 0
        ? (codePoint + delta) & 0xffff
        : view.getUint16(offsetAt + offset + (codePoint - start) * 2);
    return {
      start,
      end: view.getUint16(ends + index * 2),
      has: (codePoint: number) => glyph(codePoint) !== 0,
    };
  });
};
