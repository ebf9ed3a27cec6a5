/**
 * The report as one self-contained page: no script, no font, no picture from elsewhere, readable
 * from disk with the network off. A strict policy lets a browser enforce what we promise.
 *
 * The order is that of a reader's questions: the verdict, what to know before believing it, the
 * key figures, what happened over time, how long readers waited, how fast it ran, what failover
 * cost them, what it was worth, and how to do it again.
 */

import type { Analysis } from '../../analysis/analysis.ts';
import type { ChartName } from '../chart/chart.ts';
import type { Words } from '../word/language.ts';
import { comparisonSection } from './comparison.ts';
import { costTables } from './cost.ts';
import { failoverTable } from './failover.ts';
import { failureSection } from './failure.ts';
import { chartFigure, type DrawnChart } from './figure.ts';
import { Html, html } from './markup.ts';
import { matrixSection } from './matrix.ts';
import { figureSection, verdictHeader, warningSection } from './opening.ts';
import { outageSection, tradeOffSection } from './outage.ts';
import { setupSection } from './setup.ts';
import { styleSheet } from './style.ts';

const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
  "base-uri 'none'; form-action 'none'";

/** Renders the page; `missingCharacters` are those the PNG charts could not show. */
export const htmlPage = (
  analysis: Analysis,
  charts: ReadonlyMap<ChartName, DrawnChart>,
  words: Words,
  missingCharacters: readonly string[],
): string => {
  const { manifest } = analysis;
  const figure = (name: ChartName): Html => {
    return chartFigure(charts.get(name), words);
  };
  // Trials are not a story: the matrix says of each fault what a list of thousands would hide.
  const isSuite = analysis.matrix.length > 0;
  const mark = analysis.isSimulated ? `${words.simulated} · ` : '';
  const banner = analysis.isSimulated
    ? html`<p class="simulated">${words.simulatedLong}</p>`
    : undefined;

  return html`<!doctype html>
    <html lang="${words.language}">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${mark}${words.verdict[analysis.verdict.kind]}: ${manifest.name} · Spillway</title>
        <style>
          ${new Html(styleSheet)}
        </style>
      </head>
      <body>
        <main>
          ${banner} ${verdictHeader(analysis, words)} ${warningSection(analysis, words)}
          ${comparisonSection(analysis, words)}
          ${matrixSection(analysis, words, figure('overview'))}
          ${figureSection(analysis, words, figure('arm'))} ${failureSection(analysis, words)}
          ${isSuite ? undefined : section(words.heading.timeline, figure('timeline'))}
          ${section(words.heading.firstToken, figure('firstToken'))}
          ${section(words.heading.tokenRate, figure('tokenRate'))}
          ${
            isSuite
              ? undefined
              : section(
                  words.heading.failover,
                  ...(charts.has('failover') ? [figure('failover')] : []),
                  failoverTable(analysis, words),
                )
          }
          ${outageSection(analysis, words, figure('outage'))}
          ${tradeOffSection(analysis, words, figure('tradeOff'))}
          ${section(
            words.heading.cost,
            html`<p>${words.costNote}</p>`,
            ...(charts.has('cost') ? [figure('cost')] : []),
            costTables(analysis, words),
            html`<p class="muted small">${words.costNotIncluded}</p>`,
          )}
          ${setupSection(analysis, words, missingCharacters)}
        </main>
      </body>
    </html> `.markup;
};

const section = (title: string, ...content: readonly Html[]): Html =>
  html`<section>
    <h2>${title}</h2>
    ${content}
  </section> `;
