/**
 * What was used, by whom, where and at what price: one row for each day, key, model and backend.
 *
 * Tokens and money are those of attempts, so an answer that failed over is paid for twice and shows
 * twice. A request counts once, where it ended. Beside what was paid stands what the same tokens
 * would have cost at each of the cloud models that answers are valued at; only attempts that served
 * an answer are worth anything. Days are days in UTC.
 */

/** What is added up. */
export interface UsageAmounts {
  /** Requests that ended here. */
  readonly requests: number;
  /** Those of them that got no whole answer, whoever is to blame; leaving is not failing. */
  readonly failedRequests: number;
  readonly attempts: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly costUsd: number;
  /** Attempts at the cloud with tokens but without a known price: not in `costUsd`. */
  readonly unpricedAttempts: number;
  /** USD by the name of the cloud model. */
  readonly counterfactualUsd: Readonly<Record<string, number>>;
}

export interface UsagePlace {
  /** `2026-11-23`. */
  readonly day: string;
  readonly key: string;
  /** The model as the client named it. */
  readonly model: string;
  /** Empty for a request that no backend was asked for. */
  readonly backend: string;
}

export type UsageRow = UsagePlace & UsageAmounts;

export interface UsageQuery {
  /** The first and the last day. */
  readonly from: string;
  readonly to: string;
  /** One key's alone; everybody's when absent. */
  readonly key?: string;
}

/** Where usage is kept. */
export interface UsageLedger {
  /** Adds to the rows; all of it or nothing. */
  add(rows: readonly UsageRow[]): Promise<void>;
  /** In the order of day, key, model and backend. */
  rows(query: UsageQuery): Promise<readonly UsageRow[]>;
  close(): Promise<void>;
}

/** A dimension that rows are told apart by. */
export type UsageDimension = keyof UsagePlace;

export const usageDimensions = ['day', 'key', 'model', 'backend'] as const;

export const nothingUsed: UsageAmounts = {
  requests: 0,
  failedRequests: 0,
  attempts: 0,
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  costUsd: 0,
  unpricedAttempts: 0,
  counterfactualUsd: {},
};

export const sumOfUsage = (one: UsageAmounts, other: UsageAmounts): UsageAmounts => ({
  requests: one.requests + other.requests,
  failedRequests: one.failedRequests + other.failedRequests,
  attempts: one.attempts + other.attempts,
  inputTokens: one.inputTokens + other.inputTokens,
  cachedInputTokens: one.cachedInputTokens + other.cachedInputTokens,
  outputTokens: one.outputTokens + other.outputTokens,
  costUsd: one.costUsd + other.costUsd,
  unpricedAttempts: one.unpricedAttempts + other.unpricedAttempts,
  counterfactualUsd: sumByName(one.counterfactualUsd, other.counterfactualUsd),
});

/** Rows added up, told apart by these dimensions alone; the others are empty. */
export const groupedUsage = (
  rows: readonly UsageRow[],
  by: readonly UsageDimension[],
): readonly UsageRow[] => {
  const groups = new Map<string, UsageRow>();
  for (const row of rows) {
    const place = { day: '', key: '', model: '', backend: '' };
    for (const dimension of by) place[dimension] = row[dimension];
    const name = nameOf(place);
    groups.set(name, { ...place, ...sumOfUsage(groups.get(name) ?? nothingUsed, row) });
  }
  return [...groups.values()].toSorted(byPlace);
};

/** A ledger that forgets with the process. */
export const memoryLedger = (): UsageLedger => {
  const kept = new Map<string, UsageRow>();
  return {
    async add(rows) {
      for (const row of rows) {
        const name = nameOf(row);
        const before = kept.get(name);
        kept.set(name, before ? { ...row, ...sumOfUsage(before, row) } : row);
      }
    },
    rows: async ({ from, to, key }) =>
      [...kept.values()]
        .filter((row) => row.day >= from && row.day <= to && (key === undefined || row.key === key))
        .toSorted(byPlace),
    async close() {
      kept.clear();
    },
  };
};

const nameOf = ({ day, key, model, backend }: UsagePlace): string =>
  JSON.stringify([day, key, model, backend]);

const sumByName = (
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> => {
  const sum = { ...one };
  for (const [name, usd] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + usd;
  return sum;
};

const byPlace = (one: UsagePlace, other: UsagePlace): number => {
  for (const dimension of usageDimensions) {
    if (one[dimension] < other[dimension]) return -1;
    if (one[dimension] > other[dimension]) return 1;
  }
  return 0;
};
