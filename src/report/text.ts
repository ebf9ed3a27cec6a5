/**
 * The summary a terminal shows after a run: verdict first, then what to know before believing it,
 * then a short table, each failover with its parts, and what the answers were worth.
 *
 * Columns are counted as a terminal shows them, so that Japanese lines up as well. Colour says
 * nothing that a word does not.
 */

import { styleText } from 'node:util';

import type { Analysis, ObjectiveResult } from '../analysis/analysis.ts';
import { costLines } from './cost-line.ts';
import { failoverLine } from './failover-line.ts';
import { figureName, keyFiguresOf, sureness, valueText } from './figure.ts';
import { columnsOf, cutEnd, padEnd, padStart, wrap } from './width.ts';
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
    figureBlock(page),
    failoverBlock(page),
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
    const head = `  ${padEnd(words.decision[decision], decisionWidth)}  `;
    const indent = decisionWidth + 4 + nameWidth + 2;
    const [first = '', ...more] = wrap(measured, Math.max(16, columns - indent));
    return [
      paint(head, decisionColours[decision]) +
        `${padEnd(cutEnd(name(objective), nameWidth), nameWidth)}  ${first}`,
      ...more.map((line) => ' '.repeat(indent) + line),
    ];
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
const figureBlock = ({ analysis, words, columns, paint }: Page): readonly string[] => {
  const figures = keyFiguresOf(analysis);
  const names = figures.map(({ id, stat }) => figureName(id, stat, words));
  const { arms } = analysis.manifest;
  const nameWidth = widest(names);
  const values = figures.map(({ byArm }) => byArm.map((row) => valueText(row, words)));
  const widths = arms.map((arm, index) => widest([arm, ...values.map((row) => row[index] ?? '')]));
  const width = 2 + nameWidth + widths.reduce((sum, it) => sum + it + 3, 0);
  if (arms.length > 1 && width <= columns)
    return [
      ' '.repeat(2 + nameWidth) +
        arms.map((arm, at) => `   ${padStart(arm, widths[at] ?? 0)}`).join(''),
      ...values.map(
        (row, at) =>
          `  ${padEnd(names[at] ?? '', nameWidth)}` +
          row.map((value, index) => `   ${padStart(value, widths[index] ?? 0)}`).join(''),
      ),
    ];

  return arms.flatMap((arm, index) => {
    const valueWidth = widths[index] ?? 0;
    const room = columns - nameWidth - valueWidth - 7;
    return [
      ...(arms.length > 1 ? [paint(arm, 'bold')] : []),
      ...figures.map(({ byArm }, at) => {
        const line =
          `  ${padEnd(names[at] ?? '', nameWidth)}   ` +
          padStart(values[at]?.[index] ?? '', valueWidth);
        const sure = sureness(byArm[index], words);
        return room < 12 ? line : `${line}  ${paint(cutEnd(sure, room), 'gray')}`;
      }),
    ];
  });
};

const failoverBlock = ({ analysis, words, columns, paint }: Page): readonly string[] => {
  const { failovers, manifest } = analysis;
  if (failovers.length === 0) return [];
  const shown = failovers.slice(0, failoversMax);
  return [
    paint(words.heading.failover, 'bold'),
    ...shown.flatMap((it) => hanging(failoverLine(it, words, manifest.arms.length > 1), columns)),
    ...(shown.length < failovers.length
      ? [`  ${words.onlySome(shown.length, failovers.length)}`]
      : []),
  ];
};

const costBlock = ({ analysis, words, columns, paint }: Page): readonly string[] => {
  const lines = costLines(analysis, words);
  return lines.length === 0
    ? []
    : [paint(words.heading.cost, 'bold'), ...lines.flatMap((line) => hanging(line, columns))];
};

const hanging = (text: string, columns: number): readonly string[] =>
  wrap(text, columns - 4).map((line, index) => (index === 0 ? `  ${line}` : `    ${line}`));

const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map(columnsOf));
