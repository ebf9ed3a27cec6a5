/**
 * What the doctor found, as an aligned list for a terminal.
 *
 *     spark · ollama · local                            reachable
 *       http://spark:11434
 *         ok    DNS     100.64.0.5                            2 ms
 *         bad   TCP     spark is there, but nothing listens on port 11434
 *                       → Start the server on the box …
 */

import { styleText } from 'node:util';

import type { BackendDiagnosis, Finding, Level } from '../diagnosis/finding.ts';
import { type DiagnosisWords, type Saying, captureLines, say } from '../diagnosis/word/language.ts';
import { columnsOf, padEnd, wrap } from '../report/width.ts';

export interface DoctorPage {
  readonly words: DiagnosisWords;
  readonly columns: number;
  readonly isColour: boolean;
}

/** What was found of every backend and, if it was asked, of the box itself. */
export interface Diagnosis {
  readonly backends: readonly BackendDiagnosis[];
  readonly box?: { readonly host: string; readonly findings: readonly Finding[] };
}

const colours = { ok: 'green', warn: 'yellow', bad: 'red' } as const;

/** The list, one block for each backend. */
export const doctorText = ({ backends, box }: Diagnosis, page: DoctorPage): string => {
  const blocks = backends.map((backend) => backendBlock(backend, page));
  if (box) blocks.push([`ssh ${box.host}`, ...findingLines(box.findings, '  ', page)]);
  const silent = backends
    .flatMap(({ addresses }) => addresses)
    .flatMap(({ findings }) => findings)
    .map(({ fact }) => fact)
    .find((fact) => fact.kind === 'silent');
  if (silent) {
    const lines = page.words.whereItStops(captureLines(silent.address, silent.port));
    blocks.push(
      // A command is never broken: it is there to be copied.
      lines.flatMap((line) => (line.startsWith('  ') ? [line] : wrap(line, page.columns))),
    );
  }
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
};

const backendBlock = (backend: BackendDiagnosis, page: DoctorPage): readonly string[] => {
  const { words } = page;
  const name = [backend.backend, backend.kind, words.residency[backend.residency]].join(' · ');
  const verdict = backend.isReachable ? words.reachable : words.unreachable;
  const level = backend.isReachable ? backend.level : 'bad';
  if (backend.addresses.length === 0) return [name, `  ${say(words, { kind: 'simulated' }).what}`];
  const gap = ' '.repeat(Math.max(2, page.columns - columnsOf(name) - columnsOf(verdict)));
  return [
    name + gap + painted(verdict, level, page),
    ...backend.addresses.flatMap(({ url, findings }) => [
      `  ${url}`,
      ...findingLines(findings, '    ', page),
    ]),
  ];
};

const findingLines = (
  findings: readonly Finding[],
  indent: string,
  page: DoctorPage,
): readonly string[] => {
  const { words } = page;
  const levelColumns = Math.max(...Object.values(words.level).map(columnsOf)) + 2;
  const stepColumns = Math.max(...Object.values(words.step).map(columnsOf)) + 2;
  const margin = indent + ' '.repeat(levelColumns + stepColumns);
  const textColumns = Math.max(24, page.columns - columnsOf(margin));
  return findings.flatMap(({ step, level, fact, tookMs }) => {
    const { what, todo }: Saying = say(words, fact);
    const took = tookMs === undefined ? '' : `  ${Math.max(1, Math.round(tookMs))} ms`;
    const [first = '', ...more] = what.split('\n').flatMap((line) => wrap(line, textColumns));
    const mark = painted(padEnd(words.level[level], levelColumns), level, page);
    const advice = todo === undefined ? [] : wrap(`→ ${todo}`, textColumns - 2);
    return [
      indent + mark + padEnd(words.step[step], stepColumns) + first + (level === 'ok' ? took : ''),
      ...more.map((line) => margin + line),
      ...advice.map((line, at) => margin + (at === 0 ? '' : '  ') + line),
    ];
  });
};

const painted = (text: string, level: Level, { isColour }: DoctorPage): string =>
  isColour ? styleText(colours[level], text, { validateStream: false }) : text;
