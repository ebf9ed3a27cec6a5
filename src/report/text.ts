/**
 * The summary a terminal shows after a run: verdict first, then what to know before believing it,
 * then a short table, each failover with its parts, and what the answers were worth.
 *
 * Columns are counted as a terminal shows them, so that Japanese lines up as well. Colour says
 * nothing that a word does not.
 */

import { styleText } from 'node:util';

import type { Analysis, FailoverRow, ObjectiveResult } from '../analysis/analysis.ts';
import { alignedTable, hanging, type TableColumn, widest } from './aligned.ts';
import { costLinePerArm, costLines } from './cost-line.ts';
import { failoverLine, failoverName, namingOf, outcomeText } from './failover-line.ts';
import { aftermathLines, armLines } from './failover-sum.ts';
import { failureLines } from './failure-line.ts';
import { keyFigureName, keyFiguresOf, sureness, valueText } from './figure.ts';
import { decimal, milliseconds } from './format.ts';
import { matrixLines } from './matrix-text.ts';
import { choiceLines, outageLines } from './outage-line.ts';
import { columnsOf, cutEnd, padEnd, wrap } from './width.ts';
import { wordsOf } from './word/catalogue.ts';
import type { Language, VerdictKind, Words } from './word/language.ts';

export interface TextOptions {
  readonly language: Language;
  /** Width of the terminal; lines are made for 80 at most. */
  readonly columns: number;
  readonly isColour: boolean;
  /** Where the run folder is, for the last line. */
  readonly runFolder: string;
}

type Colour = 'green' | 'red' | 'yellow' | 'gray' | 'bold';
type Paint = (text: string, colour: Colour) => string;

interface Page {
  readonly analysis: Analysis;
  readonly words: Words;
  readonly columns: number;
  readonly paint: Paint;
}

const columnsMax = 80;
const columnsMin = 40;
/** With less room than this beside an objective, what was measured goes below it. */
const besideMin = 30;
/** With less room than this beside a value, how sure it is cannot be said. */
const roomMin = 12;
/** More lines than this push the verdict off the screen; the page has them all. */
const failoversMax = 12;

