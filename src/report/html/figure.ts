/** A chart on the page: the picture, how to read it, and its data as a table. */

import type { Chart } from '../chart/chart.ts';
import { palette } from '../chart/theme.ts';
import type { Words } from '../word/language.ts';
import { Html, html } from './markup.ts';
import { textTable } from './table.ts';

/** More rows than this make the page heavy; the CSV has them all. */
const tableRowsMax = 400;

/** A drawn chart: what was to be drawn, and the drawings. */
export interface DrawnChart {
  readonly chart: Chart;
  readonly svg: string;
  /** The same for a phone. */
  readonly narrowSvg: string;
}

/** A drawn chart as a figure, or a sentence where there was nothing to draw. */
export const chartFigure = (drawn: DrawnChart | undefined, words: Words): Html => {
  if (drawn === undefined) return html`<p class="empty">${words.noChart}</p>`;

  const { chart, svg, narrowSvg } = drawn;
  const { rows } = chart.table;
  const shown = rows.slice(0, tableRowsMax);
  const note =
    shown.length < rows.length
      ? html`<p class="muted small">${words.onlySome(shown.length, rows.length)}</p>`
      : undefined;
  return html`<figure>
    <div class="chart wide">${new Html(inlined(svg, chart.name))}</div>
    <div class="chart narrow">${new Html(inlined(narrowSvg, `${chart.name}-narrow`))}</div>
    <figcaption>${chart.howToRead}</figcaption>
    <details>
      <summary>${words.label.data}</summary>
      ${textTable({ columns: chart.table.columns, rows: shown })} ${note}
    </details>
  </figure>`;
};

/**
 * An SVG made fit to share a page: its colours become the page's variables, so that it follows
 * light and dark, and its ids become its own, because every drawing counts from `clip0`. What its
 * every letter repeats is left to the page, and so are digits below a hundredth of a pixel.
 */
const inlined = (svg: string, prefix: string): string => {
  let inline = svg.replace(/<\?xml[^>]*>\s*/, '').replace(/<!DOCTYPE[^>]*>\s*/, '');
  for (const { name, light } of Object.values(palette))
    inline = inline.replaceAll(`"${light}"`, `"var(--${name})"`);
  return inline
    .replace(/ font-family="[^"]*"/g, '')
    .replace(/ (?:d|transform)="[^"]*"/g, (shape) => shape.replace(/\d+\.\d{3,}/g, rounded))
    .replace(/ id="([^"]+)"/g, (_, id: string) => ` id="${prefix}-${id}"`)
    .replace(/url\(#([^)]+)\)/g, (_, id: string) => `url(#${prefix}-${id})`)
    .replace(/href="#([^"]+)"/g, (_, id: string) => `href="#${prefix}-${id}"`);
};

const rounded = (number: string): string => String(Math.round(Number(number) * 100) / 100);
