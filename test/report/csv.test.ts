import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { csv, excelCsv, type Column } from '../../src/report/csv.ts';

const column: readonly Column<string | number | boolean | undefined>[] = [
  { name: 'first', of: () => 'x' },
  { name: 'cell', of: (value) => value },
];

const readBack = (text: string, options: { readonly isExcel?: boolean } = {}): string[][] =>
  parse(text, { bom: true, record_delimiter: options.isExcel === true ? '\r\n' : '\n' });

test('what a spreadsheet would run is defused', () => {
  const hostile = [
    '=cmd()',
    '+1+1',
    '-2+3',
    '@SUM(A1)',
    ' =1+1',
    '\u{feff}=1',
    '\u{a0}=1',
    '\uff1dA1',
    '\tx',
    'a\n=b',
  ];
  const cells = readBack(csv(column, hostile)).slice(1);
  expect(cells.map(([, cell]) => cell)).toEqual(hostile.map((text) => `'${text}`));
});

test('plain numbers, also written ones and negative ones, stay what they are', () => {
  const cells = readBack(csv(column, ['-1', '+2.5', -1, 0.1 + 0.2, 1e-7])).slice(1);
  expect(cells.map(([, cell]) => cell)).toEqual(['-1', '+2.5', '-1', '0.3', '1e-7']);
});

test('what does not apply, or is no number, is empty and never zero', () => {
  const cells = readBack(
    csv(column, [undefined, Number.NaN, Number.POSITIVE_INFINITY, 0, false]),
  ).slice(1);
  expect(cells.map(([, cell]) => cell)).toEqual(['', '', '', '0', 'false']);
});

test('any text comes back, guarded or not, in both forms', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 }), (texts) => {
      for (const isExcel of [false, true]) {
        const text = isExcel ? excelCsv(column, texts) : csv(column, texts);
        const cells = readBack(text, { isExcel }).slice(1);
        expect(cells.map(([, cell]) => cell?.replace(/^'/, ''))).toEqual(
          texts.map((it) => it.replace(/^'/, '')),
        );
      }
    }),
  );
});

test('the form for Excel has a byte order mark, CRLF, and quotes a lone line feed', () => {
  const text = excelCsv(column, ['日本語', 'a\nb']);
  expect(text).toBe('\u{feff}first,cell\r\nx,日本語\r\nx,"a\nb"\r\n');
});