/** Renders the summary; its last line is the run folder. */
export const textSummary = (analysis: Analysis, options: TextOptions): string => {
  const page: Page = {
    analysis,
    words: wordsOf(options.language),
    columns: Math.max(columnsMin, Math.min(columnsMax, options.columns)),
    paint: options.isColour
      ? (text, colour) => styleText(colour, text, { validateStream: false })
      : (text) => text,
  };
  const blocks = [
    verdictBlock(page),
    warningBlock(page),
    ...(analysis.matrix.length > 0
      ? [matrixBlock(page)]
      : [figureBlock(page), failureBlock(page), failoverBlock(page), choiceBlock(page)]),
    costBlock(page),
    [options.runFolder],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
};

const verdictColours: Readonly<Record<VerdictKind, Colour>> = {
  passed: 'green',
  missed: 'red',
  undecided: 'yellow',
  invalid: 'red',
  partial: 'yellow',
  'no-objectives': 'bold',
};

const verdictBlock = ({ analysis, words, columns, paint }: Page): readonly string[] => {
  const { verdict, manifest } = analysis;
  const met = verdict.objectives.filter(({ decision }) => decision === 'met').length;
  const parts = [
    manifest.name,
    ...(verdict.objectives.length === 0
      ? []
      : [words.objectivesMet(met, verdict.objectives.length)]),
    ...(analysis.isSimulated ? [words.simulated] : []),
    ...(analysis.isWhole ? [] : [words.partial]),
  ];
  const name = words.verdict[verdict.kind];
  const rest = wrap(parts.join(' · '), columns - columnsOf(name) - 2);
  const indent = ' '.repeat(columnsOf(name) + 2);
  return [
    ...rest.map((line, index) =>
      index === 0 ? `${paint(name, verdictColours[verdict.kind])}  ${line}` : indent + line,
    ),
    ...(verdict.kind === 'passed' || verdict.objectives.length === 0
      ? []
      : wrap(words.verdictLong[verdict.kind], columns)),
    ...objectiveLines({ analysis, words, columns, paint }),
  ];
};

const decisionColours = { met: 'green', missed: 'red', undecided: 'yellow' } as const;

const objectiveLines = ({ analysis, words, columns, paint }: Page): readonly string[] => {
  const { objectives } = analysis.verdict;
  const hasArms = analysis.manifest.arms.length > 1;
  const name = ({ text, arm }: ObjectiveResult): string => (hasArms ? `${arm}: ${text}` : text);
  const decisionWidth = widest(objectives.map(({ decision }) => words.decision[decision]));
  const nameWidth = Math.min(widest(objectives.map(name)), Math.floor(columns / 2));
  return objectives.flatMap((objective) => {
    const { decision, row, withheld } = objective;
    const measured =
      row?.value === undefined
        ? words.withheld(withheld ?? row?.withheld ?? { why: 'no-data' })
        : `${valueText(row, words)}  (${sureness(row, words)})`;
    const head =
      paint(`  ${padEnd(words.decision[decision], decisionWidth)}  `, decisionColours[decision]) +
      `${padEnd(cutEnd(name(objective), nameWidth), nameWidth)}  `;
    const indent = decisionWidth + 4 + nameWidth + 2;
    if (columns - indent < besideMin)
      return [head.trimEnd()].concat(wrap(measured, columns - 4).map((line) => `    ${line}`));

    return wrap(measured, columns - indent).map((line, index) =>
      index === 0 ? head + line : ' '.repeat(indent) + line,
    );
  });
};

const warningBlock = ({ analysis, words, columns, paint }: Page): readonly string[] => [
  ...analysis.verdict.invalid.flatMap((it) => bullet(words.invalidity(it), columns, paint, 'red')),
  ...analysis.advisories.flatMap((it) => bullet(words.advisory(it), columns, paint, 'yellow')),
];

const bullet = (text: string, columns: number, paint: Paint, colour: Colour): readonly string[] =>
  wrap(text, columns - 4).map((line, index) =>
    index === 0 ? `  ${paint('!', colour)} ${line}` : `    ${line}`,
  );

/** One column per arm where they fit; otherwise one block per arm. */
const figureBlock = (page: Page): readonly string[] => {
  const { analysis, words, columns } = page;
  const { arms } = analysis.manifest;
  const figures = keyFiguresOf(analysis);
  const names = figures.map((figure) => keyFigureName(figure, words));
  const byArm = arms.map((_, at) => figures.map((figure) => valueText(figure.byArm[at], words)));
  const table = [
    { head: '', cells: names },
    ...arms.map((head, at) => ({ head, cells: byArm[at] ?? [], isNumber: true })),
  ];
  const lines = alignedTable(table);
  if (arms.length > 1 && widest(lines) <= columns) return lines;

  return arms.flatMap((arm, at) => {
    const values = byArm[at] ?? [];
    const nameColumns = columns - widest(values) - 4;
    const [, ...rows] = alignedTable([
      { head: '', cells: names.map((name) => cutEnd(name, nameColumns)) },
      { head: '', cells: values, isNumber: true },
    ]);
    const indent = widest(rows) + 2;
    const room = columns - indent;
    const sure = figures.map((figure) => wrap(sureness(figure.byArm[at], words), room));
    return (arms.length > 1 ? [page.paint(arm, 'bold')] : []).concat(
      rows.flatMap((row, index) => {
        if (room < roomMin) return [row];
        const [first = '', ...rest] = sure[index] ?? [];
        return [`${row}  ${page.paint(first, 'gray')}`].concat(
          rest.map((line) => ' '.repeat(indent) + page.paint(line, 'gray')),
        );
      }),
    );
  });
};

/** Figures over all of a suite would mix trials with their twins, so the matrix stands for them. */
const matrixBlock = ({ analysis, words, columns, paint }: Page): readonly string[] => [
  paint(words.suite.heading.matrix, 'bold'),
  ...matrixLines(analysis.matrix, words, columns),
];

const failureBlock = ({ analysis, words, columns, paint }: Page): readonly string[] =>
  analysis.failures.length === 0
    ? []
    : [
        paint(words.heading.failure, 'bold'),
        ...failureLines(analysis, words).flatMap((line) => hanging(line, columns)),
      ];

/** Each failover where they are few, a line per arm where they are many; then what came after. */
const failoverBlock = (page: Page): readonly string[] => {
  const { analysis, words, columns, paint } = page;
  const { failovers, manifest } = analysis;
  const after = aftermathLines(analysis, words);
  if (failovers.length + after.length === 0) return [];
  const isMany = failovers.length > failoversMax && manifest.arms.length > 1;
  const notes = [
    ...(isMany ? armLines(analysis, words) : []),
    ...(isMany ? [words.inFile(failovers.length, 'failovers.csv')] : []),
    ...(!isMany && failovers.length > failoversMax
      ? [words.onlySome(failoversMax, failovers.length)]
      : []),
    ...(failovers.length > 0 ? [tokenSum(failovers, words)] : []),
    ...after,
    ...outageLines(analysis, words),
  ];
  return [
    paint(words.heading.failover, 'bold'),
    ...(isMany ? [] : failoverLines(page)),
    ...notes.flatMap((line) => hanging(line, columns)),
  ];
};

/** A table of the parts where it fits, one line for each otherwise. */
const failoverLines = ({ analysis, words, columns, paint }: Page): readonly string[] => {
  const shown = analysis.failovers.slice(0, failoversMax);
  if (shown.length === 0) return [];
  const naming = namingOf(analysis);
  const [header = '', ...rows] = failoverTable(shown, words, naming.hasWorkloads);
  const isFitting = widest([header].concat(rows)) <= columns;
  const lines = shown.flatMap((failover, at) => {
    const isFirst = shown[at - 1]?.arm !== failover.arm;
    const arm = naming.hasArms && isFirst && isFitting ? [`  ${paint(failover.arm, 'bold')}`] : [];
    return arm.concat(
      isFitting ? (rows[at] ?? '') : hanging(failoverLine(failover, words, naming), columns),
    );
  });
  return [...(isFitting ? [header] : []), ...lines];
};

const failoverTable = (
  failovers: readonly FailoverRow[],
  words: Words,
  hasWorkloads: boolean,
): readonly string[] => {
  const { label } = words;
  const ms = (head: string, of: (failover: FailoverRow) => number | undefined): TableColumn => ({
    head,
    cells: failovers.map((failover) => {
      const value = of(failover);
      return value === undefined ? label.none : milliseconds(value);
    }),
    isNumber: true,
  });
  return alignedTable([
    {
      head: label.exchange,
      cells: failovers.map((it) => failoverName(it, words, { hasArms: false, hasWorkloads })),
    },
    ms(label.detect, ({ detectMs }) => detectMs),
    ms(label.decide, ({ decideMs }) => decideMs),
    ms(label.refill, ({ refillMs }) => refillMs),
    ms(label.sum, ({ failoverMs }) => failoverMs),
    { head: label.outcome, cells: failovers.map((it) => outcomeText(it, words)) },
  ]);
};

/** Tokens lost, repeated and discarded over all failovers; a kind nobody knows is left out. */
const tokenSum = (failovers: readonly FailoverRow[], words: Words): string => {
  const { label } = words;
  const kinds = [
    { name: label.lost, counts: failovers.map(({ tokensLost }) => tokensLost) },
    { name: label.repeated, counts: failovers.map(({ tokensRepeated }) => tokensRepeated) },
    { name: label.discarded, counts: failovers.map(({ tokensDiscarded }) => tokensDiscarded) },
  ];
  const parts = kinds.flatMap(({ name, counts }) => {
    const known = counts.filter((count) => count !== undefined);
    return known.length === 0 ? [] : [`${name} ${decimal(known.reduce((sum, it) => sum + it, 0))}`];
  });
  return `${words.unit.tokens}: ${parts.join(', ') || words.withheld({ why: 'no-data' })}`;
};

const choiceBlock = ({ analysis, words, columns, paint }: Page): readonly string[] => {
  const lines = choiceLines(analysis, words);
  return lines.length === 0
    ? []
    : [
        paint(words.outages.heading.tradeOff, 'bold'),
        ...lines.flatMap((line) => hanging(line, columns)),
      ];
};

const costBlock = ({ analysis, words, columns, paint }: Page): readonly string[] => {
  const lines =
    analysis.manifest.arms.length > 1
      ? costLinePerArm(analysis, words)
      : costLines(analysis, words);
  return lines.length === 0
    ? []
    : [paint(words.heading.cost, 'bold'), ...lines.flatMap((line) => hanging(line, columns))];
};
