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

type Rows = readonly (readonly Fragment[])[];

/** A table that scrolls within itself where the page is too narrow for it. */
export const tableOf = (headings: readonly Heading[], rows: Rows): Html =>
  table(headings, rows, false);

/** A wide table whose rows become cards on a phone, each cell under its heading. */
export const cardsOf = (headings: readonly Heading[], rows: Rows): Html =>
  table(headings, rows, true);

const table = (headings: readonly Heading[], rows: Rows, isCards: boolean): Html =>
  html`<div class="scroll">
    <table${isCards ? html` class="cards"` : undefined}>
      <thead>
        <tr>
          ${headings.map((it) => html`<th scope="col" ${classOf(it)}>${it.text}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell, index) => tableCell(cell, headings[index], isCards))}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;

/** In a card a cell brings its heading along, and one that holds nothing is left out. */
const tableCell = (cell: Fragment, heading: Heading | undefined, isCard: boolean): Html => {
  if (!isCard) return html`<td${classOf(heading)}>${cell}</td>`;
  const kinds = [...(heading?.isNumber === true ? ['number'] : []), ...blankOf(cell)].join(' ');
  return html`<td class="${kinds}" data-heading="${heading?.text}">${cell}</td>`;
};

const blankOf = (cell: Fragment): readonly string[] => (cell === '–' ? ['blank'] : []);

const classOf = (heading: Heading | undefined): Html =>
  heading?.isNumber === true ? html` class="number"` : html``;

/** The data of a chart: the first column names the row, the others are numbers. */
export const textTable = ({ columns, rows }: TextTable): Html =>
  tableOf(
    columns.map((text, index) => ({ text, isNumber: index > 0 })),
    rows,
  );
