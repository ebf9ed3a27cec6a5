/** A process that puts one response after another, and says so after each, until it is killed. */

import { sqliteStore } from '../../../src/target/proxy/sqlite-store.ts';
import { stored } from './stored-response.ts';

const store = sqliteStore({ path: process.argv[2] ?? '', retainDays: 30, wall: () => 1000 });
for (let count = 1; ; count++) {
  await store.put(stored(`r${count}`, count === 1 ? undefined : `r${count - 1}`));
  await new Promise((resolve) => {
    process.send?.(count, resolve);
  });
}
