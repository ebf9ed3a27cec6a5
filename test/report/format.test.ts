import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  decimal,
  dollars,
  milliseconds,
  percent,
  quantity,
  span,
} from '../../src/report/format.ts';

test('a number keeps three significant digits below a thousand and is grouped above', () => {
  expect([0, 0.0456, 1, 2.71559, 42.75, 314.9, 1234.5, 1_234_567].map(decimal)).toEqual([
    '0',
    '0.0456',
    '1',
    '2.72',
    '42.8',
    '315',
    '1,235',
    '1,234,567',
  ]);
});

test('a negative number has a minus, and what is not finite is no number', () => {
  expect([-1234.5, Number.POSITIVE_INFINITY, Number.NaN].map(decimal)).toEqual([
    '−1,235',
    '∞',
    '–',
  ]);
});

test('a duration turns into seconds at ten of them', () => {
  expect([0.4, 99.4, 842.4, 9_999, 10_000, 61_240].map(milliseconds)).toEqual([
    '0.4 ms',
    '99.4 ms',
    '842 ms',
    '9,999 ms',
    '10 s',
    '61.2 s',
  ]);
});

test('a ratio becomes per cent, and a small amount of money keeps its digits', () => {
  expect(percent(0.9812)).toBe('98.1 %');
  expect(percent(0.00042)).toBe('0.042 %');
  expect(percent(0.99958)).toBe('99.958 %');
  expect(percent(0)).toBe('0 %');
  expect(percent(1)).toBe('100 %');
  expect([0, 0.000_214, 12.345, 1_234.5].map(dollars)).toEqual([
    '$0',
    '$0.000214',
    '$12.3',
    '$1,235',
  ]);
});

test('an interval says its unit once where both ends share it', () => {
  expect(span([701.2, 1012.9], 'ms')).toBe('701–1,013 ms');
  expect(span([9_000, 12_000], 'ms')).toBe('9,000 ms–12 s');
  expect(quantity(43.71, 'tokens/s', { 'tokens/s': 'トークン/秒' })).toBe('43.7 トークン/秒');
});

test('what is written reads back within half of its last digit', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-4, max: 1e9, noNaN: true }), (value) => {
      const readBack = Number(decimal(value).replace(/,/g, ''));
      // Three digits leave an error of at most 0.5 %; from 1000 on nothing but the fraction goes.
      expect(Math.abs(readBack - value)).toBeLessThanOrEqual(Math.max(0.005 * value, 1e-12));
    }),
  );
});
