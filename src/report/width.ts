/**
 * How wide a text is: in columns of a terminal, and in ems of a chart.
 *
 * East-Asian wide and full-width characters take two columns and one em. The terminal counts whole
 * grapheme clusters, so that a combined emoji is as wide as it is shown.
 */

/** Ranges of East-Asian Width W and F (Unicode Annex 11), and emoji, which terminals draw wide. */
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1faff],
  [0x20000, 0x3fffd],
];

const isWide = (codePoint: number): boolean =>
  codePoint >= 0x1100 && wideRanges.some(([from, to]) => codePoint >= from && codePoint <= to);

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Columns a text takes on a terminal. */
export const columnsOf = (text: string): number => {
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) {
    const codePoint = segment.codePointAt(0) ?? 0;
    if (codePoint < 0x20 || /^\p{M}/u.test(segment)) continue;
    columns += isWide(codePoint) || segment.includes('\u{fe0f}') ? 2 : 1;
  }
  return columns;
};

/** Fills with blanks up to a width; a text that is wider stays as it is. */
export const padEnd = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - columnsOf(text)));

/** As `padEnd`, with the blanks in front. */
export const padStart = (text: string, columns: number): string =>
  ' '.repeat(Math.max(0, columns - columnsOf(text))) + text;

/** Cuts to a width, ending in `…` where something was lost. */
export const cutEnd = (text: string, columns: number): string => {
  if (columnsOf(text) <= columns) return text;
  let cut = '';
  for (const { segment } of graphemes.segment(text)) {
    if (columnsOf(cut + segment) > columns - 1) break;
    cut += segment;
  }
  return `${cut}…`;
};

/** Stands for a blank that no line is broken at; a private character, so that no text has it. */
const glue = '\u{e000}';

/** Characters a line may be broken between, and marks that may not begin or end a line. */
const eastern = '\u{2e80}-\u{d7ff}\u{f900}-\u{10ffff}';
const closing = '\u{3001}\u{3002}\u{ff1a}\u{ff09}\u{300d}';
const opening = '\u{ff08}\u{300c}';
const unbroken = new RegExp(
  `[^\\s${eastern}]+[${closing}]*\\s*|[${opening}]*[${eastern}][${closing}]*\\s*|\\s+`,
  'gu',
);

/**
 * Breaks a text into lines of at most `columns`: at blanks, and between any two wide characters,
 * as Japanese is broken, but never before a closing mark, after an opening one, or between a
 * number and its unit.
 */
export const wrap = (text: string, columns: number): readonly string[] => {
  const pieces = text.replace(/(?<=\d) (?=(?:ms|s|%|tokens\/s)(?![a-z]))/g, glue).match(unbroken);
  const lines: string[] = [];
  let line = '';
  for (const piece of pieces ?? []) {
    if (line !== '' && columnsOf((line + piece).trimEnd()) > columns) {
      lines.push(line.trimEnd());
      line = piece.trimStart();
    } else line += piece;
  }
  if (line.trim() !== '' || lines.length === 0) lines.push(line.trimEnd());
  return lines.map((it) => it.replaceAll(glue, ' '));
};

/** Advances of U+0020 to U+007E in Noto Sans JP Regular, in hundredths of an em. */
const latinAdvances: readonly number[] = [
  22, 32, 47, 56, 56, 92, 68, 28, 34, 34, 47, 56, 28, 35, 28, 39, 56, 56, 56, 56, 56, 56, 56, 56,
  56, 56, 28, 28, 56, 56, 56, 47, 95, 61, 66, 64, 69, 59, 55, 69, 73, 29, 54, 65, 54, 81, 72, 74,
  63, 74, 64, 60, 60, 72, 57, 88, 57, 53, 60, 34, 39, 34, 56, 56, 61, 56, 62, 51, 62, 55, 32, 56,
  61, 28, 28, 55, 28, 93, 61, 61, 62, 62, 39, 47, 38, 61, 52, 80, 50, 52, 48, 34, 27, 34, 56,
];

/** Width of a text in ems, by the metrics of the bundled font. */
export const emsOf = (text: string): number => {
  let hundredths = 0;
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    if (isWide(codePoint) || (codePoint >= 0x2190 && codePoint <= 0x27bf)) hundredths += 100;
    else hundredths += latinAdvances[codePoint - 0x20] ?? 56;
  }
  return hundredths / 100;
};
