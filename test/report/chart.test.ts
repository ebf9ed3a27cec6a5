import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import type { Analysis } from '../../src/analysis/analysis.ts';
import { chartsOf } from '../../src/report/chart/catalogue.ts';
import { framed, logSteps } from '../../src/report/chart/chart.ts';
import { drawable, glyphTest } from '../../src/report/chart/glyph.ts';
import { narrowed } from '../../src/report/chart/narrow.ts';
import { chartPng, chartSvg } from '../../src/report/chart/render.ts';
import { armStyles, palette } from '../../src/report/chart/theme.ts';
import { wordsOf } from '../../src/report/word/catalogue.ts';
import { analysisOf } from '../kit/analysis.ts';

const english = wordsOf('en');
const hasGlyph = glyphTest(readFileSync('src/report/font/noto-sans-jp-subset.ttf'));

const count = (svg: string, pattern: RegExp): number => svg.match(pattern)?.length ?? 0;

/** Marks are the paths, rules and texts that stand within a mark group of that name. */
const markGroups = (svg: string, role: string): number =>
  count(svg, new RegExp(`class="mark-${role} role-mark`, 'g'));

const drawn = async (analysis: Analysis, language: 'en' | 'ja' = 'en') => {
  const charts = chartsOf(analysis, wordsOf(language));
  const svgs = new Map<string, string>();
  for (const [name, chart] of charts) svgs.set(name, await chartSvg(chart));
  return svgs;
};

describe('a whole run of one arm', async () => {
  const analysis = analysisOf();
  const svgs = await drawn(analysis);

  test('draws every chart but the comparison of arms', () => {
    expect([...svgs.keys()]).toEqual(['timeline', 'firstToken', 'tokenRate', 'failover', 'cost']);
  });

  test('has a bar for each backend that received tokens in a bin, and a mark for each act', () => {
    const svg = svgs.get('timeline') ?? '';
    const bars = analysis.timelines[0]?.bins.flatMap(({ tokens, ended }) =>
      Object.values(tokens)
        .concat(Object.values(ended))
        .filter((it) => it > 0),
    );
    expect(markGroups(svg, 'rect')).toBeGreaterThan(0);
    const colours = [palette.blue.light, palette.orange.light];
    const filled = colours.map((colour) =>
      count(svg, new RegExp(`<path [^>]*fill="${colour}"`, 'g')),
    );
    // The legend has one more symbol of each colour.
    expect(filled.reduce((sum, it) => sum + it, 0)).toBe((bars?.length ?? 0) + colours.length);
    expect(markGroups(svg, 'symbol')).toBe(1);
  });

  test('draws fault windows before, and so behind, the bars', () => {
    const svg = svgs.get('timeline') ?? '';
    expect(svg.indexOf(`fill="${palette.red.light}"`)).toBeGreaterThan(0);
    expect(svg.indexOf(`fill="${palette.red.light}"`)).toBeLessThan(
      svg.indexOf(`stroke-width="0"`),
    );
  });

  test('has a line for each backend, three parts for each failover, a tick for each answer', () => {
    expect(count(svgs.get('firstToken') ?? '', /<path [^>]*stroke-width="2.5"/g)).toBe(2);
    const failover = svgs.get('failover') ?? '';
    for (const colour of [palette.purple, palette.ink, palette.teal])
      expect(
        count(failover, new RegExp(`<path [^>]*fill="${colour.light}"`, 'g')),
      ).toBeGreaterThanOrEqual(6);
    expect(count(svgs.get('tokenRate') ?? '', /<path [^>]*opacity="0.45"/g)).toBe(46 + 8);
  });

  test('says in each picture what it shows and that it was simulated', () => {
    for (const svg of svgs.values()) {
      expect(svg).toContain('>SIMULATED · quickstart · Seed 7<');
      expect(svg).toMatch(/aria-label="[^"]{40,}"/);
    }
  });
});

test('a real run is not called simulated', async () => {
  const svgs = await drawn(analysisOf({ isSimulated: false }));
  for (const svg of svgs.values()) expect(svg).not.toContain('SIMULATED');
});

test('four arms get a comparison, each arm with its own colour, dash and shape', async () => {
  const svgs = await drawn(analysisOf({ arms: ['a', 'b', 'c', 'd'] }));
  const arm = svgs.get('arm') ?? '';
  for (const { colour } of armStyles.slice(0, 4)) expect(arm).toContain(colour);
  expect(new Set(armStyles.map(({ dash }) => dash.join())).size).toBe(armStyles.length);
  expect(new Set(armStyles.map(({ shape }) => shape)).size).toBe(armStyles.length);
});

