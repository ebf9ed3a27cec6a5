/**
 * The failover matrix on a terminal: a table where there is room, two lines for each row otherwise.
 *
 * Of several arms only what did not go as expected is listed; the page and the CSV have every row.
 */

import type { MatrixArm, MatrixRow } from '../analysis/analysis.ts';
import { alignedTable, hanging, widest } from './aligned.ts';
import {
  attemptsLine,
  cellText,
  expectedText,
  matrixSum,
  outcomesText,
  overshootLine,
  signs,
} from './matrix-line.ts';
import type { Words } from './word/language.ts';

/** More rows than this of each of several arms push the others off the screen. */
const rowsMax = 16;

/** The lines of every arm. */
export const matrixLines = (
  matrix: readonly MatrixArm[],
  words: Words,
  columns: number,
): readonly string[] =>
  matrix.flatMap((arm) => {
    const isAlone = matrix.length === 1;
    const played = arm.rows.filter(({ playedCount }) => playedCount > 0);
    const told = isAlone ? played : played.filter(({ standing }) => standing !== 'held');
    const shown = isAlone ? told : told.slice(0, rowsMax);
    return [
      ...hanging(`${isAlone ? '' : `${arm.arm}: `}${matrixSum(arm, words)}`, columns),
      ...(shown.length === 0 ? [] : tableLines(shown, words, columns)),
      ...(played.length < arm.rows.length
        ? [`  ${words.suite.notPlayed(arm.rows.length - played.length)}`]
        : []),
      ...(shown.length < told.length ? [`  ${words.inFile(told.length, 'matrix.csv')}`] : []),
    ];
  });

const tableLines = (
  rows: readonly MatrixRow[],
  words: Words,
  columns: number,
): readonly string[] => {
  const { label } = words.suite;
  const lines = alignedTable([
    { head: label.fault, cells: rows.map(nameOf) },
    { head: label.asExpected, cells: rows.map(expectedText), isNumber: true },
    ...(['p50', 'p95'] as const).map((stat) => ({
      head: stat === 'p50' ? `${label.failover} p50` : 'p95',
      cells: rows.map((row) => cellText(row, 'failover', stat, words)),
      isNumber: true,
    })),
    {
      head: `${label.penalty} p50`,
      cells: rows.map((row) => cellText(row, 'failover_penalty', 'p50', words)),
      isNumber: true,
    },
  ]);
  if (widest(lines) > columns) return rows.flatMap((row) => rowLines(row, words, columns));

  const [head = '', ...body] = lines;
  return [head].concat(
    body.flatMap((line, index) => {
      const row = rows[index];
      const isTold = row !== undefined && row.standing !== 'held';
      return isTold ? [line, ...troubleLines(row, words, columns)] : [line];
    }),
  );
};

const nameOf = (row: MatrixRow): string => `${signs[row.standing]} ${row.row.name}`;

/** What happened instead. */
const troubleLines = (row: MatrixRow, words: Words, columns: number): readonly string[] =>
  hanging(troubleText(row, words), columns - 4).map((line) => `    ${line.trimStart()}`);

const troubleText = (row: MatrixRow, words: Words): string =>
  row.exercisedCount === 0
    ? words.suite.standing['not-exercised'] +
      words.aside(words.suite.exercised(row.exercisedCount, row.playedCount))
    : [outcomesText(row, words), words.suite.expects(words.suite.expectation[row.row.expect])].join(
        words.semicolon,
      );

const rowLines = (row: MatrixRow, words: Words, columns: number): readonly string[] => {
  const { label } = words.suite;
  if (row.exercisedCount === 0)
    return hanging(`${nameOf(row)}  ${troubleText(row, words)}`, columns);
  const figures = [
    `${label.failover} p50 ${cellText(row, 'failover', 'p50', words)}`,
    `p95 ${cellText(row, 'failover', 'p95', words)}`,
    `${label.penalty} p50 ${cellText(row, 'failover_penalty', 'p50', words)}`,
    ...(row.cells.some(({ id }) => id === 'overshoot') ? [overshootLine(row, words)] : []),
    attemptsLine(row, words),
  ].filter((text) => !text.endsWith(` ${words.label.none}`));
  return [
    ...hanging(`${nameOf(row)}  ${expectedText(row)}`, columns),
    ...(row.standing === 'held' ? [] : troubleLines(row, words, columns)),
    ...hanging(figures.join(words.comma), columns - 2).map((line) => `  ${line}`),
  ];
};
