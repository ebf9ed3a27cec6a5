/**
 * What the answers of the steady phase cost, and what they would have cost at a cloud.
 *
 * How much of the input a cloud would have had in its cache is not known, so the counterfactual is
 * a range: from the share that the local engine had cached, to none. The answers are taken to be as
 * long as they were, and their tokens to count alike.
 */

import { amortisationJpy, energyJpy } from '../economics/box-cost.ts';
import { costUsd } from '../economics/cost.ts';
import type { Manifest, PriceRecord } from '../log/entry.ts';
import type { CostResult, SummaryRow, Withheld } from './analysis.ts';
import type { ArmLog, Span } from './arm.ts';
import { believable, type Measured, reportedUsage } from './figures.ts';
import { numberRow, withheldRow } from './row.ts';
import { answeredIn } from './summary.ts';

/** What an arm cost and was worth, over its steady phase. */
export const costOf = (
  manifest: Manifest,
  arm: ArmLog,
  all: readonly Measured[],
  areAttemptsKnown: boolean,
): CostResult => {
  const steady = all.filter(({ trace }) => trace.phase === 'steady');
  const costs = steady.map(({ figures }) => figures.costUsd);
  const isActualKnown = areAttemptsKnown && costs.every((it) => it !== undefined);
  const clouds = manifest.backends.filter(({ residency }) => residency === 'cloud');
  const answered = answeredIn(all);
  const local = answered.filter(({ figures }) => figures.servedAs === 'local' && figures.isGood);
  const cachedRatio = cachedRatioOf(answered.filter(({ figures }) => figures.servedAs === 'local'));
  const { usdJpy } = manifest.economics;

  return {
    arm: arm.arm,
    ...(isActualKnown && { actualUsd: costs.reduce<number>((sum, it) => sum + (it ?? 0), 0) }),
    isActualSimulated: clouds.every(({ isSimulated }) => isSimulated),
    ...boxCost(manifest, arm),
    counterfactuals: manifest.counterfactuals.map(({ name, price }) => ({
      name,
      model: price.model,
      asOf: price.asOf,
      source: price.source,
      allCloudUsd: rangeOf(answered, price, cachedRatio),
      capacityValueUsd: rangeOf(local, price, cachedRatio),
    })),
    ...(usdJpy !== undefined && { usdJpy }),
  };
};

/** The same as summary rows. A range is told by its middle, with the range as the interval. */
export const costRows = (
  cost: CostResult,
  all: readonly Measured[],
  areAttemptsKnown: boolean,
): SummaryRow[] => {
  const { arm } = cost;
  const n = all.filter(({ trace }) => trace.phase === 'steady').length;
  const answeredCount = answeredIn(all).length;
  const money = (
    id: 'cost_actual' | 'cost_energy' | 'cost_amortisation',
    value: number | undefined,
    why: Withheld,
  ): SummaryRow =>
    value === undefined
      ? withheldRow(id, 'total', arm, 'all', n, why)
      : numberRow(id, 'total', arm, 'all', n, value);
  const range = (
    id: 'cost_counterfactual' | 'capacity_value',
    where: string,
    [low, high]: readonly [number, number],
  ): SummaryRow => numberRow(id, 'total', arm, where, answeredCount, (low + high) / 2, [low, high]);

  return [
    money('cost_actual', cost.actualUsd, unpriced(all, areAttemptsKnown)),
    ...(cost.energyJpy === undefined ? [] : [money('cost_energy', cost.energyJpy, noData)]),
    ...(cost.amortisationJpy === undefined
      ? []
      : [money('cost_amortisation', cost.amortisationJpy, noData)]),
    ...cost.counterfactuals.flatMap(({ name, allCloudUsd, capacityValueUsd }) => [
      ...(allCloudUsd ? [range('cost_counterfactual', `counterfactual=${name}`, allCloudUsd)] : []),
      ...(capacityValueUsd
        ? [range('capacity_value', `counterfactual=${name}`, capacityValueUsd)]
        : []),
    ]),
  ];
};

const noData: Withheld = { why: 'no-data' };

const unpriced = (all: readonly Measured[], areAttemptsKnown: boolean): Withheld => {
  const model = all
    .find(({ figures }) => figures.costUsd === undefined)
    ?.trace.attempts.find(({ residency }) => residency === 'cloud')?.model;
  return areAttemptsKnown && model !== undefined
    ? { why: 'no-price', model }
    : { why: 'unknown-outside' };
};

/** The share of input that the local engine had cached, of those answers that say so; else 0. */
const cachedRatioOf = (local: readonly Measured[]): number => {
  let cached = 0;
  let input = 0;
  for (const { trace } of local) {
    const usage = reportedUsage(trace);
    if (usage?.cachedInputTokens === undefined) continue;
    cached += usage.cachedInputTokens;
    input += usage.inputTokens;
  }
  return input === 0 ? 0 : cached / input;
};

/** The price is linear in tokens, so the answers may be priced as one. */
const rangeOf = (
  answers: readonly Measured[],
  price: PriceRecord,
  cachedRatio: number,
): readonly [number, number] => {
  let inputTokens = 0;
  let outputTokens = 0;
  for (const { trace, figures } of answers) {
    inputTokens += believable(trace.exchange.usage)?.inputTokens ?? trace.exchange.promptTokens;
    outputTokens += figures.outputTokens ?? 0;
  }
  const cachedInputTokens = cachedRatio * inputTokens;

  return [
    costUsd(price, { inputTokens, outputTokens, cachedInputTokens }),
    costUsd(price, { inputTokens, outputTokens }),
  ];
};

/** Electricity and amortisation of the box; absent where its figures are not given. */
const boxCost = (
  { economics }: Manifest,
  arm: ArmLog,
): Pick<CostResult, 'energyJpy' | 'amortisationJpy'> => {
  if (!arm.steady) return {};
  const { tariffJpyPerKwh, idleWatts, busyWatts, capexJpy, lifeMonths } = economics;
  const { from, until } = arm.steady;
  const busyMs = busyMsOf(arm, arm.steady);
  const idleMs = until - from - busyMs;
  const hasPower =
    tariffJpyPerKwh !== undefined && idleWatts !== undefined && busyWatts !== undefined;

  return {
    ...(hasPower && {
      energyJpy: energyJpy({ tariffJpyPerKwh, idleWatts, busyWatts }, busyMs, idleMs),
    }),
    ...(capexJpy !== undefined &&
      lifeMonths !== undefined && {
        amortisationJpy: amortisationJpy({ capexJpy, lifeMonths }, until - from),
      }),
  };
};

/** The part of a span in which at least one local attempt was open. */
const busyMsOf = ({ attempts }: ArmLog, { from, until }: Span): number => {
  let busyMs = 0;
  let covered = from;
  // Attempts are sorted by their start.
  for (const { residency, startedAt, endedAt } of attempts) {
    if (residency !== 'local') continue;
    const end = Math.min(endedAt, until);
    busyMs += Math.max(0, end - Math.max(startedAt, covered));
    covered = Math.max(covered, end);
  }
  return busyMs;
};
