/**
 * The proxies of a suite side by side: how late they were, how often they tried, how it ended, and
 * the rows in which another did better than ours.
 */

import type { Analysis, MatrixArm, SummaryRow } from '../../analysis/analysis.ts';
import { cellOf } from '../../analysis/matrix.ts';
import { sureness, valueText } from '../figure.ts';
import { attemptsText, overshootText, shareText } from '../matrix-line.ts';
import type { Words } from '../word/language.ts';
import { html, type Html } from './markup.ts';
import { cardsOf, numbers } from './table.ts';

/** The section of a suite of several arms. */
export const comparisonSection = (analysis: Analysis, words: Words): Html | undefined => {
  const { matrix, manifest } = analysis;
  if (matrix.length < 2) return undefined;
  const { heading, label } = words.suite;
  return html`<section>
    <h2>${heading.comparison}</h2>
    ${analysis.isSimulated ? html`<p><strong>${words.simulated}</strong></p>` : undefined}
    ${cardsOf(
      [
        { text: words.label.arm },
        numbers(label.overshoot),
        numbers(`${label.attempts}${words.comma}${label.mean} / ${label.most}`),
        numbers(label.asExpected),
        numbers(label.harmed),
        numbers(label.falseFailover),
      ],
      matrix.map((arm) => armCells(arm, analysis, words)),
    )}
    <p class="muted small">${words.suite.comparisonNote}</p>
    <h3>${heading.lost}</h3>
    ${lostTable(analysis, words)}
    ${
      manifest.peers === undefined || manifest.peers.length === 0
        ? undefined
        : html`<h3>${heading.config}</h3>
            ${manifest.peers.map(
              ({ arm, product, tuning, config }) =>
                html`<details>
                  <summary>${arm}: ${product}${words.comma}${label[tuning]}</summary>
                  <pre>${config}</pre>
                </details>`,
            )}`
    }
  </section>`;
};

const armCells = (arm: MatrixArm, { manifest }: Analysis, words: Words) => {
  const all = { cells: arm.totals.filter(({ where }) => where === 'rows=all') };
  const peer = manifest.peers?.find((it) => it.arm === arm.arm);
  const held = arm.rows.filter(({ standing }) => standing === 'held').length;
  return [
    html`<strong>${arm.arm}</strong>${
        peer
          ? html`<span class="sure"
              >${peer.product}${words.comma}${words.suite.label[peer.tuning]}</span
            >`
          : undefined
      }`,
    overshootText(all, words),
    attemptsText(all, words),
    html`${valueText(cellOf(all, 'as_expected', 'ratio'), words)}<span class="sure"
        >${words.suite.held(held, arm.rows.length)}</span
      >`,
    shareText(cellOf(all, 'harmed', 'ratio'), words),
    shareText(
      arm.control.find(({ id }) => id === 'false_failover'),
      words,
    ),
  ];
};

const lostTable = ({ lost, manifest }: Analysis, words: Words): Html => {
  if (lost.length === 0) return html`<p>${words.suite.noneLost}</p>`;
  const { label } = words.suite;
  const cell = (row: SummaryRow): Html =>
    html`${valueText(row, words)}<span class="sure">${sureness(row, words)}</span>`;
  return cardsOf(
    [
      { text: label.fault },
      { text: words.label.arm },
      { text: label.figure },
      numbers(manifest.arms[0] ?? label.ours),
      numbers(label.theirs),
    ],
    lost.map((row) => [
      row.row,
      row.arm,
      words.suite.whyLost[row.why],
      cell(row.ours),
      cell(row.theirs),
    ]),
  );
};
