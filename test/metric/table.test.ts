import { expect, test } from 'vitest';

import { metricById, metrics } from '../../src/metric/table.ts';

test('a name never stands for two formulas, in either language', () => {
  for (const of of [
    (it: (typeof metrics)[number]) => it.names.en,
    (it: (typeof metrics)[number]) => it.names.ja,
    (it: (typeof metrics)[number]) => it.formula,
  ])
    expect(new Set(metrics.map(of)).size).toBe(metrics.length);
});

test('each metric has a stat, and the Japanese name is Japanese', () => {
  for (const { stats, names } of metrics) {
    expect(stats.length).toBeGreaterThan(0);
    expect(names.ja).toMatch(/[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u);
  }
});

test('what is no metric has no entry', () => {
  expect(metricById('itl')).toBeUndefined();
  expect(metricById('toString')).toBeUndefined();
  expect(metricById('ttfo')?.unit).toBe('ms');
  expect(metrics.find(({ id }) => id === 'ttfo')).toMatchObject(metricById('ttfo') ?? {});
});
