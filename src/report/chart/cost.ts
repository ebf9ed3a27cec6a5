/** What the run's locally served answers are worth at each cloud model, and what was paid. */

import type { Analysis, CostResult } from '../../analysis/analysis.ts';
import { counterfactualName } from '../cost-line.ts';
import { dollars } from '../format.ts';
import type { Words } from '../word/language.ts';
import { colourScale, endText, framed, nameAxis, significant, type Chart } from './chart.ts';
import { fitted, palette } from './theme.ts';

/** One bar per counterfactual, pale from its low to its high end, and one for what was paid. */
export const costChart = (analysis: Analysis, words: Words): Chart | undefined => {
  const hasArms = analysis.manifest.arms.length > 1;
  const bars = analysis.costs.flatMap((cost) => barsOf(cost, words, hasArms));
  if (!bars.some(({ high }) => high > 0)) return undefined;

  const domain = [...new Set(bars.map(({ label }) => label))];
  const y = nameAxis('label', domain);
  const reach = significant(Math.max(...bars.map(({ high }) => high)) * 1.35, 3);
  const x = { type: 'quantitative', scale: { domain: [0, reach], nice: false } };
  const color = colourScale('kind', [
    [words.label.capacityValue, palette.green.light],
    [paidName(analysis, words), palette.orange.light],
  ]);
  const values = bars.map(({ label, kind, low, high }) => ({
    label,
    kind,
    zero: 0,
    low: significant(low),
    high: significant(high),
    text: low === high ? dollars(low) : `${dollars(low)}–${dollars(high)}`,
  }));

  return {
    ...framed(analysis, words, 'cost', {
      ...fitted,
      height: 34 * domain.length,
      data: { values },
      layer: [
        {
          mark: { type: 'bar', height: 18 },
          encoding: {
            x: {
              ...x,
              field: 'zero',
              axis: { title: words.label.amount, tickCount: 6, format: '$~f' },
            },
            x2: { field: 'low' },
            y,
            color,
          },
        },
        {
          mark: { type: 'bar', height: 18, opacity: 0.4 },
          encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' }, y, color },
        },
        {
          mark: endText,
          encoding: { x: { ...x, field: 'high' }, y, text: { field: 'text' } },
        },
      ],
    }),
    table: {
      columns: [words.label.part, words.label.low, words.label.high],
      rows: bars.map(({ label, kind, low, high }) => [
        label === kind ? label : `${kind}: ${label}`,
        dollars(low),
        dollars(high),
      ]),
    },
  };
};

interface CostBar {
  readonly label: string;
  readonly kind: string;
  readonly low: number;
  readonly high: number;
}

const barsOf = (cost: CostResult, words: Words, hasArms: boolean): readonly CostBar[] => {
  const label = (name: string): string => (hasArms ? `${cost.arm} · ${name}` : name);
  const paid = cost.isActualSimulated ? words.label.paidSimulated : words.label.paid;
  return [
    ...cost.counterfactuals.flatMap(({ name, model, capacityValueUsd }) =>
      capacityValueUsd === undefined
        ? []
        : [
            {
              label: label(counterfactualName(name, model, words)),
              kind: words.label.capacityValue,
              low: capacityValueUsd[0],
              high: capacityValueUsd[1],
            },
          ],
    ),
    ...(cost.actualUsd === undefined
      ? []
      : [{ label: label(paid), kind: paid, low: cost.actualUsd, high: cost.actualUsd }]),
  ];
};

const paidName = (analysis: Analysis, words: Words): string =>
  analysis.costs[0]?.isActualSimulated === true ? words.label.paidSimulated : words.label.paid;
