/** What the answers were worth: one table per arm, with what the figures rest on. */

import type { Analysis, CostResult } from '../../analysis/analysis.ts';
import { counterfactualName, money, priceDate, priceSource } from '../cost-line.ts';
import { yen } from '../format.ts';
import type { Words } from '../word/language.ts';
import { html, type Html } from './markup.ts';
import { cardsOf, numbers, tableOf } from './table.ts';

/** The tables of all arms, or a sentence where nothing can be priced. */
export const costTables = (analysis: Analysis, words: Words): Html => {
  const { costs, manifest } = analysis;
  if (costs.length === 0) return html`<p class="empty">${words.noCost}</p>`;

  const hasArms = manifest.arms.length > 1;
  return html`${costs.map(
    (cost) =>
      html`${hasArms ? html`<h3>${cost.arm}</h3>` : undefined}${armTable(cost, words)}
      ${paidTable(cost, words)}`,
  )}`;
};

const armTable = ({ counterfactuals, usdJpy }: CostResult, words: Words): Html => {
  if (counterfactuals.length === 0) return html`<p class="empty">${words.noCost}</p>`;
  const { label } = words;
  return cardsOf(
    [
      { text: label.counterfactual },
      numbers(label.capacityValue),
      numbers(label.allCloud),
      { text: label.priceDate },
      { text: label.source },
    ],
    counterfactuals.map(
      ({ name, model, asOf, source, allCloudUsd, capacityValueUsd, withheld }) => {
        const value = (range: readonly [number, number] | undefined) =>
          range === undefined
            ? html`<span class="sure">${words.withheld(withheld ?? { why: 'no-data' })}</span>`
            : money(range, usdJpy);
        return [
          counterfactualName(name, model, words),
          value(capacityValueUsd),
          value(allCloudUsd),
          html`<span class="whole">${priceDate(asOf, words)}</span>`,
          html`<span class="small muted">${priceSource(source, words)}</span>`,
        ];
      },
    ),
  );
};

const paidTable = (cost: CostResult, words: Words): Html => {
  const { actualUsd, energyJpy, amortisationJpy, usdJpy } = cost;
  const rows: readonly (readonly [string, string | undefined])[] = [
    [
      cost.isActualSimulated ? words.label.paidSimulated : words.label.paid,
      actualUsd === undefined ? undefined : money([actualUsd, actualUsd], usdJpy),
    ],
    [words.label.energy, energyJpy === undefined ? undefined : yen(energyJpy)],
    [words.label.amortisation, amortisationJpy === undefined ? undefined : yen(amortisationJpy)],
  ];
  return tableOf(
    [{ text: words.label.part }, numbers(words.label.value)],
    rows.map(([name, value]) => [name, value ?? words.withheld({ why: 'no-data' })]),
  );
};
