/** What is said of outages and deadlines. The sentences are golden files: read the difference. */

import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import type { Analysis, OutageRow } from '../../src/analysis/analysis.ts';
import type { TradeOff } from '../../src/analysis/trade-off.ts';
import { summaryMarkdown } from '../../src/report/markdown.ts';
import { renderRun } from '../../src/report/report.ts';
import { textSummary } from '../../src/report/text.ts';
import { wordsOf } from '../../src/report/word/catalogue.ts';
import { columnsOf } from '../../src/report/width.ts';
import { analysisOf } from '../kit/analysis.ts';
import { suiteLog } from '../kit/suite-log.ts';

const outage: OutageRow = {
  arm: 'main',
  fault: 0,
  what: 'refuse',
  backend: 'spark',
  from: 20_000,
  until: 31_000,
  overAt: 33_400,
  timeToTripMs: 7.2,
  paidCount: 1,
  probeCount: 3,
  userProbeCount: 0,
  failbackMs: 2400,
  healPhaseRatio: 0.62,
  flapCount: 0,
  returnTtftMs: 1180,
  healthyTtftMs: 395,
  unavailabilityMs: 1500,
  discardedTokens: 12,
  doublePrefillTokens: 1840,
  cloudUsd: 0.0045,
  circuits: [
    { at: 20_007, to: 'open' },
    { at: 32_000, to: 'half-open' },
    { at: 32_010, to: 'closed' },
  ],
  probes: [
    { at: 25_000, isAnswered: false },
    { at: 32_000, isAnswered: true },
  ],
  requests: [
    { at: 18_000, servedBy: 'spark' },
    { at: 20_001, servedBy: 'failed' },
    { at: 24_000, servedBy: 'azure' },
  ],
};

const { timeToTripMs: _, failbackMs: __, cloudUsd: ___, ...bare } = outage;
/** Of a proxy that tells of no circuit, which was never used again, at an unknown price. */
const untold: OutageRow = { ...bare, fault: 1, userProbeCount: 2, flapCount: 1 };

const tradeOff: TradeOff = {
  backend: 'spark',
  model: 'gpt-oss:120b',
  n: 412,
  slowestMs: 1180,
  fallbackMs: 640,
  points: [
    { deadlineMs: 100, falseRatio: 1, atMostRatio: 1 },
    { deadlineMs: 700, falseRatio: 0.05, atMostRatio: 0.08 },
    { deadlineMs: 2000, falseRatio: 0, atMostRatio: 0.0073 },
  ],
  picks: [
    { ratio: 0.001, needs: 2995 },
    { ratio: 0.01, deadlineMs: 1180, needs: 299 },
  ],
};
const { slowestMs: ____, fallbackMs: _____, ...cut } = tradeOff;

const analysis: Analysis = {
  ...analysisOf(),
  outages: [outage, untold],
  tradeOffs: [tradeOff, { ...cut, backend: 'azure', model: 'gpt-5-mini' }],
};

test.each(['en', 'ja'] as const)('in sentences (%s)', async (language) => {
  const words = wordsOf(language).outages;
  const said = [
    ...analysis.outages.map(words.sum),
    ...analysis.tradeOffs.map(words.choice),
    words.note,
    words.choiceNote,
  ].join('\n');
  expect(said).not.toMatch(/undefined|NaN/);
  await expect(`${said}\n`).toMatchFileSnapshot(`../golden/report/outage.${language}.txt`);
});

test('on a terminal and in Markdown, within the width', () => {
  for (const columns of [60, 80]) {
    const text = textSummary(analysis, {
      language: 'ja',
      columns,
      isColour: false,
      runFolder: 'reports/x',
    });
    expect(text).toContain('遮断');
    for (const line of text.split('\n')) expect(columnsOf(line)).toBeLessThanOrEqual(columns);
  }
  expect(summaryMarkdown(analysis, wordsOf('en'))).toContain('## Choosing a first-token deadline');
});

test('as pictures and tables, marked as simulated', async () => {
  const files = await renderRun(analysis, { language: 'ja' });
  for (const name of ['outage', 'trade-off']) {
    expect(files.get(`charts/${name}.svg`)).toContain('シミュレーション');
    expect(files.has(`charts/${name}.png`)).toBe(true);
  }
  const page = files.get('report.html');
  expect(page).toContain('二重読み込み');
  expect(page).not.toMatch(/undefined|NaN|\[object/);
});

test('a proxy of others is shown with the file it was run with', async () => {
  const shape = { end: 'switch', detectMs: 2, trials: 6 } as const;
  const log = suiteLog({
    rows: [{ name: 'reset' }],
    arms: { spillway: { reset: shape }, other: { reset: shape } },
    manifest: {
      peers: [
        { arm: 'other', product: 'Gateway 1.2', tuning: 'defaults', config: 'retries: 2 # <own>' },
      ],
    },
  });
  const page = (await renderRun(analyse(log), { language: 'en' })).get('report.html');
  expect(page).toContain('Gateway 1.2, documented defaults');
  expect(page).toContain('retries: 2 # &lt;own&gt;');
});
