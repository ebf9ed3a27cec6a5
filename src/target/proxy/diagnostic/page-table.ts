/** The tables of the page: the last failovers, and what today's answers came to. */

import type { Diagnostics, ModelToday } from './diagnostics.ts';
import { type Markup, html } from './markup.ts';
import { type Telling, secondsOf } from './telling.ts';

/** One row for each failover, the latest first. */
export const failoverTable = ({ failovers }: Diagnostics, telling: Telling): Markup => {
  const { words, timeOf } = telling;
  if (failovers.length === 0)
    return html`<div class="scroll"><p class="empty">${words.noFailovers}</p></div>`;
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>${words.time}</th>
          <th>${words.model}</th>
          <th>${words.fromTo}</th>
          <th>${words.reason}</th>
          <th class="number">${words.took}</th>
        </tr>
      </thead>
      <tbody>
        ${failovers.map(
          (it) =>
            html`<tr>
              <td class="time">${timeOf(it.time)}</td>
              <td>${it.model}</td>
              <td><b>${it.from}</b> → <b>${it.to}</b></td>
              <td class="wide">
                ${words.reasonOf(it.reason)}
                ${it.isContinued ? html`<span class="faint">· ${words.continued}</span>` : ''}
                ${it.isServed ? '' : html`<span class="faint">· ${words.failedToo}</span>`}
              </td>
              <td class="number">
                ${it.tookMs === undefined ? '–' : secondsOf(it.tookMs, telling)}
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
};

/** One row for each model, and their sum. */
export const todayTable = (view: Diagnostics, telling: Telling): Markup => {
  const { words } = telling;
  const { models } = view.today;
  if (models.length === 0)
    return html`<div class="scroll"><p class="empty">${words.noRequests}</p></div>`;
  const valuedAt = valuationOf(models);
  const hasUnpriced = models.some(({ unpricedAttempts }) => unpricedAttempts > 0);
  const rows = models.length > 1 ? [...models, totalOf(models, words.total)] : models;
  return html`<div class="scroll">
      <table>
        <thead>
          <tr>
            <th>${words.model}</th>
            <th class="number">${words.requests}</th>
            <th class="number">${words.failed}</th>
            <th class="number">${words.tokensIn}</th>
            <th class="number">${words.tokensOut}</th>
            <th class="number">${words.localShare}</th>
            <th class="number">${words.paid}</th>
            ${valuedAt !== undefined && html`<th class="number">${words.capacityValue}</th>`}
          </tr>
        </thead>
        <tbody>
          ${rows.map((row) => modelRow(row, { view, telling, valuedAt }))}
        </tbody>
      </table>
    </div>
    ${hasUnpriced && html`<p class="note">${words.paid}: ${words.unpriced}.</p>`}
    ${valuedAt !== undefined && html`<p class="note">${words.capacityNote(valuedAt)}</p>`}`;
};

interface RowContext {
  readonly view: Diagnostics;
  readonly telling: Telling;
  readonly valuedAt: string | undefined;
}

const modelRow = (row: ModelToday, { view, telling, valuedAt }: RowContext): Markup => {
  const isTotal = row.model === telling.words.total;
  const number = new Intl.NumberFormat(telling.language);
  const money = (usd: number): string => moneyOf(usd, view.usdJpy);
  const share = row.localRatio === undefined ? '–' : `${Math.round(row.localRatio * 100)} %`;
  return html`<tr class="${isTotal ? 'total' : ''}">
    <td>${row.model}</td>
    <td class="number">${number.format(row.requests)}</td>
    <td class="number">${number.format(row.failedRequests)}</td>
    <td class="number">${number.format(row.inputTokens)}</td>
    <td class="number">${number.format(row.outputTokens)}</td>
    <td class="number">${share}</td>
    <td class="number">${money(row.costUsd)}</td>
    ${
      valuedAt !== undefined &&
      html`<td class="number">${money(row.capacityValueUsd[valuedAt] ?? 0)}</td>`
    }
  </tr>`;
};

/** The fallback that is configured, where it has a price; else the first of the models. */
const valuationOf = (models: readonly ModelToday[]): string | undefined => {
  const names = [
    ...new Set(models.flatMap(({ capacityValueUsd }) => Object.keys(capacityValueUsd))),
  ];
  return names.find((name) => name === 'configured') ?? names[0];
};

const totalOf = (models: readonly ModelToday[], name: string): ModelToday => {
  const sum = (of: (model: ModelToday) => number): number =>
    models.reduce((total, model) => total + of(model), 0);
  const outputTokens = sum((it) => it.outputTokens);
  const value: Record<string, number> = {};
  for (const { capacityValueUsd } of models)
    for (const [cloud, usd] of Object.entries(capacityValueUsd))
      value[cloud] = (value[cloud] ?? 0) + usd;
  return {
    model: name,
    requests: sum((it) => it.requests),
    failedRequests: sum((it) => it.failedRequests),
    inputTokens: sum((it) => it.inputTokens),
    outputTokens,
    ...(outputTokens > 0 && {
      localRatio: sum((it) => (it.localRatio ?? 0) * it.outputTokens) / outputTokens,
    }),
    costUsd: sum((it) => it.costUsd),
    unpricedAttempts: sum((it) => it.unpricedAttempts),
    capacityValueUsd: value,
  };
};

/** In yen where the file has a rate, as the reader pays; else in dollars. */
const moneyOf = (usd: number, usdJpy: number | undefined): string =>
  usdJpy === undefined
    ? amountOf('$', usd, usd > 0 && usd < 1 ? 4 : 2)
    : amountOf('¥', usd * usdJpy, usd > 0 && usd * usdJpy < 100 ? 2 : 0);

/** What was paid is never shown as nothing. */
const amountOf = (sign: string, amount: number, digits: number): string => {
  const least = 10 ** -digits;
  return amount > 0 && amount < least / 2
    ? `< ${sign}${least.toFixed(digits)}`
    : `${sign}${amount.toFixed(digits)}`;
};
