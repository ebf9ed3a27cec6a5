import { describe, expect, test } from 'vitest';

import { renderRun } from '../../src/report/report.ts';
import { analysisOf } from '../kit/analysis.ts';
import type { AnalysisWish } from '../kit/analysis-manifest.ts';

const render = (wish: AnalysisWish, language: 'en' | 'ja' = 'en') =>
  renderRun(analysisOf(wish), { language });

const textOf = (files: ReadonlyMap<string, string | Uint8Array>, name: string): string => {
  const content = files.get(name);
  if (typeof content !== 'string') throw new Error(`${name} is no text`);
  return content;
};

describe('the run folder', async () => {
  const files = await render({ arms: ['fail', 'continue'] });

  test('holds every file that is promised', () => {
    const charts = ['timeline', 'first-token', 'token-rate', 'failover', 'cost', 'arms'];
    expect([...files.keys()].toSorted()).toEqual(
      [
        'report.html',
        'summary.json',
        'exchanges.csv',
        'attempts.csv',
        'failovers.csv',
        'timeline.csv',
        'summary.csv',
        'summary.md',
        'junit.xml',
        ...charts.flatMap((name) => ['vl.json', 'svg', 'png'].map((it) => `charts/${name}.${it}`)),
      ].toSorted(),
    );
  });

  test('is the same, byte for byte, when it is rendered again', async () => {
    expect(await render({ arms: ['fail', 'continue'] })).toEqual(files);
  });

  test('has rows as they were analysed, and the verdict, in its JSON', () => {
    const summary: unknown = JSON.parse(textOf(files, 'summary.json'));
    expect(summary).toMatchObject({
      isSimulated: true,
      verdict: { kind: 'passed', exitCode: 0 },
      rows: expect.arrayContaining([
        expect.objectContaining({ id: 'ttfo', stat: 'p50', arm: 'fail', value: 842.4, n: 54 }),
      ]),
    });
    expect(textOf(files, 'summary.json')).not.toContain('null');
  });

  test('has charts whose specifications can be edited: they hold their own data', () => {
    const spec: unknown = JSON.parse(textOf(files, 'charts/failover.vl.json'));
    expect(spec).toMatchObject({ $schema: expect.stringContaining('vega-lite/v6') });
    expect(textOf(files, 'charts/failover.vl.json')).not.toMatch(/"url"/);
  });
});

describe('the page', async () => {
  const page = textOf(await render({ arms: ['fail', 'continue'] }, 'ja'), 'report.html');

  test('loads nothing and runs nothing', () => {
    expect(page).not.toMatch(/<(script|link|img|iframe|object|embed|image|use)\b/);
    expect(page).not.toMatch(/@import|@font-face|\son\w+="/);
    expect(page.match(/url\((?!#)[^)]*\)/g) ?? []).toEqual([]);
    expect(page.match(/\b(?:src|href)="(?!#)[^"]*"/g) ?? []).toEqual([]);
    expect(page).toContain(`default-src 'none'`.replaceAll("'", '&#39;'));
  });

  test('has no id twice, and no reference to an id it has not', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of page.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
  });

  test('leaves its colours to the reader: no chart has a colour of its own left', () => {
    expect(page).toContain('lang="ja"');
    expect(page.match(/<svg[\s\S]*?<\/svg>/g)?.join('') ?? '').not.toMatch(
      /(?:fill|stroke)="#[0-9a-f]{6}"/i,
    );
  });

  test('goes from the verdict to the setup in the order of a reader', () => {
    const headings = [...page.matchAll(/<h[12]>([^<]*)</g)].map(([, text]) => text);
    expect(headings).toEqual([
      'quickstart',
      '数値を読む前に',
      '条件の比較',
      '時間の流れ',
      '最初の文字まで',
      'トークン速度',
      'フェイルオーバー',
      '節約額',
      '測定条件',
    ]);
  });

  test('says it was simulated before anything else, and gives each chart its data', () => {
    expect(page.indexOf('シミュレーション：')).toBeLessThan(page.indexOf('<h1>'));
    expect(page.match(/<figure>/g)).toHaveLength(6);
    expect(page.match(/このグラフのデータ/g)).toHaveLength(6);
  });
});

const hostileNames = [
  '</script><script>alert(1)</script>',
  '=cmd()',
  '全角🔥名',
  '"><img src=x onerror=y>',
];

test.each(hostileNames)('a run named %s does no harm', async (name) => {
  const files = await render({ name, arms: [name, 'b'], exchangesPerArm: 3 });
  const page = textOf(files, 'report.html');
  expect(page).not.toMatch(/<script|<img/);
  expect(textOf(files, 'exchanges.csv')).not.toMatch(/^=|,=/m);
  for (const file of ['charts/timeline.svg', 'charts/cost.svg'])
    expect(textOf(files, file)).not.toMatch(/<script|<img/);
});

test('a character that the pictures lack is named on the page', async () => {
  const page = textOf(await render({ name: '火花🔥' }), 'report.html');
  expect(page).toContain('The PNG charts show 〓 for 🔥');
});

test.each<AnalysisWish>([
  { exchangesPerArm: 0, failoversPerArm: 0 },
  { isAllFailed: true },
  { isAllFailed: true, failoversPerArm: 0, arms: ['a', 'b', 'c', 'd'] },
  { arms: ['a', 'b', 'c', 'd'] },
])('a page is whole for %o', async (wish) => {
  const page = textOf(await render(wish), 'report.html');
  expect(page.trimEnd().endsWith('</html>')).toBe(true);
  expect(page).not.toMatch(/undefined|NaN|\[object/);
});

test('a run without answers says so in place of each chart it cannot draw', async () => {
  const page = textOf(await render({ exchangesPerArm: 0, failoversPerArm: 0 }), 'report.html');
  expect(page.match(/There is no data for this chart/g)?.length).toBeGreaterThanOrEqual(2);
  expect(page).toContain('No fault acted on any exchange of this run');
});
