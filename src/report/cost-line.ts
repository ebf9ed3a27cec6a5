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
            `${words.label.capacityValue} ${money(priced.capacityValueUsd, undefined)}` +
              words.aside(counterfactualName(priced.name, priced.model, words)),
          ]),
      ...(actualUsd === undefined ? [] : [`${paid} ${money([actualUsd, actualUsd], undefined)}`]),
    ];
    return parts.length === 0 ? [] : [`${arm}: ${parts.join(words.comma)}`];
  });

const armLines = (cost: CostResult, words: Words): readonly string[] => [
  ...cost.counterfactuals.map(
    ({ name, model, asOf, source, capacityValueUsd, withheld }) =>
      `${words.label.capacityValue}${words.comma}${counterfactualName(name, model, words)}: ` +
      (capacityValueUsd === undefined
        ? words.withheld(withheld ?? { why: 'no-data' })
        : `${money(capacityValueUsd, cost.usdJpy)}${words.comma}${priceBasis(asOf, source, words)}`),
  ),
  ...(cost.actualUsd === undefined
    ? []
    : [
        `${cost.isActualSimulated ? words.label.paidSimulated : words.label.paid}: ` +
          money([cost.actualUsd, cost.actualUsd], cost.usdJpy),
      ]),
];

/** `configured (gpt-5-mini)`; once where name and model are the same. */
export const counterfactualName = (name: string, model: string, words: Words): string =>
  name === model
    ? name
    : `${name === 'configured' ? words.label.configured : name}${words.aside(model)}`;

/** Of when a price is; the user's own may have no date. */
const priceBasis = (asOf: string, source: string, words: Words): string =>
  [
    ...(isOwn(source) ? [words.label.ownPrice] : []),
    ...(isDated(asOf) ? [`${words.label.priceDate} ${asOf}`] : []),
  ].join(words.comma);

/** The date of a price, or a dash for one without. */
export const priceDate = (asOf: string, words: Words): string =>
  isDated(asOf) ? asOf : words.label.none;

/** Where a price is from. */
export const priceSource = (source: string, words: Words): string =>
  isOwn(source) ? words.label.ownPrice : source;

const isDated = (asOf: string): boolean => asOf !== 'unknown';
const isOwn = (source: string): boolean => source === 'own';

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
