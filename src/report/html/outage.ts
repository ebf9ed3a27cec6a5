/** Outages and the choice of a deadline, on a page. */

import type { Analysis } from '../../analysis/analysis.ts';
import { decimal, dollars, milliseconds } from '../format.ts';
import type { Words } from '../word/language.ts';
import { html, type Html } from './markup.ts';
import { cardsOf, numbers } from './table.ts';

/** One row for each outage. */
export const outageSection = (
  { outages, manifest }: Analysis,
  words: Words,
  figure: Html,
): Html | undefined => {
  if (outages.length === 0) return undefined;
  const { label } = words.outages;
  const { none } = words.label;
  const ms = (value: number | undefined): string =>
    value === undefined ? none : milliseconds(value);
  const hasArms = manifest.arms.length > 1;
  return html`<section>
    <h2>${words.outages.heading.outage}</h2>
    ${figure}
    ${cardsOf(
      [
        { text: label.outage },
        numbers(label.trip),
        numbers(label.paid),
        numbers(label.probes),
        numbers(label.failback),
        numbers(label.flaps),
        numbers(label.firstToken),
        numbers(label.lost),
        numbers(label.tokens),
        numbers(label.bill),
      ],
      outages.map((row) => [
        html`<strong>${row.backend}</strong><span class="sure">${row.what} #${row.fault}</span>${
            hasArms ? html`<span class="sure">${row.arm}</span>` : undefined
          }`,
        ms(row.timeToTripMs),
        decimal(row.paidCount),
        `${decimal(row.probeCount)} / ${decimal(row.userProbeCount)}`,
        html`${ms(row.failbackMs)}${
          row.healPhaseRatio === undefined
            ? undefined
            : html`<span class="sure">${label.phase} ${decimal(row.healPhaseRatio)}</span>`
        }`,
        decimal(row.flapCount),
        `${ms(row.returnTtftMs)} / ${ms(row.healthyTtftMs)}`,
        decimal(row.unavailabilityMs / 1000),
        `${decimal(row.discardedTokens)} / ${decimal(row.doublePrefillTokens)}`,
        row.cloudUsd === undefined ? none : dollars(row.cloudUsd),
      ]),
    )}
    <p class="muted small">${words.outages.note}</p>
  </section>`;
};

/** The curve and what it says, where there are healthy attempts enough to draw one. */
export const tradeOffSection = (
  { tradeOffs }: Analysis,
  words: Words,
  figure: Html,
): Html | undefined =>
  tradeOffs.length === 0
    ? undefined
    : html`<section>
        <h2>${words.outages.heading.tradeOff}</h2>
        ${figure}
        <ul class="notes">
          ${tradeOffs.map((it) => html`<li>${words.outages.choice(it)}</li>`)}
        </ul>
        <p class="muted small">${words.outages.choiceNote}</p>
      </section>`;
