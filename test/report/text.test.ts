import { stripVTControlCharacters } from 'node:util';

import { describe, expect, test } from 'vitest';

import type { Analysis, FailoverRow } from '../../src/analysis/analysis.ts';
import { keyFiguresOf } from '../../src/report/figure.ts';
import { junitXml } from '../../src/report/junit.ts';
import { summaryMarkdown } from '../../src/report/markdown.ts';
import { textSummary } from '../../src/report/text.ts';
import { columnsOf } from '../../src/report/width.ts';
import { wordsOf } from '../../src/report/word/catalogue.ts';
import { analysisOf } from '../kit/analysis.ts';

const plain = { columns: 80, isColour: false, runFolder: 'reports/20261123-quickstart-7f3a' };
const one = analysisOf();
const two = analysisOf({ arms: ['fail', 'continue'] });

describe.each(['en', 'ja'] as const)('in %s', (language) => {
  test('the terminal summary of one arm and of two', async () => {
    await expect(textSummary(one, { ...plain, language })).toMatchFileSnapshot(
      `../golden/report/summary-one-arm.${language}.txt`,
    );
    await expect(textSummary(two, { ...plain, language })).toMatchFileSnapshot(
      `../golden/report/summary-two-arms.${language}.txt`,
    );
  });

  test('the Markdown summary', async () => {
    await expect(summaryMarkdown(two, wordsOf(language))).toMatchFileSnapshot(
      `../golden/report/summary.${language}.md`,
    );
  });

  test.each([40, 60, 80, 200])('no line is wider than %i columns', (columns) => {
    const four = analysisOf({ arms: ['gpt-oss-120b', 'gpt-oss-20b', 'qwen3-8b', 'gemma3-27b'] });
    for (const analysis of [one, two, four]) {
      const lines = textSummary(analysis, { ...plain, language, columns })
        .trimEnd()
        .split('\n');
      const wide = lines.slice(0, -1).filter((line) => columnsOf(line) > Math.min(80, columns));
      expect(wide).toEqual([]);
    }
  });

  test('the last line is the run folder, whatever happened', () => {
    const none = analysisOf({ exchangesPerArm: 0, failoversPerArm: 0 });
    for (const analysis of [one, none])
      expect(
        textSummary(analysis, { ...plain, language })
          .trimEnd()
          .split('\n')
          .at(-1),
      ).toBe(plain.runFolder);
  });
});

test('colour adds nothing but escape sequences', () => {
  const coloured = textSummary(one, { ...plain, language: 'en', isColour: true });
  expect(coloured).toContain('\u{1b}[32m');
  expect(stripVTControlCharacters(coloured)).toBe(textSummary(one, { ...plain, language: 'en' }));
});

test('nothing measured is said to be nothing, not zero', () => {
  const none = analysisOf({ exchangesPerArm: 0, failoversPerArm: 0 });
  const text = textSummary(none, { ...plain, language: 'en' });
  expect(text).toContain('Undecided  quickstart');
  expect(text).toContain('undecided  ttfo p50 < 3 s  no data');
  expect(text).not.toMatch(/\b0 ms/);
});

test('many failovers of several arms are told by arm, with what became of them and why', () => {
  const rows = analysisOf({ arms: ['fail', 'continue'], failoversPerArm: 8 });
  const failovers = rows.failovers.map((row, at): FailoverRow => {
    const { failoverMs: _, refillMs: __, ...rest } = row;
    return row.arm === 'continue'
      ? row
      : { ...rest, outcome: 'error', reason: 'bad-seam', errorAfterMs: 13_600 - 100 * at };
  });
  const text = textSummary({ ...rows, failovers }, { ...plain, language: 'en' });
  expect(text).toContain('fail: 8 faulted; clean error (bad seam) 8; error after 12.9–13.6 s');
  expect(text).toContain('continue: 8 faulted; continued 8; failover 821–1,943 ms');
  expect(text).toContain('All 16 are in failovers.csv.');
  const few = { ...rows, failovers: failovers.slice(0, 1) };
  expect(textSummary(few, { ...plain, language: 'en' })).toContain(
    'clean error (after 13.6 s, bad seam)',
  );
});

test('workloads are named where there are several', () => {
  const [plan] = one.manifest.plan;
  if (!plan) throw new Error('expected a plan');
  const manifest = { ...one.manifest, plan: [plan, { ...plan, workload: 'private' }] };
  const text = textSummary({ ...one, manifest }, { ...plain, language: 'en' });
  expect(text).toContain('chat s2 t1 reset');
  expect(textSummary(one, { ...plain, language: 'en' })).not.toContain('chat s2');
});

test('what failed is told with its workload, its code and what that means', () => {
  const failed = analysisOf({ isAllFailed: true, failoversPerArm: 0 });
  const text = textSummary(failed, { ...plain, language: 'en' });
  expect(text).toContain('chat: 54 of 55 failed, 503 local_only_unavailable (no local backend');
  expect(text).toContain('chat: 1 of 55 failed, server_error (bad seam)');
});

test('a leak that could not happen is no headline, and a share of nothing is not shown', () => {
  const front = (analysis: Analysis) =>
    keyFiguresOf(analysis).flatMap(({ id, isFront }) => (isFront ? [id] : []));
  expect(front(one)).toContain('leaked');
  const rows = one.rows.map((row) => (row.id === 'leaked' ? { ...row, among: 0 } : row));
  expect(front({ ...one, rows })).not.toContain('leaked');
  expect(keyFiguresOf(one).map(({ id }) => id)).not.toContain('share_cloud');
});

const decided = (decision: 'met' | 'missed' | 'undecided') => ({
  text: `ttfo p50 < 3 s (${decision})`,
  arm: 'main',
  decision,
  limit: 3_000,
});

test('JUnit tells met, missed, undecided and invalid apart', () => {
  const xml = junitXml(
    {
      ...one,
      verdict: {
        kind: 'invalid',
        exitCode: 20,
        objectives: [decided('met'), decided('missed'), decided('undecided')],
        invalid: [
          {
            kind: 'harness-late',
            arm: 'main',
            lateMs: 50,
            isPercentile: false,
            sentCount: 21,
            lateCount: 4,
            limitMs: 20,
          },
        ],
      },
    },
    wordsOf('en'),
  );
  expect(xml).toContain('tests="4" failures="1" errors="1" skipped="1"');
  expect(xml).toMatch(/name="run"><error message="The harness itself was late/);
  expect(xml).toMatch(/\(missed\)"><failure /);
  expect(xml).toMatch(/\(undecided\)"><skipped /);
  expect(xml).toMatch(/\(met\)"><system-out>/);
});

test('names cannot break out of Markdown or XML', () => {
  const hostile = analysisOf({ name: '</h1><script>|x|`*\u{0}\n# y' });
  const markdown = summaryMarkdown(hostile, wordsOf('en'));
  expect(markdown).not.toMatch(/<script>|^# y/m);
  const xml = junitXml(hostile, wordsOf('en'));
  expect(xml).toContain('name="&lt;/h1&gt;&lt;script&gt;|x|`*\n# y"');
});
