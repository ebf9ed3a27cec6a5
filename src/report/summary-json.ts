/** `summary.json`: the verdict and every figure, for programs. */

import type { Analysis } from '../analysis/analysis.ts';

/** The summary as JSON; a value that is not given is absent, never null or zero. */
export const summaryJson = (analysis: Analysis): string => {
  const { manifest, verdict, advisories, rows, matrix, lost } = analysis;
  const { failbacks, outages, tradeOffs, failures, costs } = analysis;
  const summary = {
    format: 1,
    run: manifest.runId,
    name: manifest.name,
    seed: manifest.seed,
    isSimulated: analysis.isSimulated,
    isWhole: analysis.isWhole,
    verdict,
    advisories,
    rows,
    // The cells of the matrix are among the rows: `where` is `row=NAME`.
    matrix: matrix.map(({ arm, rows: own }) => ({
      arm,
      rows: own.map((row) => ({ ...row, cells: undefined })),
    })),
    lost,
    failbacks,
    outages,
    tradeOffs,
    failures,
    costs,
  };
  return `${JSON.stringify(summary, undefined, 2)}\n`;
};
