/** Tables of a page. */

import type { TextTable } from '../chart/chart.ts';
import { html, type Fragment, type Html } from './markup.ts';

/** One column: its heading, and whether its cells are numbers, which stand right. */
export interface Heading {
  readonly text: string;
  readonly isNumber?: boolean;
}

/** A column of numbers. */
export const numbers = (text: string): Heading => ({ text, isNumber: true });

/** A table that scrolls within itself where the page is too narrow for it. */
export const tableOf = (
  headings: readonly Heading[],
  rows: readonly (readonly Fragment[])[],
): Html =>
  html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${headings.map((it) => html`<th scope="col" ${classOf(it)}>${it.text}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell, index) => html`<td${classOf(headings[index])}>${cell}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;

const classOf = (heading: Heading | undefined): Html =>
  heading?.isNumber === true ? html` class="number"` : html``;

/** The data of a chart: the first column names the row, the others are numbers. */
export const textTable = ({ columns, rows }: TextTable): Html =>
  tableOf(
    columns.map((text, index) => ({ text, isNumber: index > 0 })),
    rows,
  );
