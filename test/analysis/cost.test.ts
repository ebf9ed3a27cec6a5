import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import type { CostResult } from '../../src/analysis/analysis.ts';
import type { LogEntry, Manifest, PriceRecord } from '../../src/log/entry.ts';
import { attempt, exchange, log, traceOf } from '../kit/log.ts';

const price: PriceRecord = {
  backend: 'azure',
  model: 'gpt-5-mini',
  input: 1,
  cachedInput: 0.1,
  output: 10,
  source: 'list',
  asOf: '2026-10-01',
};

const over: Partial<Manifest> = {
  counterfactuals: [{ name: 'gpt-5-mini', price }],
  economics: {
    usdJpy: 150,
    capexJpy: 730_000,
    lifeMonths: 1,
    tariffJpyPerKwh: 30,
    idleWatts: 36,
    busyWatts: 360,
  },
};

const usage = { inputTokens: 1000, outputTokens: 200 };

/** Two local answers, half of whose input was cached, and one from the cloud. */
const entries: LogEntry[] = [
  exchange({ session: 1, usage }),
  attempt({
    trace: traceOf(1, 1),
    startedAt: 1000,
    endedAt: 7000,
    usage: { ...usage, cachedInputTokens: 1000 },
  }),
  exchange({ session: 2, usage }),
  attempt({
    trace: traceOf(2, 1),
    startedAt: 4000,
    endedAt: 13_000,
    usage: { ...usage, cachedInputTokens: 0 },
  }),
  exchange({ session: 3, usage, backend: 'azure' }),
  attempt({ trace: traceOf(3, 1), backend: 'azure', usage, costUsd: 0.003 }),
];

const costOf = (all: readonly LogEntry[], more: Partial<Manifest> = {}): CostResult | undefined =>
  analyse(log(all, { ...over, ...more })).costs[0];

test('the counterfactual runs from the cached share that was seen to none', () => {
  const cost = costOf(entries);
  expect(cost).toMatchObject({
    arm: 'main',
    actualUsd: 0.003,
    isActualSimulated: true,
    usdJpy: 150,
  });
  const [counterfactual] = cost?.counterfactuals ?? [];
  // 3 answers of 1,000 in and 200 out, in millionths; half of the input cached costs 0.55 of it.
  expect(counterfactual?.allCloudUsd?.[0]).toBeCloseTo((3000 * 0.55 + 6000) / 1e6, 12);
  expect(counterfactual?.allCloudUsd?.[1]).toBeCloseTo((3000 + 6000) / 1e6, 12);
  expect(counterfactual?.capacityValueUsd?.[1]).toBeCloseTo((2000 + 4000) / 1e6, 12);
});

test('without any word of a cache the range is a point', () => {
  const plain = [exchange({ usage }), attempt({ usage })];
  const [counterfactual] = costOf(plain)?.counterfactuals ?? [];
  expect(counterfactual?.allCloudUsd).toEqual([0.003, 0.003]);
});

test('an answer that missed its limits was worth nothing, and a late failure neither', () => {
  const missed = costOf(entries, { limits: { ttfo: 1 } });
  expect(missed?.counterfactuals[0]?.capacityValueUsd).toEqual([0, 0]);
  expect(missed?.counterfactuals[0]?.allCloudUsd?.[1]).toBeCloseTo(0.009, 12);
});

test('the box is paid for the whole phase, and draws more while an attempt is open', () => {
  const cost = costOf(entries);
  // Attempts overlap: busy from 1 to 13 s, idle for the other 48 s. One month is 730 h.
  expect(cost?.energyJpy).toBeCloseTo((30 * (360 * 12 + 36 * 48)) / 3.6e6, 12);
  expect(cost?.amortisationJpy).toBeCloseTo(1000 / 60, 12);
  expect(costOf(entries, { economics: {} })).not.toHaveProperty('energyJpy');
});

test('a cloud answer without a price leaves the cost unknown and says which model', () => {
  const unpriced = [exchange({ backend: 'azure' }), attempt({ backend: 'azure', model: 'new' })];
  expect(costOf(unpriced)).not.toHaveProperty('actualUsd');
  const { rows, advisories } = analyse(log(unpriced, over));
  expect(rows.find(({ id }) => id === 'cost_actual')).toMatchObject({
    withheld: { why: 'no-price', model: 'new' },
  });
  expect(advisories).toContainEqual({ kind: 'no-price', backend: 'azure', model: 'new' });
});

test('a count that has run over is not paid for: the tokens that came are', () => {
  const absurd = { inputTokens: 4_294_967_295, outputTokens: 4_294_967_295 };
  const cost = costOf([exchange({ session: 1, usage: absurd })]);
  const [low = 0, high = 0] = cost?.counterfactuals[0]?.allCloudUsd ?? [];
  expect(high).toBeGreaterThan(0);
  expect(low).toBeLessThanOrEqual(high);
  expect(high).toBeLessThan(0.1);
});
