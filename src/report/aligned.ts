/** Text set in lines for a terminal: tables, and paragraphs that hang. */

import { columnsOf, padEnd, padStart, wrap } from './width.ts';

/** A column of a table on a terminal. */
export interface TableColumn {
  readonly head: string;
  readonly cells: readonly string[];
  readonly isNumber?: boolean;
}

/** Columns side by side, numbers to the right; the first line is the header. */
export const alignedTable = (columns: readonly TableColumn[]): readonly string[] => {
  const rowCount = Math.max(0, ...columns.map(({ cells }) => cells.length));
  const padded = columns.map(({ head, cells, isNumber }) => {
    const width = widest([head].concat(cells));
    const pad = isNumber === true ? padStart : padEnd;
    return [head].concat(cells).map((cell) => pad(cell, width));
  });
  return Array.from({ length: rowCount + 1 }, (_, row) =>
    `  ${padded.map((cells) => cells[row] ?? '').join('  ')}`.trimEnd(),
  );
};

/** A paragraph whose further lines are set in. */
export const hanging = (text: string, columns: number): readonly string[] =>
  wrap(text, columns - 4).map((line, index) => (index === 0 ? `  ${line}` : `    ${line}`));

/** Columns of the widest text. */
export const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map(columnsOf));
