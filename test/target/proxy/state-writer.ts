/** A process that puts one response after another, and says so after each, until it is killed. */

import type { ResponseResource } from '../../../src/protocol/responses.ts';
import { sqliteStore } from '../../../src/target/proxy/sqlite-store.ts';

const store = sqliteStore({ path: process.argv[2] ?? '', retainDays: 30, wall: () => 1000 });
for (let count = 1; ; count++) {
  await store.put({
    id: `r${count}`,
    owner: 'miner',
    ...(count === 1 ? {} : { previousId: `r${count - 1}` }),
    input: [{ type: 'message', id: `m${count}`, role: 'user', content: 'x'.repeat(2000) }],
    resource: { id: `r${count}`, output: [] } as unknown as ResponseResource,
    createdAtWall: 1000,
  });
  await new Promise((resolve) => process.send?.(count, resolve));
}
