/**
 * The rows of a suite in families, few enough for one slide: where a fault strikes, as the
 * catalogue has it, and what a proxy can do about it, as the suite expects it.
 */

import type { Manifest, SuiteExpectation, SuiteRow } from '../log/entry.ts';
import type { MatrixArm, MatrixRow, Standing } from './analysis.ts';

/** Where a fault strikes. */
export type FaultPlace = 'network' | 'http' | 'stream' | 'backend' | 'other';

/** How the rows of one family went in one arm; absent where the arm has none of them. */
export interface FamilyResult {
  readonly arm: string;
  readonly rowCount: number;
  readonly heldCount: number;
  /** That of the worst row. */
  readonly standing: Standing;
  /** The worst row, where not all were as expected. */
  readonly worst?: MatrixRow;
}

export interface Family {
  /** Absent for the family of all rows. */
  readonly kind?: { readonly place: FaultPlace; readonly expect: SuiteExpectation };
  readonly results: readonly FamilyResult[];
}

/** Every family that has rows, and all rows last. */
export const familiesOf = (
  suite: Manifest['suite'],
  matrix: readonly MatrixArm[],
): readonly Family[] => {
  const rows = suite?.rows ?? [];
  const families = places.flatMap((place) =>
    expectations.map((expect) => ({
      kind: { place, expect },
      rows: rows.filter((row) => row.expect === expect && placeOf(row) === place),
    })),
  );
  return [...families, { rows }]
    .filter((family) => family.rows.length > 0)
    .map(({ rows: own, ...kind }) => {
      const names = new Set(own.map(({ name }) => name));
      return { ...kind, results: matrix.flatMap((arm) => resultOf(arm, names)) };
    });
};

/** The rows of an arm come with what went wrong first. */
const resultOf = ({ arm, rows }: MatrixArm, names: ReadonlySet<string>): FamilyResult[] => {
  const own = rows.filter(({ row }) => names.has(row.name));
  const [worst] = own;
  if (!worst) return [];
  return [
    {
      arm,
      rowCount: own.length,
      heldCount: own.filter(({ standing }) => standing === 'held').length,
      standing: worst.standing,
      ...(worst.standing !== 'held' && { worst }),
    },
  ];
};

const letters = { N: 'network', H: 'http', R: 'stream', B: 'backend' } as const;

const places: readonly FaultPlace[] = [...Object.values(letters), 'other'];

const expectations: readonly SuiteExpectation[] = [
  'transparent',
  'continued',
  'unaffected',
  'error',
];

/** By the first letter of its first name in the catalogue. */
const placeOf = ({ catalogue }: SuiteRow): FaultPlace => {
  const letter = catalogue[0]?.[0] ?? '';
  return Object.entries(letters).find(([known]) => known === letter)?.[1] ?? 'other';
};
