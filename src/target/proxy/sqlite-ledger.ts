/**
 * The ledger in the state's own database file, so that it survives what the state survives and one
 * file is all there is to copy.
 *
 *     usage          day, key, model, backend ─▶ what is added up
 *     usage_worth    the same and a cloud model ─▶ what the same tokens would have cost there
 *
 * Rows are few (one for each day, key, model and backend) and are kept for good. What is added in
 * one turn of the event loop is added up first, because it mostly belongs to the same few rows.
 */

import type { SQLOutputValue } from 'node:sqlite';

import type { SqliteFile } from './sqlite-file.ts';
import {
  type UsageAmounts,
  type UsageLedger,
  type UsageQuery,
  type UsageRow,
  groupedUsage,
  usageDimensions,
} from './usage-ledger.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS usage (
    day TEXT NOT NULL,
    key TEXT NOT NULL,
    model TEXT NOT NULL,
    backend TEXT NOT NULL,
    requests INTEGER NOT NULL,
    failed_requests INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cached_input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cost_usd REAL NOT NULL,
    unpriced_attempts INTEGER NOT NULL,
    PRIMARY KEY (day, key, model, backend)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS usage_worth (
    day TEXT NOT NULL,
    key TEXT NOT NULL,
    model TEXT NOT NULL,
    backend TEXT NOT NULL,
    name TEXT NOT NULL,
    usd REAL NOT NULL,
    PRIMARY KEY (day, key, model, backend, name)
  ) STRICT, WITHOUT ROWID;
`;

const amounts = [
  'requests',
  'failed_requests',
  'attempts',
  'input_tokens',
  'cached_input_tokens',
  'output_tokens',
  'cost_usd',
  'unpriced_attempts',
] as const;

const addition = amounts.map((name) => `${name} = ${name} + excluded.${name}`).join(', ');

const within = `day >= ?1 AND day <= ?2 AND (?3 IS NULL OR key = ?3)`;

/** The ledger in this file, which is closed with it. */
export const sqliteLedger = (file: SqliteFile): UsageLedger => {
  const { database } = file;
  database.exec(schema);
  const statements = {
    add: database.prepare(
      `INSERT INTO usage (day, key, model, backend, ${amounts.join(', ')})
       VALUES (?, ?, ?, ?, ${amounts.map(() => '?').join(', ')})
       ON CONFLICT DO UPDATE SET ${addition}`,
    ),
    addWorth: database.prepare(
      `INSERT INTO usage_worth (day, key, model, backend, name, usd) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET usd = usd + excluded.usd`,
    ),
    rows: database.prepare(`SELECT * FROM usage WHERE ${within} ORDER BY day, key, model, backend`),
    worth: database.prepare(`SELECT * FROM usage_worth WHERE ${within}`),
  };
  const addRow = (row: UsageRow): void => {
    const place = placeOf(row);
    statements.add.run(...place, ...amountsOf(row));
    for (const [name, usd] of Object.entries(row.counterfactualUsd))
      statements.addWorth.run(...place, name, usd);
  };
  const read = ({ from, to, key = null }: { [K in keyof UsageQuery]: UsageQuery[K] | null }) => {
    const worth = new Map<string, Record<string, number>>();
    for (const found of statements.worth.all(from, to, key)) {
      const name = JSON.stringify(placeIn(found));
      const usd = worth.get(name) ?? {};
      usd[String(found['name'])] = Number(found['usd']);
      worth.set(name, usd);
    }
    return statements.rows
      .all(from, to, key)
      .map((found) => rowIn(found, worth.get(JSON.stringify(placeIn(found))) ?? {}));
  };

  let waiting: UsageRow[] = [];
  let writing: Promise<void> | undefined;
  const writeWaiting = (): Promise<void> => {
    const rows = waiting;
    return file.write(() => {
      // From here on, what is added waits for the next.
      if (waiting === rows) [waiting, writing] = [[], undefined];
      for (const row of groupedUsage(rows, usageDimensions)) addRow(row);
    });
  };

  return {
    add(rows) {
      waiting.push(...rows);
      writing ??= writeWaiting();
      return writing;
    },
    rows: async (query) => read(query),
    async close() {
      file.close();
    },
  };
};

const placeOf = ({ day, key, model, backend }: UsageRow): readonly string[] => [
  day,
  key,
  model,
  backend,
];

const placeIn = (found: Record<string, SQLOutputValue>): readonly string[] =>
  ['day', 'key', 'model', 'backend'].map((name) => String(found[name]));

/** In the order of `amounts`. */
const amountsOf = (row: UsageAmounts): readonly number[] => [
  row.requests,
  row.failedRequests,
  row.attempts,
  row.inputTokens,
  row.cachedInputTokens,
  row.outputTokens,
  row.costUsd,
  row.unpricedAttempts,
];

const rowIn = (
  found: Record<string, SQLOutputValue>,
  counterfactualUsd: Readonly<Record<string, number>>,
): UsageRow => {
  const [day = '', key = '', model = '', backend = ''] = placeIn(found);
  return {
    day,
    key,
    model,
    backend,
    requests: Number(found['requests']),
    failedRequests: Number(found['failed_requests']),
    attempts: Number(found['attempts']),
    inputTokens: Number(found['input_tokens']),
    cachedInputTokens: Number(found['cached_input_tokens']),
    outputTokens: Number(found['output_tokens']),
    costUsd: Number(found['cost_usd']),
    unpricedAttempts: Number(found['unpriced_attempts']),
    counterfactualUsd,
  };
};
