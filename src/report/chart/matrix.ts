/**
 * The matrix of a failover suite as a heat-map, what went wrong first.
 *
 * Of one arm: a column for each outcome, with how many trials ended so. Of several arms: a column
 * for each arm, with how many of its trials ended as they should.
 */

import type { Analysis, FailoverOutcome, MatrixArm, MatrixRow } from '../../analysis/analysis.ts';
import { standings } from '../../analysis/matrix.ts';
import { expectedText, outcomesText, signs } from '../matrix-line.ts';
import type { Words } from '../word/language.ts';
import { framed, nameAxis, significant, type Chart, type ChartBody } from './chart.ts';
import { fitted, palette } from './theme.ts';

/** One coloured field. */
interface Field {
  readonly row: string;
  readonly column: string;
  readonly text: string;
  readonly colour: string;
  readonly share: number;
}

/** The heat-map; nothing where the run is of no suite. */
export const matrixChart = (analysis: Analysis, words: Words): Chart | undefined => {
  const { matrix } = analysis;
  const [first, second] = matrix;
  if (!first || first.rows.length === 0) return undefined;
  const fields = second ? armFields(matrix) : outcomeFields(first, words);
  const columns = second
    ? matrix.map(({ arm }) => arm)
    : columnsOf(first).map((outcome) => nameOf(outcome, words));

  return {
    ...framed(analysis, words, 'matrix', {
      ...fitted,
      height: 26 * namesOf(matrix).length,
      data: { values: fields },
      layer: layersOf(
        {
          ...nameAxis('column', columns),
          axis: { title: null, orient: 'top', labelAngle: 0, domain: false, ticks: false },
        },
        nameAxis('row', namesOf(matrix)),
      ),
    }),
    table: matrixTable(matrix, words),
  };
};

/** What went worst in any arm comes first. */
const namesOf = (matrix: readonly MatrixArm[]): readonly string[] => {
  const names = [...new Set(matrix.flatMap(({ rows }) => rows.map(({ row }) => row.name)))];
  const worst = (name: string): number =>
    Math.min(
      ...matrix.flatMap(({ rows }) =>
        rows
          .filter(({ row }) => row.name === name)
          .map(({ standing }) => standings.indexOf(standing)),
      ),
    );
  return names.toSorted((one, other) => worst(one) - worst(other));
};

const layersOf = (x: ChartBody, y: ChartBody): readonly ChartBody[] => [
  {
    mark: { type: 'rect', stroke: palette.paper.light, strokeWidth: 2 },
    encoding: {
      x,
      y,
      color: { field: 'colour', type: 'nominal', scale: null },
      opacity: {
        field: 'share',
        type: 'quantitative',
        scale: { domain: [0, 1], range: [0.12, 0.5] },
        legend: null,
      },
    },
  },
  {
    mark: { type: 'text', fontSize: 13, color: palette.ink.light },
    encoding: { x, y, text: { field: 'text' } },
  },
];

const armFields = (matrix: readonly MatrixArm[]): readonly Field[] =>
  matrix.flatMap(({ arm, rows }) =>
    rows.map((it) => ({
      row: it.row.name,
      column: arm,
      text: it.exercisedCount === 0 ? '?' : `${signs[it.standing]} ${expectedText(it)}`,
      colour: standingColours[it.standing],
      share: 1,
    })),
  );

/** What a row of each standing is filled with. */
export const standingColours = {
  held: palette.green.light,
  partly: palette.orange.light,
  wrong: palette.red.light,
  harmed: palette.red.light,
  'not-exercised': palette.muted.light,
} as const;

const outcomeFields = ({ rows }: MatrixArm, words: Words): readonly Field[] =>
  rows.flatMap((it): readonly Field[] =>
    it.exercisedCount === 0
      ? [
          {
            row: it.row.name,
            column: nameOf('not-exercised', words),
            text: '?',
            colour: palette.muted.light,
            share: 1,
          },
        ]
      : it.outcomes.map(({ outcome, count, isExpected }) => ({
          row: it.row.name,
          column: nameOf(outcome, words),
          text: String(count),
          colour: isExpected
            ? palette.green.light
            : harmful.has(outcome)
              ? palette.red.light
              : palette.orange.light,
          share: significant(count / it.exercisedCount, 3),
        })),
  );

type Column = FailoverOutcome | 'not-exercised';

/** From the best to the worst. */
const order: readonly Column[] = [
  'transparent',
  'continued',
  'unaffected',
  'waited',
  'error',
  'misrouted',
  'repeated',
  'mixed',
  'truncated',
  'hung',
  'not-exercised',
];

const harmful: ReadonlySet<FailoverOutcome> = new Set(['repeated', 'mixed', 'truncated', 'hung']);

const columnsOf = ({ rows }: MatrixArm): readonly Column[] =>
  order.filter((column) =>
    rows.some(({ outcomes, exercisedCount }) =>
      column === 'not-exercised'
        ? exercisedCount === 0
        : outcomes.some(({ outcome }) => outcome === column),
    ),
  );

const nameOf = (column: Column, words: Words): string =>
  column === 'not-exercised' ? words.suite.standing[column] : words.outcome[column];

/** Every row, with how it went in each arm. */
export const matrixTable = (matrix: readonly MatrixArm[], words: Words): Chart['table'] => ({
  columns: [
    words.suite.label.fault,
    ...matrix.flatMap(({ arm }) => [
      `${arm}${words.comma}${words.suite.label.asExpected}`,
      `${arm}${words.comma}${words.label.outcome}`,
    ]),
  ],
  rows: namesOf(matrix).map((name) =>
    [name].concat(
      matrix.flatMap(({ rows }) => {
        const own = rows.find((it: MatrixRow) => it.row.name === name);
        return own ? [expectedText(own), outcomesText(own, words)] : [words.label.none, ''];
      }),
    ),
  ),
});
