import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import { familiesOf } from '../../src/analysis/family.ts';
import { suiteExample } from '../kit/suite-example.ts';

const { manifest, matrix } = analyse(suiteExample());
const families = familiesOf(manifest.suite, matrix);
const nameOf = ({ kind }: (typeof families)[number]): string =>
  kind ? `${kind.place} ${kind.expect}` : 'all';

test('rows of one place and one chance are a family, and all rows are the last', () => {
  expect(families.map(nameOf)).toEqual([
    'network transparent',
    'network continued',
    'stream continued',
    'stream unaffected',
    'all',
  ]);
  for (const { results } of families)
    expect(results.map(({ arm }) => arm)).toEqual(['spillway', 'spillway-fail', 'relay']);
});

test('every row of an arm is in one family, and held in as many as in the matrix', () => {
  const parts = families.slice(0, -1);
  for (const { arm, rows } of matrix) {
    const own = parts.flatMap(({ results }) => results.filter((it) => it.arm === arm));
    expect(own.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(rows.length);
    expect(own.reduce((sum, { heldCount }) => sum + heldCount, 0)).toBe(
      rows.filter(({ standing }) => standing === 'held').length,
    );
  }
});

test('a family that was not held names its worst row, and one that was names none', () => {
  const worst = families.map((family) =>
    family.results.map(({ worst: row, standing }) => `${standing} ${row?.row.name ?? ''}`.trim()),
  );
  expect(worst[0]).toEqual(['held', 'held', 'not-exercised certificate-expired']);
  expect(worst[1]).toEqual([
    'held',
    'wrong reset-mid-stream',
    expect.stringMatching(/^harmed (?:reset|stall)-mid-stream$/),
  ]);
});
