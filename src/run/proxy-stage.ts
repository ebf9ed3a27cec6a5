/** The proxy of one arm, with the spend limit it must obey. */

import { costUsd } from '../economics/cost.ts';
import type { PriceRecord } from '../log/entry.ts';
import { watchHealth } from '../measurement/health.ts';
import { entropyIds, seededIds } from '../random/id.ts';
import type { System } from '../system/system.ts';
import { openProxyServer } from '../target/proxy/server.ts';
import { estimateTokens } from '../token/estimate.ts';
import { counterfactualPrices } from './price.ts';
import type { OpenedStage, Stage } from './stage.ts';

export interface ProxyStageInput {
  readonly system: System;
  readonly prices: readonly PriceRecord[];
  /** Ids from the seed in a run; from entropy where strangers could guess them. */
  readonly areIdsSeeded: boolean;
  /** USD that may be spent at real clouds; undefined where nothing real is priced. */
  readonly spendMaxUsd?: number;
}

export interface ProxyStageInfo {
  readonly url: string;
}

export const openProxy: Stage<ProxyStageInput, ProxyStageInfo> = async (input, context) => {
  let spentUsd = 0;
  let isLimitTold = false;
  const maySpend = (): boolean => {
    const may = input.spendMaxUsd === undefined || spentUsd < input.spendMaxUsd;
    if (!may && !isLimitTold) {
      isLimitTold = true;
      const message = `spent ${spentUsd.toFixed(4)} USD of ${input.spendMaxUsd}`;
      context.emit({ kind: 'end', at: context.clock.now(), why: 'spend-limit', message });
    }
    return may;
  };
  const priceOf = (backend: string, model: string) =>
    input.prices.find((price) => price.backend === backend && price.model === model);
  const worths = counterfactualPrices(input.system);
  await using opening = new AsyncDisposableStack();
  const server = await openProxyServer({
    system: input.system,
    clock: context.clock,
    random: context.random.fork('proxy'),
    ids: input.areIdsSeeded ? seededIds(context.random.fork('ids')) : entropyIds,
    record: (attempt) => {
      spentUsd += attempt.costUsd ?? 0;
      context.emit(attempt);
    },
    priceOf: (backend, model, usage) => {
      const price = priceOf(backend, model);
      return price && usage ? costUsd(price, usage) : undefined;
    },
    worthOf: (usage) =>
      Object.fromEntries(worths.map(({ name, price }) => [name, costUsd(price, usage)])),
    maySpend,
    countTokens: estimateTokens,
    log: (line) => process.stderr.write(`proxy: ${line}\n`),
  });
  opening.defer(() => server.close());
  opening.use(
    watchHealth({
      clock: context.clock,
      where: 'proxy',
      emit: context.emit,
      read: () => server.load(),
    }),
  );
  const opened = opening.move();

  return {
    info: { url: server.url },
    close: () => opened.disposeAsync(),
  } satisfies OpenedStage<ProxyStageInfo>;
};
