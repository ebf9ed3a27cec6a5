/** The failover section: every exchange on which a fault acted, and what came after. */

import type { Analysis } from '../../analysis/analysis.ts';
import { namingOf, reasonOf, route } from '../failover-line.ts';
import { aftermathLines, armLines } from '../failover-sum.ts';
import { decimal, milliseconds } from '../format.ts';
import type { Words } from '../word/language.ts';
import { html, type Html } from './markup.ts';
import { cardsOf, numbers } from './table.ts';

/** More rows than this make the page heavy; the CSV has them all. */
const rowsMax = 200;

/** Whose answer, what happened, how long each part took, and what it did to the tokens. */
export const failoverTable = (analysis: Analysis, words: Words): Html => {
  const { failovers } = analysis;
  const { hasArms, hasWorkloads } = namingOf(analysis);
  const notes = [...(hasArms ? armLines(analysis, words) : []), ...aftermathLines(analysis, words)];
  const list =
    notes.length === 0
      ? undefined
      : html`<ul class="notes">
          ${notes.map((note) => html`<li>${note}</li>`)}
        </ul>`;
  if (failovers.length === 0)
    return html`${list}
      <p class="empty">${words.noFailover}</p>`;

  const { label } = words;
  const ms = (value: number | undefined): string =>
    value === undefined ? label.none : milliseconds(value);
  const count = (value: number | undefined): string =>
    value === undefined ? label.none : decimal(value);
  const shown = failovers.slice(0, rowsMax);

  return html`${list}${cardsOf(
    [
      { text: label.exchange },
      { text: `${label.fault}${words.comma}${label.switched}` },
      { text: label.outcome },
      numbers(label.detect),
      numbers(label.decide),
      numbers(label.refill),
      numbers(label.total),
      numbers(label.visibleGap),
      numbers(label.errorAfter),
      numbers(`${label.lost} / ${label.repeated} / ${label.discarded}`),
    ],
    shown.map((failover) => [
      html`<span class="whole">${words.turnOf(failover.session, failover.turn)}</span
        >${hasArms ? sub(failover.arm) : undefined}${
          hasWorkloads ? sub(failover.workload) : undefined
        }`,
      html`<span class="whole">${failover.what} #${failover.fault}</span
        ><span class="sure whole">${route(failover)}</span>`,
      html`${words.outcome[failover.outcome]}${reasonOf(failover, words).map(sub)}`,
      ms(failover.detectMs),
      ms(failover.decideMs),
      ms(failover.refillMs),
      failover.failoverMs === undefined
        ? label.none
        : html`<strong>${ms(failover.failoverMs)}</strong>`,
      ms(failover.visibleGapMs),
      ms(failover.errorAfterMs),
      [failover.tokensLost, failover.tokensRepeated, failover.tokensDiscarded]
        .map(count)
        .join(' / '),
    ]),
  )}${
    shown.length < failovers.length
      ? html`<p class="muted small">${words.onlySome(shown.length, failovers.length)}</p>`
      : undefined
  }`;
};

const sub = (text: string): Html => html`<span class="sure">${text}</span>`;
