/** `summary.md`: the run on one screen, for a pull request or the summary page of a CI job. */

import type { Analysis, SummaryRow } from '../analysis/analysis.ts';
import { costLines } from './cost-line.ts';
import { failoverLine, namingOf } from './failover-line.ts';
import { aftermathLines, armLines } from './failover-sum.ts';
import { failureLines } from './failure-line.ts';
import { keyFigureName, keyFiguresOf, sureness, valueText } from './figure.ts';
import {
  attemptsText,
  cellText,
  expectedText,
  matrixSum,
  outcomesText,
  overshootText,
  signs,
} from './matrix-line.ts';
import { choiceLines, outageLines } from './outage-line.ts';
import { verdictSentence } from './verdict-sentence.ts';
import type { Words } from './word/language.ts';

/** GitHub discards a step's summary above 1 MiB; a hundred lines of failovers say enough. */
const failoversMax = 100;

/** The summary as Markdown. */
export const summaryMarkdown = (analysis: Analysis, words: Words): string => {
  const { manifest, verdict } = analysis;
  const warnings = [
    ...verdict.invalid.map(words.invalidity),
    ...analysis.advisories.map(words.advisory),
  ];
  return [
    `# ${words.verdict[verdict.kind]}: ${text(manifest.name)}`,
    ...(analysis.isSimulated ? [`**${words.simulated}**`] : []),
    ...(analysis.isWhole ? [] : [`**${words.partial}**`]),
    verdictSentence(analysis, words),
    text(manifest.question),
    ...objectiveTable(analysis, words),
    ...(warnings.length === 0
      ? []
      : [`## ${words.heading.warnings}`, warnings.map((it) => `- ${text(it)}`).join('\n')]),
    ...matrixSection(analysis, words),
    `## ${words.heading.keyFigures}`,
    figureTable(analysis, words),
    ...failureSection(analysis, words),
    // The trials of a suite are told row by row above.
    ...(analysis.matrix.length > 0 ? [] : failoverSection(analysis, words)),
    ...outageSection(analysis, words),
    ...costSection(analysis, words),
    `${words.setup.command}: \`${manifest.command.replace(/`/g, "'")}\``,
    '',
  ].join('\n\n');
};

const objectiveTable = (analysis: Analysis, words: Words): readonly string[] => {
  const { objectives } = analysis.verdict;
  if (objectives.length === 0) return [];
  return [
    table(
      [words.label.objective, words.label.arm, words.label.result, words.label.measured],
      objectives.map(({ text, arm, decision, row, withheld }) => [
        text,
        arm,
        words.decision[decision],
        row?.value === undefined
          ? words.withheld(withheld ?? row?.withheld ?? { why: 'no-data' })
          : figureCell(row, words),
      ]),
    ),
  ];
};

const matrixSection = ({ matrix }: Analysis, words: Words): readonly string[] => {
  if (matrix.length === 0) return [];
  const { label } = words.suite;
  return [
    `## ${words.suite.heading.matrix}`,
    ...matrix.flatMap((arm) => [
      ...(matrix.length > 1 ? [`### ${text(arm.arm)}`] : []),
      text(matrixSum(arm, words)),
      table(
        [
          label.fault,
          label.asExpected,
          words.label.outcome,
          `${label.failover} p50`,
          'p95',
          `${label.penalty} p50`,
          label.overshoot,
          `${label.attempts}${words.comma}${label.mean} / ${label.most}`,
        ],
        arm.rows.map((row) => [
          `${signs[row.standing]} ${row.row.name}`,
          expectedText(row),
          row.exercisedCount === 0
            ? words.suite.standing['not-exercised']
            : outcomesText(row, words),
          cellText(row, 'failover', 'p50', words),
          cellText(row, 'failover', 'p95', words),
          cellText(row, 'failover_penalty', 'p50', words),
          overshootText(row, words),
          attemptsText(row, words),
        ]),
      ),
    ]),
    text(words.suite.note),
  ];
};

const figureTable = (analysis: Analysis, words: Words): string =>
  table(
    [words.label.figure, ...analysis.manifest.arms],
    keyFiguresOf(analysis).map((figure) =>
      [keyFigureName(figure, words)].concat(figure.byArm.map((row) => figureCell(row, words))),
    ),
  );

const figureCell = (row: SummaryRow | undefined, words: Words): string =>
  row?.value === undefined
    ? sureness(row, words)
    : `${valueText(row, words)} (${sureness(row, words)})`;

const failureSection = (analysis: Analysis, words: Words): readonly string[] =>
  analysis.failures.length === 0
    ? []
    : [`## ${words.heading.failure}`, listOf(failureLines(analysis, words))];

const listOf = (lines: readonly string[]): string =>
  lines.map((line) => `- ${text(line)}`).join('\n');

const failoverSection = (analysis: Analysis, words: Words): readonly string[] => {
  const { failovers } = analysis;
  const after = aftermathLines(analysis, words);
  if (failovers.length + after.length === 0) return [];
  const naming = namingOf(analysis);
  const shown = failovers.slice(0, failoversMax);
  return [
    `## ${words.heading.failover}`,
    ...(naming.hasArms && failovers.length > 0 ? [listOf(armLines(analysis, words))] : []),
    ...(after.length > 0 ? [listOf(after)] : []),
    ...(shown.length > 0 ? [listOf(shown.map((it) => failoverLine(it, words, naming)))] : []),
    ...(shown.length < failovers.length ? [words.onlySome(shown.length, failovers.length)] : []),
  ];
};

const outageSection = (analysis: Analysis, words: Words): readonly string[] => {
  const outages = outageLines(analysis, words);
  const choices = choiceLines(analysis, words);
  return [
    ...(outages.length > 0 ? [`## ${words.outages.heading.outage}`, listOf(outages)] : []),
    ...(choices.length > 0 ? [`## ${words.outages.heading.tradeOff}`, listOf(choices)] : []),
  ];
};

const costSection = (analysis: Analysis, words: Words): readonly string[] => {
  const lines = costLines(analysis, words);
  return lines.length === 0
    ? []
    : [
        `## ${words.heading.cost}`,
        lines.map((it) => `- ${text(it)}`).join('\n'),
        `${words.costNote} ${words.costNotIncluded}`,
      ];
};

const table = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  [columns, columns.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map(text).join(' | ')} |`)
    .join('\n');

/** A text as Markdown shows it: nothing in it is markup, and it stays on one line. */
const text = (value: string): string =>
  value
    .replace(/[\r\n]+/g, ' ')
    .replace(/[\\`*_[\]<>|#!]/g, (mark) => (mark === '<' ? '&lt;' : `\\${mark}`));
