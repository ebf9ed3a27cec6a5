import fc from 'fast-check';
import { expect, test } from 'vitest';

import { columnsOf, cutEnd, emsOf, padEnd, padStart, wrap } from '../../src/report/width.ts';

test('East-Asian characters and emoji take two columns, combining marks none', () => {
  expect(['abc', '再開まで', 'ﾊﾝｶｸ', '全角', 'e\u{301}', '👩‍💻', '–'].map(columnsOf)).toEqual([
    3, 8, 4, 4, 1, 2, 1,
  ]);
});

test('a padded text is as wide as asked, or as wide as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(60), (text, columns) => {
      const width = Math.max(columnsOf(text), columns);
      expect(columnsOf(padEnd(text, columns))).toBe(width);
      expect(columnsOf(padStart(text, columns))).toBe(width);
    }),
  );
});

test('a cut text fits', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.integer({ min: 1, max: 40 }),
      (text, columns) => {
        expect(columnsOf(cutEnd(text, columns))).toBeLessThanOrEqual(columns);
      },
    ),
  );
});

test('wrapping loses nothing but the blanks it breaks at', () => {
  const word = fc.constantFrom(
    'quick',
    '再開',
    '、',
    '12 ms',
    'n 54',
    'フェイルオーバー',
    '。',
    '–',
  );
  fc.assert(
    fc.property(
      fc.array(word, { maxLength: 30 }),
      fc.integer({ min: 24, max: 80 }),
      (words, columns) => {
        const text = words.join(' ');
        const lines = wrap(text, columns);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
        expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(columns);
      },
    ),
  );
});

test('no line begins with a closing mark, and no number is parted from its unit', () => {
  expect(wrap('これは試験です。待ち時間は 842 ms でした。', 16)).toEqual([
    'これは試験です。',
    '待ち時間は',
    '842 ms でした。',
  ]);
});

test('ems follow the bundled font within a few hundredths', () => {
  // Advances of Noto Sans JP, summed by hand: T 60 T 60 F 55 T 60, and four full ems.
  expect(emsOf('TTFT')).toBeCloseTo(2.35, 2);
  expect(emsOf('再開まで')).toBe(4);
});
