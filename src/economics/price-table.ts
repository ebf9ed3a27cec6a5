/**
 * What cloud models cost, each price with its source and date.
 *
 * Our own table comes before the price package, because that one prices gpt-oss on Azure at a
 * quarter of Azure's meter and knows one deployment type only. What nobody knows is `undefined`,
 * never free.
 *
 *     what the user wrote ──▶ our table (Azure) ──▶ genai-prices ──▶ unknown
 */

import { calcPrice } from '@pydantic/genai-prices';

import type { PriceRecord } from '../log/entry.ts';

/** A price and where it is from; add `backend` and it is a record of the log. */
export type Price = Omit<PriceRecord, 'backend'>;

export interface PriceQuery {
  /** The model, with or without its date: `gpt-5-mini`, `gpt-5-mini-2025-08-07`. */
  readonly model: string;
  /** `azure`, `openai`, or another provider that genai-prices knows. */
  readonly provider: string;
  /** Azure's deployment type; `GlobalStandard` when absent. */
  readonly deployment?: string;
  /** The day whose price is asked for, in milliseconds since 1970; the latest when absent. */
  readonly at?: number;
  /** What the user says it costs, and since when. USD per million tokens. */
  readonly override?: {
    readonly input: number;
    readonly cachedInput?: number;
    readonly output: number;
    readonly asOf?: string;
  };
}

const liteLlm = 'LiteLLM model_prices_and_context_window.json (GlobalStandard)';
const liteLlmAsOf = '2026-08-01';
const retail = 'Azure Retail Prices API, eastus2, product Azure OpenAI OSS Models (GlobalStandard)';
const genAiPrices = '@pydantic/genai-prices 0.1.8';
const genAiPricesAsOf = '2026-09-23';

const row = (model: string, input: number, cachedInput: number, output: number): Price => ({
  model,
  input,
  cachedInput,
  output,
  source: liteLlm,
  asOf: liteLlmAsOf,
});

/** Azure's list prices, pay as you go, Global Standard, USD per million tokens. */
const azure: readonly Price[] = [
  // Azure has no meter for cached input of this model: it is billed as input.
  { model: 'gpt-oss-120b', input: 0.15, output: 0.6, source: retail, asOf: '2026-09-17' },
  row('gpt-4o', 2.5, 1.25, 10),
  row('gpt-4o-mini', 0.15, 0.075, 0.6),
  row('gpt-4.1', 2, 0.5, 8),
  row('gpt-4.1-mini', 0.4, 0.1, 1.6),
  row('gpt-4.1-nano', 0.1, 0.025, 0.4),
  row('o3', 2, 0.5, 8),
  row('o4-mini', 1.1, 0.275, 4.4),
  row('gpt-5', 1.25, 0.125, 10),
  row('gpt-5-mini', 0.25, 0.025, 2),
  row('gpt-5-nano', 0.05, 0.005, 0.4),
  row('gpt-5.1', 1.25, 0.125, 10),
  row('gpt-5.4-mini', 0.75, 0.075, 4.5),
  row('gpt-5.4-nano', 0.2, 0.02, 1.25),
];

const azureByModel = new Map(azure.map((price) => [price.model, price]));

/**
 * What Azure asks for a deployment type, over Global Standard. Regional deployments cost 10 to 32 %
 * more depending on the region, and provisioned ones are not paid by token: those are unknown.
 * Source: Microsoft's pricing FAQ as quoted on 2026-08-07.
 */
const azureSurcharge = new Map([
  ['GlobalStandard', 1],
  ['DataZoneStandard', 1.1],
]);

/** The price of a model, or undefined where nobody is known to have told one. */
export const priceOf = (query: PriceQuery): Price | undefined => {
  const model = query.model.replace(/-\d{4}-\d{2}-\d{2}$/, '');
  if (query.override) {
    const { asOf = 'unknown', ...amounts } = query.override;
    return { model, ...amounts, source: 'own', asOf };
  }
  if (query.provider !== 'azure') return packagePrice(model, query);

  const deployment = query.deployment ?? 'GlobalStandard';
  const surcharge = azureSurcharge.get(deployment);
  if (surcharge === undefined) return undefined;
  const isGptOss = model.startsWith('gpt-oss');
  const price = azureByModel.get(model) ?? (isGptOss ? undefined : packagePrice(model, query));
  return price && surcharged(price, deployment, surcharge);
};

const surcharged = (price: Price, deployment: string, surcharge: number): Price =>
  surcharge === 1
    ? price
    : {
        ...price,
        input: price.input * surcharge,
        ...(price.cachedInput !== undefined && { cachedInput: price.cachedInput * surcharge }),
        output: price.output * surcharge,
        source: `${price.source}, times ${surcharge} for ${deployment}`,
      };

/** The package's list price of the day; long prompts that cost more are not told apart. */
const packagePrice = (model: string, { provider, at }: PriceQuery): Price | undefined => {
  const found = calcPrice({ input_tokens: 1 }, model, {
    providerId: provider,
    ...(at !== undefined && { timestamp: new Date(at) }),
  });
  const amountOf = (key: string): number | undefined => {
    const amount = found?.model_price[key];
    return typeof amount === 'object' ? amount.base : amount;
  };
  const input = amountOf('input_mtok');
  const output = amountOf('output_mtok');
  const cachedInput = amountOf('cache_read_mtok');
  if (!isPlausible(input) || !isPlausible(output)) return undefined;

  return {
    model,
    input,
    ...(isPlausible(cachedInput) && cachedInput <= input && { cachedInput }),
    output,
    source: genAiPrices,
    asOf: genAiPricesAsOf,
  };
};

/** Price lists are known to slip by factors of a thousand; no model costs 500 USD a million. */
const isPlausible = (amount: number | undefined): amount is number =>
  amount !== undefined && amount > 0 && amount < 500;
