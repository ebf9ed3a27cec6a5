import { expect, test } from 'vitest';

import { definitions, metricById, metrics } from '../../src/metric/table.ts';

test('a name never stands for two formulas, in either language', () => {
  const all = Object.values(metrics);
  for (const of of [
    (it: (typeof all)[number]) => it.names.en,
    (it: (typeof all)[number]) => it.names.ja,
    (it: (typeof all)[number]) => it.formula,
  ])
    expect(new Set(all.map(of)).size).toBe(all.length);
});

test('each metric has a stat, and the Japanese name is Japanese', () => {
  for (const { stats, names } of Object.values(metrics)) {
    expect(stats.length).toBeGreaterThan(0);
    expect(names.ja).toMatch(/[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u);
  }
});

test('what is no metric has no entry', () => {
  expect(metricById('itl')).toBeUndefined();
  expect(metricById('toString')).toBeUndefined();
  expect(metricById('ttfo')?.unit).toBe('ms');
  expect(definitions()).toContainEqual({
    id: 'ttfo',
    formula: 'firstTextAt − sentAt',
    unit: 'ms',
  });
});
