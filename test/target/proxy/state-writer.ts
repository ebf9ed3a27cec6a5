/**
 * A process that puts some responses at a time, each after the one before, and says so after each,
 * until it is killed.
 */

import { SqliteFile } from '../../../src/target/proxy/sqlite-file.ts';
import { sqliteStore } from '../../../src/target/proxy/sqlite-store.ts';
import { stored } from './stored-response.ts';

const file = new SqliteFile(process.argv[2] ?? '');
const store = sqliteStore(file, { retainDays: 30, wall: () => 1000 });
const together = 5;
const put = async (count: number): Promise<void> => {
  await store.put(stored(`r${count}`, count === 1 ? undefined : `r${count - 1}`));
  await new Promise((resolve) => {
    process.send?.(count, resolve);
  });
};
for (let first = 1; ; first += together)
  await Promise.all(Array.from({ length: together }, (_, at) => put(first + at)));
