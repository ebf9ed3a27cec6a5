/** What the answers were worth, in lines: one per counterfactual, and what was paid. */

import type { Analysis, CostResult } from '../analysis/analysis.ts';
import { dollars, yen } from './format.ts';
import type { Words } from './word/language.ts';

/** The lines of every arm; none where there is nothing to price. */
export const costLines = (analysis: Analysis, words: Words): readonly string[] => {
  const hasArms = analysis.manifest.arms.length > 1;
  return analysis.costs.flatMap((cost) =>
    armLines(cost, words).map((line) => (hasArms ? `${cost.arm}: ${line}` : line)),
  );
};

/** One line per arm, for comparing many: the first counterfactual with a price, and the bill. */
export const costLinePerArm = (analysis: Analysis, words: Words): readonly string[] =>
  analysis.costs.flatMap(({ arm, counterfactuals, actualUsd, isActualSimulated }) => {
    const priced = counterfactuals.find(({ capacityValueUsd }) => capacityValueUsd !== undefined);
    const paid = isActualSimulated ? words.label.paidSimulated : words.label.paid;
    const parts = [
      ...(priced?.capacityValueUsd === undefined
        ? []
        : [
            `${words.label.capacityValue} ${money(priced.capacityValueUsd, undefined)} ` +
              `(${counterfactualName(priced.name, priced.model)})`,
          ]),
      ...(actualUsd === undefined ? [] : [`${paid} ${money([actualUsd, actualUsd], undefined)}`]),
    ];
    return parts.length === 0 ? [] : [`${arm}: ${parts.join(words.comma)}`];
  });

const armLines = (cost: CostResult, words: Words): readonly string[] => [
  ...cost.counterfactuals.map(
    ({ name, model, asOf, capacityValueUsd, withheld }) =>
      `${words.label.capacityValue}${words.comma}${counterfactualName(name, model)}: ` +
      (capacityValueUsd === undefined
        ? words.withheld(withheld ?? { why: 'no-data' })
        : `${money(capacityValueUsd, cost.usdJpy)}${words.comma}${words.label.priceDate} ${asOf}`),
  ),
  ...(cost.actualUsd === undefined
    ? []
    : [
        `${cost.isActualSimulated ? words.label.paidSimulated : words.label.paid}: ` +
          money([cost.actualUsd, cost.actualUsd], cost.usdJpy),
      ]),
];

/** `configured (gpt-5-mini)`; once where name and model are the same. */
export const counterfactualName = (name: string, model: string): string =>
  name === model ? name : `${name} (${model})`;

/** A range of dollars, with yen beside it where the rate is known; one value for equal ends. */
export const money = (range: readonly [number, number], usdJpy: number | undefined): string => {
  const inDollars = between(range, dollars);
  if (usdJpy === undefined) return inDollars;
  return `${inDollars} (${between([range[0] * usdJpy, range[1] * usdJpy], yen)})`;
};

const between = (range: readonly [number, number], render: (value: number) => string): string => {
  const [low, high] = [render(range[0]), render(range[1])];
  return low === high ? low : `${low}–${high}`;
};
