/**
 * The ledger in the state's own database file, so that it survives what the state survives and one
 * file is all there is to copy.
 *
 *     usage          day, key, model, backend ─▶ what is added up
 *     usage_worth    the same and a cloud model ─▶ what the same tokens would have cost there
 *
 * Rows are few (one for each day, key, model and backend) and are kept for good. Writing here is a
 * transaction of its own, made before the answer's last event is sent.
 */

import { resolve } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';

import { connectionPragmas } from './sqlite-store.ts';
import type { UsageAmounts, UsageLedger, UsageQuery, UsageRow } from './usage-ledger.ts';

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

/** Opens the ledger beside the state at this path, which the state store has opened before. */
export const sqliteLedger = (path: string): UsageLedger => {
  // Another's write takes microseconds; a second is there for a copy being made.
  const database = new DatabaseSync(resolve(path), { timeout: 1000 });
  database.exec(connectionPragmas);
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

  return {
    async add(rows) {
      database.exec('BEGIN IMMEDIATE');
      try {
        for (const row of rows) addRow(row);
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    rows: async (query) => read(query),
    async close() {
      if (database.isOpen) database.close();
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
