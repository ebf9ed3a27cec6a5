/** What became of the faults of a run, in sentences: per arm, after the windows, around them. */

import type { Analysis, FailoverRow } from '../analysis/analysis.ts';
import { reasonOf } from './failover-line.ts';
import { decimal, span } from './format.ts';
import type { Words } from './word/language.ts';

/** A line for each arm: how many of which outcome, and how long it took. */
export const armLines = ({ manifest, failovers }: Analysis, words: Words): readonly string[] =>
  manifest.arms.flatMap((arm) => {
    const own = failovers.filter((it) => it.arm === arm);
    return own.length === 0 ? [] : [`${arm}: ${armLine(own, words)}`];
  });

const armLine = (rows: readonly FailoverRow[], words: Words): string => {
  const outcomes = Map.groupBy(rows, (row) =>
    [words.outcome[row.outcome], ...reasonOf(row, words).map(words.aside)].join(''),
  );
  const durations = [
    range(
      words.label.total,
      rows.flatMap(({ failoverMs }) => failoverMs ?? []),
      words,
    ),
    range(
      words.label.errorAfter,
      rows.flatMap(({ errorAfterMs }) => errorAfterMs ?? []),
      words,
    ),
  ].filter((part) => part !== undefined);
  return [
    words.faulted(rows.length),
    [...outcomes].map(([name, { length }]) => `${name} ${decimal(length)}`).join(words.comma),
    ...durations,
  ].join(words.semicolon);
};

const range = (name: string, values: readonly number[], words: Words): string | undefined =>
  values.length === 0
    ? undefined
    : `${name} ${span([Math.min(...values), Math.max(...values)], 'ms', words.unit)}`;

/** When each backend came back, and how many requests no fault could reach any more. */
export const aftermathLines = (analysis: Analysis, words: Words): readonly string[] => {
  const { manifest, failbacks, rows } = analysis;
  return manifest.arms.flatMap((arm) => {
    const skipped = rows.find(
      ({ id, where, ...row }) => id === 'circuit_open' && where === 'all' && row.arm === arm,
    )?.value;
    const lines = [
      ...failbacks.filter((row) => row.arm === arm).map(words.failback),
      ...(skipped === undefined || skipped === 0 ? [] : [words.openCircuit(skipped)]),
    ];
    return manifest.arms.length > 1 ? lines.map((line) => `${arm}: ${line}`) : lines;
  });
};
