/**
 * What each first-token deadline costs: the share of healthy answers that it would fail over,
 * against how long readers of a dead box wait for it.
 */

import type { Analysis } from '../../analysis/analysis.ts';
import type { TradeOff } from '../../analysis/trade-off.ts';
import { decimal, milliseconds } from '../format.ts';
import type { Words } from '../word/language.ts';
import { colourScale, framed, logSteps, significant, type Chart, type ChartBody } from './chart.ts';
import { backendColours, fitted, palette } from './theme.ts';

/** Two lines for each backend and model; nothing where none was asked often enough. */
export const tradeOffChart = (analysis: Analysis, words: Words): Chart | undefined => {
  const { tradeOffs } = analysis;
  if (tradeOffs.length === 0) return undefined;
  const { label } = words.outages;
  const values = valuesOf(tradeOffs, words);
  const deadlines = values.map(({ deadline }) => deadline);
  const steps = logSteps(Math.min(...deadlines), Math.max(...deadlines));
  const shares = values.map(({ share }) => share);
  const y = yOf(
    logSteps(Math.min(0.1, ...shares), 100).filter((step) => step <= 100),
    label.needless,
  );

  return {
    ...framed(analysis, words, 'tradeOff', {
      ...fitted,
      height: 300,
      layer: [
        {
          data: { values: [{ share: 1 }, { share: 0.1 }] },
          mark: { type: 'rule', color: palette.muted.light, strokeDash: [2, 4] },
          encoding: { y },
        },
        {
          data: { values },
          mark: { type: 'line', interpolate: 'step-after', strokeWidth: 2.5 },
          encoding: {
            x: {
              field: 'deadline',
              type: 'quantitative',
              scale: { type: 'log', domain: [steps[0], steps.at(-1)], nice: false },
              axis: { title: label.deadline, values: steps, format: '~g', grid: false },
            },
            y,
            color: colourScale('name', coloursOf(analysis)),
            strokeDash: dashes(words),
          },
        },
      ],
    }),
    table: {
      columns: [words.label.backend, label.deadline, label.observed, label.atMost],
      rows: tradeOffs.flatMap((it) => tableRows(it)),
    },
  };
};

const nameOf = ({ backend, model }: TradeOff): string => `${backend} · ${model}`;

const coloursOf = (analysis: Analysis): readonly (readonly [string, string])[] => {
  const colours = new Map(backendColours(analysis).map(({ backend, colour }) => [backend, colour]));
  return analysis.tradeOffs.map((it) => [
    nameOf(it),
    colours.get(it.backend) ?? palette.muted.light,
  ]);
};

interface Place {
  readonly name: string;
  readonly deadline: number;
  readonly kind: string;
  readonly share: number;
}

const valuesOf = (tradeOffs: readonly TradeOff[], words: Words): readonly Place[] => {
  const { atMost, observed } = words.outages.label;
  return tradeOffs.flatMap((it) =>
    it.points.flatMap(({ deadlineMs, falseRatio, atMostRatio }) => {
      const of = { name: nameOf(it), deadline: significant(deadlineMs / 1000, 4) };
      const bound = { ...of, kind: atMost, share: significant(atMostRatio * 100, 4) };
      // Nothing is no place on a logarithmic scale.
      return falseRatio === 0
        ? [bound]
        : [bound, { ...of, kind: observed, share: significant(falseRatio * 100, 4) }];
    }),
  );
};

const dashes = ({ outages: { label } }: Words): ChartBody => ({
  field: 'kind',
  type: 'nominal',
  scale: {
    domain: [label.atMost, label.observed],
    range: [
      [1, 0],
      [4, 4],
    ],
  },
  // Beside the names it would not fit on a phone.
  legend: { title: null, orient: 'bottom' },
});

/** Every eighth point is enough to read. */
const tableRows = (it: TradeOff): readonly (readonly string[])[] =>
  it.points
    .filter((_, at) => at % 8 === 0)
    .map(({ deadlineMs, falseRatio, atMostRatio }) => [
      nameOf(it),
      milliseconds(deadlineMs),
      `${decimal(significant(falseRatio * 100, 3))} %`,
      `${decimal(significant(atMostRatio * 100, 3))} %`,
    ]);

const yOf = (steps: readonly number[], title: string): ChartBody => ({
  field: 'share',
  type: 'quantitative',
  scale: { type: 'log', domain: [steps[0], 100], nice: false, clamp: true },
  axis: { title, values: steps, format: '~g' },
});
