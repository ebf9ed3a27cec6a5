/**
 * CSV that neither a spreadsheet nor a parser can misread.
 *
 * A text that a spreadsheet would run as a formula gets an apostrophe in front. The guard is our
 * own, because the library's misses leading blanks and later lines of a cell (OWASP, CSV
 * injection). A number that is not finite, and a value that does not apply, is an empty field.
 */

import { stringify } from 'csv-stringify/sync';

type Cell = string | number | boolean | undefined;

export interface Column<Row> {
  /** In snake case, with its unit. */
  readonly name: string;
  readonly of: (row: Row) => Cell;
}

/** Rows as plain UTF-8 with line feeds, for tools. */
export const csv = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string =>
  stringify(table(columns, rows));

/** Rows as Excel opens them on a Japanese machine: with byte order mark and CRLF. */
export const excelCsv = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string =>
  // Without `quote_record_delimiter` the library leaves a lone line feed in a cell unquoted.
  `\u{feff}${stringify(table(columns, rows), {
    record_delimiter: 'windows',
    quote_record_delimiter: true,
  })}`;

const table = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[][] => [
  columns.map(({ name }) => name),
  ...rows.map((row) => columns.map(({ of }) => field(of(row)))),
];

const field = (cell: Cell): string => {
  if (cell === undefined) return '';
  if (typeof cell === 'boolean') return String(cell);
  if (typeof cell === 'string') return guarded(cell);
  // Twelve digits are more than any clock here has, and drop what binary fractions add.
  return Number.isFinite(cell) ? String(Number(cell.toPrecision(12))) : '';
};

/** What a spreadsheet takes for a formula, also after blanks and at the start of a later line. */
const formula =
  /^[\s\u{a0}\u{feff}]*[=+\-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}]|^[\t\r\n]|[\r\n]\s*[=+\-@]/u;
const plainNumber = /^[+-]?\d+(\.\d+)?$/;

const guarded = (text: string): string =>
  formula.test(text) && !plainNumber.test(text) ? `'${text}` : text;
