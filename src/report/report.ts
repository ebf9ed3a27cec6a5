/**
 * Renders a whole run: an analysis in, the files of a run folder out.
 *
 * Nothing is decided here and nothing is read but the bundled font, so the same analysis gives the
 * same bytes, today and from a saved log.
 */

import type { Analysis } from '../analysis/analysis.ts';
import { chartsOf } from './chart/catalogue.ts';
import { chartFiles, type ChartName } from './chart/chart.ts';
import { narrowed } from './chart/narrow.ts';
import { csvFiles } from './csv-file.ts';
import type { DrawnChart } from './html/figure.ts';
import { htmlPage } from './html/page.ts';
import { junitXml } from './junit.ts';
import { summaryMarkdown } from './markdown.ts';
import { summaryJson } from './summary-json.ts';
import { wordsOf } from './word/catalogue.ts';
import type { Language } from './word/language.ts';

/** Every rendered file of the run folder, by its name within it. */
export const renderRun = async (
  analysis: Analysis,
  options: { readonly language: Language },
): Promise<ReadonlyMap<string, string | Uint8Array>> => {
  const words = wordsOf(options.language);
  const { chartPng, chartSvg } = await import('./chart/render.ts');
  const drawn = new Map<ChartName, DrawnChart>();
  const chartContents = new Map<string, string | Uint8Array>();
  const missing = new Set<string>();

  // One after the other: Vega numbers the definitions of an SVG with a counter of its own.
  for (const [name, chart] of chartsOf(analysis, words)) {
    const svg = await chartSvg(chart);
    const raster = await chartPng(svg);
    // Longer than any page: its overview stands for it there.
    if (name !== 'matrix')
      drawn.set(name, { chart, svg, narrowSvg: await chartSvg(narrowed(chart)) });
    for (const character of raster.missing) missing.add(character);
    const file = `charts/${chartFiles[name]}`;
    chartContents.set(`${file}.vl.json`, `${JSON.stringify(chart.spec, undefined, 2)}\n`);
    chartContents.set(`${file}.svg`, svg);
    chartContents.set(`${file}.png`, raster.png);
  }

  return new Map<string, string | Uint8Array>([
    ['report.html', htmlPage(analysis, drawn, words, [...missing])],
    ['summary.json', summaryJson(analysis)],
    ...csvFiles(analysis),
    ['summary.md', summaryMarkdown(analysis, words)],
    ['junit.xml', junitXml(analysis, words)],
    ...chartContents,
  ]);
};