test('where nothing was received the timeline is still drawn, and nothing else is', async () => {
  expect([...(await drawn(analysisOf({ isAllFailed: true, failoversPerArm: 0 }))).keys()]).toEqual(
    expect.arrayContaining(['timeline']),
  );
  expect((await drawn(analysisOf({ isAllFailed: true }))).has('firstToken')).toBe(false);
});

test('two faults on one turn are two bars', () => {
  const analysis = analysisOf({ failoversPerArm: 1 });
  const twice = { ...analysis, failovers: [...analysis.failovers, ...analysis.failovers] };
  const rows = chartsOf(twice, english)
    .get('failover')
    ?.table.rows.map(([name]) => name);
  expect(rows).toEqual(['s2 t1 reset', 's2 t1 reset (2)']);
});

test('figures that are zero or withheld in every arm do not stop a chart', async () => {
  const analysis = analysisOf({ arms: ['a', 'b'] });
  const zero = analysis.rows.map(({ id, stat, arm, where, unit, n }) => ({
    id,
    stat,
    arm,
    where,
    unit,
    n,
    value: 0,
    interval: [0, 0] as const,
  }));
  expect((await drawn({ ...analysis, rows: zero })).size).toBe(6);
  const withheld = { why: 'no-data' } as const;
  const none = analysis.rows.map(({ id, stat, arm, where, unit, n }) => ({
    id,
    stat,
    arm,
    where,
    unit,
    n,
    withheld,
  }));
  expect((await drawn({ ...analysis, rows: none })).size).toBe(5);
});

test('drawing twice gives the same bytes', async () => {
  const analysis = analysisOf({ arms: ['fail', 'continue'] });
  expect(await drawn(analysis, 'ja')).toEqual(await drawn(analysis, 'ja'));
});

test('a specification that reaches for a file or warns about anything fails', async () => {
  const x = { field: 'a', type: 'quantitative' };
  const spec = (data: object) =>
    framed(analysisOf(), english, 'cost', { data, layer: [{ mark: 'point', encoding: { x } }] });
  await expect(chartSvg(spec({ url: 'file:///etc/hosts' }))).rejects.toThrow(/may not load/);
  await expect(chartSvg(spec({ url: 'https://example.com/x.json' }))).rejects.toThrow(
    /may not load/,
  );
  await expect(chartSvg(spec({ values: [{ a: Number.POSITIVE_INFINITY }] }))).rejects.toThrow(
    /Infinite extent/,
  );
});

test('a log axis is labelled at its ends and in steps of 1, 2 and 5', () => {
  expect(logSteps(0.43, 3)).toEqual([0.2, 0.5, 1, 2, 5]);
  expect(logSteps(1, 1)).toEqual([1, 2]);
});

test('the font has what both languages say, and knows what it lacks', () => {
  for (const words of [english, wordsOf('ja')]) {
    const said = JSON.stringify(words);
    expect(drawable(said, hasGlyph).missing).toEqual([]);
  }
  expect(drawable('spark 🔥 鷗', hasGlyph)).toEqual({
    text: 'spark 〓 〓',
    missing: ['🔥', '鷗'],
  });
});

test('a picture with a character the font lacks says which', async () => {
  const chart = chartsOf(analysisOf({ name: '火花🔥' }), english).get('cost');
  if (chart === undefined) throw new Error('no chart of cost');
  const { png, missing } = await chartPng(await chartSvg(chart));
  expect(missing).toEqual(['🔥']);
  // The signature of PNG.
  expect(Array.from(png.slice(0, 4))).toEqual([0x89, 0x50, 0x4e, 0x47]);
});

describe.each(['en', 'ja'] as const)('on a phone, in %s', async (language) => {
  const charts = chartsOf(analysisOf({ arms: ['fail', 'continue'] }), wordsOf(language));

  test.each([...charts.values()])(
    '$name fits, with the same marks in letters to read',
    async (chart) => {
      const wide = await chartSvg(chart);
      const svg = await chartSvg(narrowed(chart));
      const [, width] = /<svg[^>]* width="([\d.]+)"/.exec(svg) ?? [];
      expect(Number(width)).toBeLessThanOrEqual(400);
      expect(Number(width)).toBeGreaterThan(300);
      expect(markGroups(svg, 'symbol')).toBe(markGroups(wide, 'symbol'));
      const sizes = [...svg.matchAll(/font-size="(\d+)px"/g)].map(([, size]) => Number(size));
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(11);
    },
  );
});
