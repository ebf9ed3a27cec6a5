/** Both ledgers, by the same tests: only what ends with the process may differ. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

import { SqliteFile } from '../../../src/target/proxy/sqlite-file.ts';
import { sqliteLedger } from '../../../src/target/proxy/sqlite-ledger.ts';
import { sqliteStore } from '../../../src/target/proxy/sqlite-store.ts';
import {
  type UsageLedger,
  type UsageRow,
  groupedUsage,
  memoryLedger,
  nothingUsed,
  usageDimensions,
} from '../../../src/target/proxy/usage-ledger.ts';
import { usageCsv, usageReport } from '../../../src/target/proxy/usage-report.ts';
import { stored } from './stored-response.ts';

const folder = mkdtempSync(join(tmpdir(), 'spillway-usage-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const freshPath = (): string => join(folder, `usage-${files++}.db`);

const kinds: readonly [string, () => UsageLedger][] = [
  ['memory', memoryLedger],
  ['sqlite', () => sqliteLedger(new SqliteFile(freshPath()))],
];

const row = (more: Partial<UsageRow> = {}): UsageRow => ({
  ...nothingUsed,
  day: '2026-11-23',
  key: 'miner',
  model: 'm',
  backend: 'spark',
  ...more,
});

// Amounts are whole here, so that sums do not depend on their order.
const anyRow: fc.Arbitrary<UsageRow> = fc.record({
  day: fc.constantFrom('2026-11-22', '2026-11-23', '2026-12-01'),
  key: fc.constantFrom('miner', 'other', "o'neil"),
  model: fc.constantFrom('m', 'n'),
  backend: fc.constantFrom('', 'spark', 'azure'),
  requests: fc.nat(3),
  failedRequests: fc.nat(3),
  attempts: fc.nat(3),
  inputTokens: fc.nat(100_000),
  cachedInputTokens: fc.nat(1000),
  outputTokens: fc.nat(1000),
  costUsd: fc.nat(9),
  unpricedAttempts: fc.nat(2),
  counterfactualUsd: fc.dictionary(fc.constantFrom('a', 'b'), fc.nat(9)),
});

describe.each(kinds)('%s', (_kind, open) => {
  test('however rows come, they are added up as if they had come at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(anyRow, { maxLength: 4 })), async (batches) => {
        const ledger = open();
        for (const batch of batches) await ledger.add(batch);
        expect(await ledger.rows({ from: '2026-01-01', to: '2026-12-31' })).toEqual(
          groupedUsage(batches.flat(), usageDimensions),
        );
        await ledger.close();
      }),
      { numRuns: 30 },
    );
  });

  test('days are asked for from first to last, and keys alone', async () => {
    const ledger = open();
    await ledger.add([
      row({ requests: 1 }),
      row({ requests: 2, day: '2026-11-24' }),
      row({ requests: 4, day: '2026-11-25', key: 'other', counterfactualUsd: { a: 1 } }),
    ]);
    const requests = async (from: string, to: string, key?: string) =>
      (await ledger.rows({ from, to, ...(key === undefined ? {} : { key }) })).map(
        (it) => it.requests,
      );
    expect(await requests('2026-11-24', '2026-11-25')).toEqual([2, 4]);
    expect(await requests('2026-11-01', '2026-11-24')).toEqual([1, 2]);
    expect(await requests('2026-11-01', '2026-11-30', 'other')).toEqual([4]);
    await ledger.close();
  });
});

describe('the SQLite ledger', () => {
  test('goes on after a restart, in the same file as the state', async () => {
    const path = freshPath();
    for (let start = 1; start <= 3; start++) {
      const file = new SqliteFile(path);
      const store = sqliteStore(file, { retainDays: 30, wall: () => 1000 });
      const ledger = sqliteLedger(file);
      await ledger.add([row({ requests: 1, costUsd: 0.25, counterfactualUsd: { a: 0.5 } })]);
      await store.put(stored(`r${start}`));
      expect(await ledger.rows({ from: '2026-11-23', to: '2026-11-23' })).toEqual([
        row({ requests: start, costUsd: start * 0.25, counterfactualUsd: { a: start * 0.5 } }),
      ]);
      expect(await store.get('r1')).toEqual(stored('r1'));
      await ledger.close();
      await store.close();
    }
  });

  test('a batch that cannot be written whole is not written at all', async () => {
    const ledger = sqliteLedger(new SqliteFile(freshPath()));
    const broken = row({ requests: Number.NaN });
    await expect(ledger.add([row({ requests: 1 }), broken])).rejects.toThrow(
      /NOT NULL|cannot store|datatype/,
    );
    expect(await ledger.rows({ from: '2026-01-01', to: '2026-12-31' })).toEqual([]);
    await ledger.add([row({ requests: 1 })]);
    await ledger.close();
  });
});

describe('grouping', () => {
  test('loses nothing, whatever the rows are told apart by', () => {
    fc.assert(
      fc.property(fc.array(anyRow), fc.subarray([...usageDimensions]), (rows, by) => {
        const groups = groupedUsage(rows, by);
        const sum = (them: readonly UsageRow[]) =>
          them.reduce((total, it) => total + it.inputTokens, 0);
        expect(sum(groups)).toBe(sum(rows));
        const places = groups.map((it) => JSON.stringify(by.map((dimension) => it[dimension])));
        expect(new Set(places).size).toBe(groups.length);
      }),
    );
  });
});

describe('CSV', () => {
  const question = { from: '2026-11-01', to: '2026-11-30', by: ['key', 'backend'] as const };

  test('has a row for each group and a column for each cloud model', () => {
    const report = usageReport(question, [
      row({ requests: 2, costUsd: 0.1 + 0.2, counterfactualUsd: { 'gpt-5-mini': 0.5 } }),
      row({ requests: 1, backend: 'azure', day: '2026-11-24' }),
    ]);
    const records: unknown = parse(usageCsv(report), { columns: true });
    expect(records).toMatchObject([
      { key: 'miner', backend: 'azure', requests: '1', 'counterfactual_usd_gpt-5-mini': '0' },
      { key: 'miner', requests: '2', cost_usd: '0.3', 'counterfactual_usd_gpt-5-mini': '0.5' },
    ]);
  });

  test('no cell is a formula, and every name comes back as it was', () => {
    const name = fc.oneof(
      fc.string(),
      fc.constantFrom('=1+1', ' @SUM(A1)', '-2', '+x', '＝cmd', '\tx', 'a,"b"\nc'),
    );
    fc.assert(
      fc.property(name, (key) => {
        const csv = usageCsv(usageReport(question, [row({ key })]));
        const records: readonly { readonly key: string }[] = parse(csv, { columns: true });
        const cell = records[0]?.key ?? '';
        expect(cell).toMatch(/^(?!\s*[=+\-@＝＋－＠])/u);
        expect(cell.replace(/^'/, '')).toBe(key.replace(/^'/, ''));
      }),
    );
  });
});
