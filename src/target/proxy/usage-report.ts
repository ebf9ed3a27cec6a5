/** `GET /usage`: what is asked, what is answered, and the same as a table for a spreadsheet. */

import { badRequest, wrongValue } from './api-error.ts';
import { dayOf } from './key-limit.ts';
import {
  type UsageAmounts,
  type UsageDimension,
  type UsageRow,
  groupedUsage,
  nothingUsed,
  sumOfUsage,
  usageDimensions,
} from './usage-ledger.ts';

/** The question: which days, told apart by what. */
export interface UsageQuestion {
  readonly from: string;
  readonly to: string;
  readonly by: readonly UsageDimension[];
}

type WireAmounts = Readonly<Record<string, number | Readonly<Record<string, number>>>>;

export interface UsageReport {
  readonly object: 'usage';
  /** First and last day, in UTC. */
  readonly from: string;
  readonly to: string;
  readonly by: readonly UsageDimension[];
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly total: WireAmounts;
}

/** Reads the query; by default this month so far, told apart by everything. */
export const usageQuestion = (
  query: Readonly<Record<string, unknown>>,
  wall: number,
): UsageQuestion => {
  const today = dayOf(wall);
  const from = dayField(query, 'from') ?? `${today.slice(0, 7)}-01`;
  const to = dayField(query, 'to') ?? today;
  if (from > to)
    throw badRequest(
      `Invalid 'from': expected a day up to ${to}, got ${from}.`,
      'from',
      'invalid_value',
    );
  return { from, to, by: dimensions(query['by']) };
};

/** The answer, from the rows of those days. */
export const usageReport = (
  { from, to, by }: UsageQuestion,
  rows: readonly UsageRow[],
): UsageReport => ({
  object: 'usage',
  from,
  to,
  by,
  data: groupedUsage(rows, by).map((row) => ({
    ...Object.fromEntries(by.map((dimension) => [dimension, row[dimension]])),
    ...wireAmounts(row),
  })),
  total: wireAmounts(rows.reduce<UsageAmounts>(sumOfUsage, nothingUsed)),
});

/** The rows as CSV, a column for each cloud model that they are valued at. */
export const usageCsv = (report: UsageReport): string => {
  const { counterfactual_usd: worths, ...amounts } = report.total;
  const names = Object.keys(typeof worths === 'object' ? worths : {});
  const columns = [...report.by, ...Object.keys(amounts)];
  const head = [...columns, ...names.map((name) => `counterfactual_usd_${name}`)];
  const lines = report.data.map((row) => {
    const worth = new Map(Object.entries(row['counterfactual_usd'] ?? {}));
    return [...columns.map((name) => row[name]), ...names.map((name) => worth.get(name) ?? 0)];
  });
  return [head, ...lines].map((line) => `${line.map(field).join(',')}\n`).join('');
};

const wireAmounts = (row: UsageAmounts): WireAmounts => ({
  requests: row.requests,
  failed_requests: row.failedRequests,
  attempts: row.attempts,
  input_tokens: row.inputTokens,
  cached_input_tokens: row.cachedInputTokens,
  output_tokens: row.outputTokens,
  cost_usd: rounded(row.costUsd),
  unpriced_attempts: row.unpricedAttempts,
  counterfactual_usd: Object.fromEntries(
    Object.entries(row.counterfactualUsd).map(([name, usd]) => [name, rounded(usd)]),
  ),
});

/** Twelve digits drop what adding binary fractions leaves behind. */
const rounded = (usd: number): number => Number(usd.toPrecision(12));

const dayField = (query: Readonly<Record<string, unknown>>, name: string): string | undefined => {
  const value = query[name];
  if (value === undefined) return undefined;
  const wall = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && Date.parse(value);
  // A day that does not exist, such as February 30, would become another.
  if (typeof wall === 'number' && Number.isFinite(wall) && dayOf(wall) === value) return value;
  throw badRequest(
    `Invalid '${name}': expected a day such as 2026-11-23, got ${JSON.stringify(value)}.`,
    name,
    'invalid_value',
  );
};

const dimensions = (value: unknown): readonly UsageDimension[] => {
  if (value === undefined) return usageDimensions;
  const names = typeof value === 'string' ? value.split(',') : [value];
  const found = names.map((name) => {
    const known = usageDimensions.find((dimension) => dimension === name);
    if (!known) throw wrongValue('by', name, usageDimensions);
    return known;
  });
  return [...new Set(found)];
};

/** What a spreadsheet takes for a formula, also after blanks and in full width (OWASP). */
const formula = /^[\s\u{a0}\u{feff}]*[=+\-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}]|^[\t\r\n]/u;

const field = (cell: unknown): string => {
  if (typeof cell === 'number') return String(cell);
  const text = typeof cell === 'string' ? cell : '';
  const guarded = formula.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
};
