import { readFileSync, globSync } from 'node:fs';

import { expect, test } from 'vitest';

import type { Advisory, Invalidity, Withheld } from '../../src/analysis/analysis.ts';
import { wordsOf } from '../../src/report/word/catalogue.ts';
import type { Words } from '../../src/report/word/language.ts';

const sources = globSync('src/report/**/*.ts')
  .filter((file) => !file.includes('report/word/'))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

const english = wordsOf('en');
const japanese = wordsOf('ja');

test('every word is used somewhere', () => {
  const unused = Object.keys(english).filter((key) => !new RegExp(`\\.${key}\\b`).test(sources));
  expect(unused).toEqual([]);
});

test.each(['heading', 'label', 'setup', 'chart'] as const)('every word of %s is used', (group) => {
  const unused = Object.keys(english[group]).filter(
    (key) => !new RegExp(`\\b${group}\\.${key}\\b|, words, '${key}',`).test(sources),
  );
  expect(unused).toEqual([]);
});

const lateness = { arm: 'main', lateMs: 50, isPercentile: false, sentCount: 21, lateCount: 4 };

const advisories: readonly Advisory[] = [
  { kind: 'harness-late', ...lateness, medianTtfoMs: 800 },
  { kind: 'harness-late', ...lateness, isPercentile: true, sentCount: 900, medianTtfoMs: 800 },
  { kind: 'arrivals-dropped', arm: 'main', count: 3 },
  { kind: 'figures-withheld', count: 1 },
  { kind: 'log-cut', lines: 120, unreadable: 1, hasEnd: false },
  { kind: 'log-cut', lines: 1, unreadable: 0, hasEnd: false },
  { kind: 'log-cut', lines: 120, unreadable: 2, hasEnd: true },
  { kind: 'interrupted', why: 'SIGINT' },
  { kind: 'spend-limit' },
  { kind: 'drift', arm: 'main', firstHalfMs: 800, secondHalfMs: 1_600 },
  { kind: 'extrapolated-profile', backend: 'spark', basis: 'derived' },
  { kind: 'think-scaled', scale: 0.1 },
  { kind: 'tokenizer-differs', backends: ['spark', 'azure'] },
  { kind: 'usage-estimated', count: 2 },
  { kind: 'leaked', arm: 'main', count: 1 },
  { kind: 'buffered', answers: [{ backend: 'azure', count: 4 }] },
  {
    kind: 'buffered',
    answers: [
      { backend: 'azure', count: 4 },
      { backend: 'ollama', count: 1 },
      { backend: 'spark', count: 2 },
    ],
  },
  { kind: 'no-price', backend: 'azure', model: 'x' },
  { kind: 'price-old', asOf: '2025-01-01' },
  { kind: 'seam-quality-unmeasured' },
  { kind: 'one-backend-failures', backend: 'spark', count: 5 },
];

const invalidities: readonly Invalidity[] = [
  { kind: 'harness-late', ...lateness, limitMs: 20 },
  { kind: 'load-thread-busy', utilisationRatio: 0.72 },
  { kind: 'fault-never-acted', fault: 2, arm: 'main' },
];

const reasons: readonly Withheld[] = [
  { why: 'too-few', n: 3, floor: 11 },
  { why: 'no-data' },
  { why: 'buffered' },
  { why: 'unknown-outside' },
  { why: 'no-price', model: 'x' },
  { why: 'no-fx' },
];

/** What those words make of each remark there is. */
const said = (words: Words): readonly string[] =>
  [`# ${words.language}`].concat(
    invalidities.map(words.invalidity),
    advisories.map(words.advisory),
    reasons.map(words.withheld),
  );

test('each remark is said in both languages, with the figures it rests on', async () => {
  const lines = said(english).concat(said(japanese));
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('../golden/report/remarks.txt');
});

test('Japanese sentences hold no English punctuation beside Japanese characters', () => {
  const texts = [
    ...Object.values(japanese.label),
    ...Object.values(japanese.verdictLong),
    ...advisories.map(japanese.advisory),
    ...reasons.map(japanese.withheld),
    japanese.costNote,
    japanese.costNotIncluded,
  ];
  expect(texts.filter((text) => /[\u{3040}-\u{9fff}][,:(!?]/u.test(text))).toEqual([]);
});
