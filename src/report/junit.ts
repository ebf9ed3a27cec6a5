/**
 * `junit.xml`: one test case per objective and arm, for CI.
 *
 * A missed objective is a failure, an undecided one is skipped, and what makes the whole run
 * worthless (invalid, cut short) is an error of its own case.
 */

import type { Analysis, MatrixRow, ObjectiveResult } from '../analysis/analysis.ts';
import { sureness, valueText } from './figure.ts';
import { escapeMarkup } from './html/markup.ts';
import { expectedText, outcomesText } from './matrix-line.ts';
import type { Words } from './word/language.ts';

interface Case {
  readonly name: string;
  readonly arm: string;
  readonly result?: 'failure' | 'skipped' | 'error';
  readonly message: string;
}

/** The objectives as JUnit test cases. */
export const junitXml = (analysis: Analysis, words: Words): string => {
  const { manifest, verdict } = analysis;
  const cases = [
    runCase(analysis, words),
    ...verdict.objectives.map((it) => caseOf(it, words)),
    ...analysis.matrix.flatMap(({ rows }, place) =>
      rows.map((row) => rowCase(row, place === 0, words)),
    ),
  ];
  const count = (result: Case['result']): number =>
    cases.filter((it) => it.result === result).length;
  const suite = attributes({
    name: manifest.name,
    tests: String(cases.length),
    failures: String(count('failure')),
    errors: String(count('error')),
    skipped: String(count('skipped')),
    timestamp: manifest.startedAt,
    time: (analysis.endedAt / 1000).toFixed(3),
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites>`,
    `  <testsuite ${suite}>`,
    ...cases.map((it) => caseXml(manifest.name, it)),
    `  </testsuite>`,
    `</testsuites>`,
    '',
  ].join('\n');
};

/** Whether there is a run to judge at all. */
const runCase = (analysis: Analysis, words: Words): Case => {
  const { kind, invalid } = analysis.verdict;
  const base = { name: 'run', arm: 'all' };
  if (invalid.length > 0)
    return { ...base, result: 'error', message: invalid.map(words.invalidity).join(' ') };
  if (kind === 'partial' || !analysis.isWhole)
    return { ...base, result: 'error', message: words.verdictLong.partial };
  return { ...base, message: words.verdictLong[kind] };
};

const results = { met: undefined, missed: 'failure', undecided: 'skipped' } as const;

const caseOf = (objective: ObjectiveResult, words: Words): Case => {
  const result = results[objective.decision];
  const why = objective.withheld === undefined ? [] : [words.withheld(objective.withheld)];
  const measured =
    objective.row === undefined
      ? []
      : [`${valueText(objective.row, words)} (${sureness(objective.row, words)})`];
  return {
    name: objective.text,
    arm: objective.arm,
    ...(result === undefined ? {} : { result }),
    message: [...measured, ...why].join('; ') || words.decision[objective.decision],
  };
};

/** A row of a suite. What the first arm does not survive is a failure; others are there to compare. */
const rowCase = (row: MatrixRow, isOurs: boolean, words: Words): Case => {
  const base = { name: `row ${row.row.name}`, arm: row.arm };
  const message = `${words.suite.standing[row.standing]}: ${expectedText(row)}${words.comma}${
    outcomesText(row, words) || words.suite.exercised(row.exercisedCount, row.playedCount)
  }`;
  if (row.standing === 'not-exercised') return { ...base, result: 'error', message };
  return {
    ...base,
    ...(isOurs && row.standing !== 'held' && { result: 'failure' as const }),
    message,
  };
};

const caseXml = (scenario: string, { name, arm, result, message }: Case): string => {
  const head = attributes({ classname: `${scenario}.${arm}`, name });
  const body =
    result === undefined
      ? `<system-out>${escapeMarkup(message)}</system-out>`
      : `<${result} ${attributes({ message })}/>`;
  return `    <testcase ${head}>${body}</testcase>`;
};

const attributes = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}="${escapeMarkup(value)}"`)
    .join(' ');
