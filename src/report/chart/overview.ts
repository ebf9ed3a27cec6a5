/**
 * The matrix of a failover suite on one slide of 16 : 9: a line for each family of faults, a column
 * for each arm, and in each field how many rows went as they should, and the worst one otherwise.
 */

import type { Analysis } from '../../analysis/analysis.ts';
import { standings } from '../../analysis/matrix.ts';
import { familiesOf, type Family, type FamilyResult } from '../../analysis/family.ts';
import { decimal } from '../format.ts';
import { signs } from '../matrix-line.ts';
import type { Words } from '../word/language.ts';
import { type Chart, type ChartBody, framed, nameAxis } from './chart.ts';
import { matrixTable, standingColours } from './matrix.ts';
import { palette, pictureWidth } from './theme.ts';

/** What the names of families take up, and the gaps between columns. */
const namesWidth = 210;

/** The overview; nothing where the run is of no suite. Its data are the rows of the matrix. */
export const overviewChart = (analysis: Analysis, words: Words): Chart | undefined => {
  const { matrix, manifest } = analysis;
  const families = familiesOf(manifest.suite, matrix);
  if (matrix.length === 0 || families.length === 0) return undefined;
  const fields = families.flatMap((family) =>
    family.results.map((result) => fieldOf(family, result, words)),
  );
  const x = {
    ...nameAxis(
      'column',
      matrix.map(({ arm }) => arm),
    ),
    axis: {
      title: [words.suite.rowsAsExpected, keyOf(families, words)],
      orient: 'top',
      labelAngle: 0,
      labelFontSize: 14,
      labelColor: palette.ink.light,
      domain: false,
      ticks: false,
    },
  };
  const y = nameAxis(
    'row',
    families.map((family) => nameOf(family, words)),
  );
  return {
    ...framed(analysis, words, 'overview', {
      width: pictureWidth,
      height: (pictureWidth * 9) / 16,
      autosize: { type: 'fit', contains: 'padding' },
      data: { values: fields },
      encoding: { x, y },
      layer: layersOf((pictureWidth - namesWidth) / matrix.length),
    }),
    table: matrixTable(matrix, words),
  };
};

const fieldOf = (family: Family, result: FamilyResult, words: Words) => {
  const { standing, heldCount, rowCount, worst } = result;
  const short = `${signs[standing]} ${decimal(heldCount)}/${decimal(rowCount)}`;
  return {
    row: nameOf(family, words),
    column: result.arm,
    // A phone has no room for the name.
    long: worst === undefined ? short : `${short} · ${worst.row.name}`,
    short,
    colour: standingColours[standing],
  };
};

/** What the signs in the fields mean, as far as they occur. */
const keyOf = (families: readonly Family[], words: Words): string =>
  standings
    .filter((it) => families.some(({ results }) => results.some(({ standing }) => standing === it)))
    .map((it) => `${signs[it]} ${words.suite.standing[it]}`)
    .join(' · ');

const nameOf = ({ kind }: Family, words: Words): string =>
  kind === undefined ? words.suite.allRows : words.suite.family(kind.place, kind.expect);

const layersOf = (columnWidth: number): readonly ChartBody[] => [
  {
    mark: { type: 'rect', stroke: palette.paper.light, strokeWidth: 3, opacity: 0.5 },
    encoding: { color: { field: 'colour', type: 'nominal', scale: null } },
  },
  {
    mark: {
      type: 'text',
      fontSize: 13,
      limit: Math.floor(columnWidth - 6),
      color: palette.ink.light,
    },
    encoding: { text: { field: 'long' } },
  },
];
