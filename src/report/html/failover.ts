/** The failover table: every exchange on which a fault acted. */

import type { Analysis } from '../../analysis/analysis.ts';
import { route } from '../failover-line.ts';
import { decimal, milliseconds } from '../format.ts';
import type { Words } from '../word/language.ts';
import { html, type Html } from './markup.ts';
import { numbers, tableOf } from './table.ts';

/** More rows than this make the page heavy; the CSV has them all. */
const rowsMax = 200;

/** Whose answer, what happened, how long each part took, and what it did to the tokens. */
export const failoverTable = (analysis: Analysis, words: Words): Html => {
  const { failovers, manifest } = analysis;
  if (failovers.length === 0) return html`<p class="empty">${words.noFailover}</p>`;

  const { label } = words;
  const hasArms = manifest.arms.length > 1;
  const ms = (value: number | undefined): string =>
    value === undefined ? label.none : milliseconds(value);
  const count = (value: number | undefined): string =>
    value === undefined ? label.none : decimal(value);
  const shown = failovers.slice(0, rowsMax);

  return html`${tableOf(
    [
      ...(hasArms ? [{ text: label.arm }] : []),
      { text: label.exchange },
      { text: `${label.fault}${words.comma}${label.switched}` },
      { text: label.outcome },
      numbers(label.detect),
      numbers(label.decide),
      numbers(label.refill),
      numbers(label.total),
      numbers(label.visibleGap),
      numbers(`${label.lost} / ${label.repeated} / ${label.discarded}`),
    ],
    shown.map((failover) => [
      ...(hasArms ? [failover.arm] : []),
      words.turnOf(failover.session, failover.turn),
      html`<span class="whole">${failover.what} #${failover.fault}</span
        ><span class="sure whole">${route(failover)}</span>`,
      words.outcome[failover.outcome],
      ms(failover.detectMs),
      ms(failover.decideMs),
      ms(failover.refillMs),
      html`<strong>${ms(failover.failoverMs)}</strong>`,
      ms(failover.visibleGapMs),
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
