/** The proxy of one arm, with the spend limit it must obey. */

import { costUsd } from '../economics/cost.ts';
import type { PriceRecord } from '../log/entry.ts';
import { watchHealth } from '../measurement/health.ts';
import { entropyIds, seededIds } from '../random/id.ts';
import type { System } from '../system/system.ts';
import { faultyLookup, type FaultyLookupParts } from '../target/fault/faulty-lookup.ts';
import { requestLog } from '../target/proxy/diagnostic/request-log.ts';
import { openProxyServer } from '../target/proxy/server.ts';
import { estimateTokens } from '../token/estimate.ts';
import { loadTokenizer } from '../token/tokenizer.ts';
import { counterfactualPrices, priceAt } from './price.ts';
import { type RequestLogInput, noticesBeside, openRequestSink } from './request-sink.ts';
import type { OpenedStage, Stage, StageContext } from './stage.ts';

export interface ProxyStageInput {
  readonly system: System;
  readonly prices: readonly PriceRecord[];
  /** Ids from the seed in a run; from entropy where strangers could guess them. */
  readonly areIdsSeeded: boolean;
  /** USD that may be spent at real clouds; undefined where nothing real is priced. */
  readonly spendMaxUsd?: number;
  /** How requests are logged; not at all when absent, as in a run. */
  readonly requestLog?: RequestLogInput;
  /** What goes wrong with the names of backends. */
  readonly names?: Pick<FaultyLookupParts, 'names' | 'faults'>;
  /** What is shown as our version. */
  readonly version?: string;
}

export interface ProxyStageInfo {
  readonly url: string;
}

/** What `tell('reload', …)` is given: another file, and what its models cost. */
export type ProxyReload = Pick<ProxyStageInput, 'system' | 'prices'>;

export const openProxy: Stage<ProxyStageInput, ProxyStageInfo> = async (input, context) => {
  const purse = openPurse(input, context);
  let worths = counterfactualPrices(input.system);
  let priceOf = priceAt(input.system, input.prices);
  await using opening = new AsyncDisposableStack();
  const sink = input.requestLog && (await openRequestSink(input.requestLog.file));
  opening.defer(() => sink?.close());
  const { clock, emit } = context;
  const notice = noticesBeside(input.requestLog, clock);
  const names =
    input.names &&
    faultyLookup({ ...input.names, clock, emit, random: context.random.fork('names') });
  const server = await openProxyServer({
    system: input.system,
    ...(names && { lookup: names.lookup }),
    ...(input.version !== undefined && { version: input.version }),
    ...(sink &&
      input.requestLog && {
        requestLog: requestLog({ ...input.requestLog, ...sink, clock: context.clock }),
      }),
    clock: context.clock,
    random: context.random.fork('proxy'),
    ids: input.areIdsSeeded ? seededIds(context.random.fork('ids')) : entropyIds,
    record: (attempt) => {
      purse.spend(attempt.costUsd ?? 0);
      context.emit(attempt);
    },
    tell: context.emit,
    priceOf: (backend, model, usage) => {
      const price = priceOf(backend, model);
      return price && usage ? costUsd(price, usage) : undefined;
    },
    worthOf: (usage) =>
      Object.fromEntries(worths.map(({ name, price }) => [name, costUsd(price, usage)])),
    maySpend: purse.maySpend,
    countTokens: estimateTokens,
    exactCount: async () => {
      const tokenizer = await loadTokenizer();
      return (text) => tokenizer.count(text);
    },
    log: (line) => notice(`proxy: ${line}`, 'error'),
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
    tell: (message, value) => {
      if (message === 'begin') names?.arm(Number(value));
      if (message !== 'reload' || !isReload(value)) return;
      server.reload(value.system);
      sink?.reopen();
      priceOf = priceAt(value.system, value.prices);
      worths = counterfactualPrices(value.system);
    },
    close: () => opened.disposeAsync(),
  } satisfies OpenedStage<ProxyStageInfo>;
};

/** The money a run may spend; when it is gone, the run is told once. */
const openPurse = ({ spendMaxUsd }: ProxyStageInput, { clock, emit }: StageContext) => {
  let spentUsd = 0;
  let isLimitTold = false;
  return {
    spend: (usd: number): void => {
      spentUsd += usd;
    },
    maySpend: (): boolean => {
      const may = spendMaxUsd === undefined || spentUsd < spendMaxUsd;
      if (!may && !isLimitTold) {
        isLimitTold = true;
        const message = `spent ${spentUsd.toFixed(4)} USD of ${spendMaxUsd}`;
        emit({ kind: 'end', at: clock.now(), why: 'spend-limit', message });
      }
      return may;
    },
  };
};

const isReload = (value: unknown): value is ProxyReload =>
  typeof value === 'object' && value !== null && 'system' in value && 'prices' in value;
