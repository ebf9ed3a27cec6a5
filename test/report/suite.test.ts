/** What is rendered of a failover suite. The texts are golden files: read the difference. */

import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import { summaryMarkdown } from '../../src/report/markdown.ts';
import { renderRun } from '../../src/report/report.ts';
import { textSummary } from '../../src/report/text.ts';
import { wordsOf } from '../../src/report/word/catalogue.ts';
import { columnsOf } from '../../src/report/width.ts';
import { suiteExample } from '../kit/suite-example.ts';

const whole = analyse(suiteExample());
/** The arm without continuation, by itself: a row of each kind that a reader must act on. */
const alone = { ...whole, matrix: whole.matrix.slice(1, 2) };

const golden = (name: string) => `../golden/report/${name}`;

const terminal = (analysis: typeof whole, language: 'en' | 'ja', columns: number): string =>
  textSummary(analysis, { language, columns, isColour: false, runFolder: 'reports/suite' });

describe('on a terminal', () => {
  test.each([
    { name: 'suite-arms.en.txt', analysis: whole, language: 'en', columns: 80 },
    { name: 'suite-arms.ja.txt', analysis: whole, language: 'ja', columns: 60 },
    { name: 'suite-one-arm.en.txt', analysis: alone, language: 'en', columns: 80 },
    { name: 'suite-one-arm.ja.txt', analysis: alone, language: 'ja', columns: 80 },
    { name: 'suite-one-arm-narrow.en.txt', analysis: alone, language: 'en', columns: 60 },
  ] as const)('$name', async ({ name, analysis, language, columns }) => {
    const text = terminal(analysis, language, columns);
    for (const line of text.split('\n')) expect(columnsOf(line)).toBeLessThanOrEqual(columns);
    await expect(text).toMatchFileSnapshot(golden(name));
  });
});

test.each(['en', 'ja'] as const)('as Markdown (%s)', async (language) => {
  await expect(summaryMarkdown(alone, wordsOf(language))).toMatchFileSnapshot(
    golden(`suite.${language}.md`),
  );
});

describe('the run folder', async () => {
  const files = await renderRun(whole, { language: 'en' });
  const textOf = (name: string): string => {
    const content = files.get(name);
    if (typeof content !== 'string') throw new Error(`${name} is no text`);
    return content;
  };

  test('has a line per row and arm in its CSV, and says that it was simulated', () => {
    const records: Record<string, string>[] = parse(textOf('matrix.csv'), { columns: true });
    expect(records).toHaveLength(24);
    expect(records.find(({ arm, row }) => arm === 'relay' && row === 'truncate')).toMatchObject({
      is_simulated: 'true',
      standing: 'harmed',
      trials_exercised: '60',
      outcome_repeated: '60',
      dup_tokens: '300',
      failover_p95_ms: '',
      failover_p95_ms_withheld: 'too-few',
    });
  });

  test('has every figure of the matrix once in its JSON', () => {
    const summary: unknown = JSON.parse(textOf('summary.json'));
    expect(summary).toMatchObject({
      rows: expect.arrayContaining([
        expect.objectContaining({
          id: 'as_expected',
          arm: 'relay',
          where: 'row=truncate',
          value: 0,
        }),
      ]),
      matrix: [{ arm: 'spillway' }, { arm: 'spillway-fail' }, { arm: 'relay' }],
    });
    expect(textOf('summary.json').match(/"cells"/g)).toBeNull();
  });

  test('fails the rows of the first arm alone, and errs where nothing was tested', () => {
    const junit = textOf('junit.xml');
    expect(junit).toMatch(
      /classname="failover-suite.relay" name="row certificate-expired">\s*<error/,
    );
    expect(junit).toMatch(/classname="failover-suite.relay" name="row truncate">\s*<system-out/);
  });

  test('has a picture of it all that fills a slide of 16 : 9, which is what the page shows', () => {
    expect(textOf('charts/overview.svg')).toMatch(/ width="880" height="495"/);
    expect(textOf('charts/overview.svg')).toContain('0/1 · truncate');
    expect(textOf('report.html')).toContain('What became of each family of faults');
  });

  test('lists no figure of a fault twice on its page, and says where all of them are', () => {
    const page = textOf('report.html');
    const listed = page.slice(page.indexOf('>All figures<'));
    expect(listed).not.toMatch(/fault=\d|row=/);
    expect(listed).toMatch(/All [\d,]+ are in summary\.csv/);
    expect(textOf('summary.csv')).toMatch(/fault=1/);
  });

  test('has the picture, and a table that tells standing by sign and word', () => {
    expect(files.has('charts/matrix.png')).toBe(true);
    expect(textOf('charts/matrix.svg')).toContain('SIMULATED');
    const page = textOf('report.html');
    expect(page).not.toContain('matrix-narrow');
    expect(page).toContain('\u203c silently harmed');
    expect(page).not.toMatch(/undefined|NaN|\[object/);
  });
});
