/** The failover matrix on a page: a table for each arm, what went wrong first. */

import type { Analysis, MatrixArm, MatrixRow } from '../../analysis/analysis.ts';
import { decimal } from '../format.ts';
import {
  attemptsText,
  cellInterval,
  cellText,
  expectedText,
  matrixSum,
  originText,
  outcomesText,
  overshootText,
  settleText,
  signs,
} from '../matrix-line.ts';
import type { Words } from '../word/language.ts';
import { html, type Html } from './markup.ts';
import { cardsOf, numbers } from './table.ts';

/** The section of a suite; nothing for any other run. */
export const matrixSection = (analysis: Analysis, words: Words, figure: Html): Html | undefined => {
  const { matrix, manifest } = analysis;
  const [first] = matrix;
  if (!first) return undefined;
  const scale = manifest.suite?.deadlineScale ?? 1;
  return html`<section class="broad">
    <h2>${words.suite.heading.matrix}</h2>
    ${analysis.isSimulated ? html`<p><strong>${words.simulated}</strong></p>` : undefined}
    ${scale === 1 ? undefined : html`<p>${words.suite.deadlines(decimal(scale))}</p>`} ${figure}
    ${matrix.map((arm) => armTable(arm, words, matrix.length > 1))}
    <p class="muted small">${words.suite.note}</p>
  </section>`;
};

const armTable = (arm: MatrixArm, words: Words, isNamed: boolean): Html => {
  const { label } = words.suite;
  return html`${isNamed ? html`<h3>${arm.arm}</h3>` : undefined}
    <p>${matrixSum(arm, words)}</p>
    ${cardsOf(
      [
        { text: label.fault },
        { text: label.result },
        numbers(label.failover),
        numbers(label.parts),
        numbers(label.penalty),
        numbers(label.overshoot),
        numbers(label.tokens),
        numbers(`${label.attempts}${words.comma}${label.mean} / ${label.most}`),
        numbers(label.settle),
      ],
      arm.rows.map((row) => cellsOf(row, words)),
    )}`;
};

const cellsOf = (row: MatrixRow, words: Words): readonly (Html | string)[] => {
  const isTested = row.exercisedCount > 0;
  const parts = ['detect', 'decide', 'refill'] as const;
  const known = parts.map((id) => cellText(row, id, 'p50', words));
  return [
    html`<strong>${row.row.name}</strong>${sub(originText(row))}`,
    html`<span class="badge tight standing ${row.standing}"
        >${signs[row.standing]} ${words.suite.standing[row.standing]}</span
      >${
        isTested
          ? html`${sub(
              [expectedText(row), cellInterval(row, 'as_expected', 'ratio', words)].join(
                words.comma,
              ),
            )}${sub(outcomesText(row, words))}`
          : undefined
      }${
        row.standing === 'held'
          ? undefined
          : sub(words.suite.expects(words.suite.expectation[row.row.expect]))
      }${
        row.exercisedCount === row.playedCount
          ? undefined
          : sub(words.suite.exercised(row.exercisedCount, row.playedCount))
      }`,
    spread(row, 'failover', words),
    known.every((text) => text === words.label.none)
      ? words.label.none
      : html`<span class="whole"
          >${new Set(known).size === 1 ? known[0] : known.join(' · ')}</span
        >`,
    spread(row, 'failover_penalty', words),
    overshootText(row, words),
    (['lost_tokens', 'dup_tokens', 'discarded_tokens'] as const)
      .map((id) => {
        const cell = row.cells.find((it) => it.id === id);
        return cell?.value === undefined ? words.label.none : decimal(cell.value);
      })
      .join(' / '),
    attemptsText(row, words),
    lines(settleText(row, words), words),
  ];
};

const spread = (row: MatrixRow, id: 'failover' | 'failover_penalty', words: Words) => {
  const p50 = cellText(row, id, 'p50', words);
  const p95 = cellText(row, id, 'p95', words);
  if (p50 === words.label.none && p95 === words.label.none) return words.label.none;
  if (p50 === words.suite.label.unknown) return p50;
  return html`<span class="whole">p50 ${p50}</span>${sub(cellInterval(row, id, 'p50', words))}<span
      class="whole"
      >p95 ${p95}</span
    >${sub(cellInterval(row, id, 'p95', words))}`;
};

const lines = (texts: readonly string[], words: Words) =>
  texts.length === 0
    ? words.label.none
    : html`${texts.map((text) => html`<span class="sure">${text}</span>`)}`;

const sub = (text: string): Html | undefined =>
  text === '' ? undefined : html`<span class="sure">${text}</span>`;
