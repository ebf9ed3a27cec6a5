/**
 * Conversation state in one SQLite file: durable without a server.
 *
 *     responses   id ─▶ owner, previous id, created at, input and resource as JSON
 *     items       item id ─▶ response        for `item_reference`
 *
 * A conversation is the walk along `previous_id`; several answers may share a parent, so branches
 * cost nothing and never see one another. Responses are numbered as they come, and all that can be
 * is ordered by that number: ids are chance, and each index by them writes a page of its own.
 */

import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';

import type { Item, ResponseResource } from '../../protocol/responses.ts';
import { foundItems, itemsOf } from './memory-store.ts';
import type { StateStore, StoredResponse } from './proxy.ts';
import { type RetentionOptions, sweepingInPieces } from './retention.ts';
import type { SqliteFile } from './sqlite-file.ts';

/** The longest conversation that is walked, in turns. */
const chainMax = 10_000;

const isAtHome = `json_extract(resource, '$.metadata.residency') = 'local-only'`;

const schema = `
  CREATE TABLE IF NOT EXISTS responses (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    previous_id TEXT,
    created_at_wall REAL NOT NULL,
    input TEXT NOT NULL,
    resource TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS responses_by_age ON responses (created_at_wall);
  CREATE INDEX IF NOT EXISTS responses_at_home ON responses (owner, number) WHERE ${isAtHome};
  CREATE TABLE IF NOT EXISTS items (
    id TEXT NOT NULL,
    response INTEGER NOT NULL REFERENCES responses (number) ON DELETE CASCADE,
    PRIMARY KEY (id, response)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS items_by_response ON items (response);
`;

const columnsBut = 'responses.id, owner, previous_id, created_at_wall, input';
const columns = `${columnsBut}, resource`;
/** An agent brings tens of kilobytes of these with each turn, and no later turn asks for them. */
const lightResource = `json_set(resource, '$.instructions', NULL, '$.tools', json('[]'))`;

/** The state in this file, which is closed with it. */
export const sqliteStore = (file: SqliteFile, retention: RetentionOptions): StateStore => {
  file.database.exec(schema);
  const statements = statementsOf(file.database);
  const sweep = sweepingInPieces(retention, (before, countMax) =>
    Number(statements.sweep.run(before, countMax).changes),
  );
  const write = (response: StoredResponse): void => {
    const { id, owner, previousId = null, createdAtWall } = response;
    const input = JSON.stringify(response.input);
    const resource = JSON.stringify(response.resource);
    const row = [owner, previousId, createdAtWall, input, resource] as const;
    const inserted = statements.insert.run(id, ...row);
    let number = inserted.lastInsertRowid;
    if (inserted.changes === 0) {
      number = Number(statements.update.get(...row, id)?.['number']);
      statements.forgetItems.run(number);
    }
    for (const item of itemsOf(response))
      if (item.id !== undefined) statements.putItem.run(item.id, number);
  };

  return {
    put(response) {
      sweep();
      return file.write(() => write(response));
    },
    async get(id) {
      const row = statements.get.get(id);
      return row && responseIn(row);
    },
    async chain(id) {
      const line = statements.chain.all(id);
      // A missing response leaves a row without an id.
      if (line.length > chainMax || line.some((row) => row['id'] === null)) return undefined;
      return line.map((row) => responseIn(row));
    },
    async items(ids, owner) {
      const found = foundItems(ids, (id) => {
        const row = statements.holder.get(id, owner);
        return row && responseIn(row);
      });
      const atHome = statements.atHome.all(JSON.stringify([...found.keys()]), owner);
      const home = new Set(atHome.map((row) => row['id']));
      return new Map([...found].map(([id, item]) => [id, { item, isLocalOnly: home.has(id) }]));
    },
    async delete(id) {
      // It may wait to be written.
      file.flush();
      return statements.delete.run(id).changes > 0;
    },
    check: () => file.check(),
    async close() {
      file.close();
    },
  };
};

const statementsOf = (database: DatabaseSync) => ({
  insert: database.prepare(
    `INSERT INTO responses (id, owner, previous_id, created_at_wall, input, resource)
     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  ),
  update: database.prepare(
    `UPDATE responses SET owner = ?, previous_id = ?, created_at_wall = ?, input = ?, resource = ?
     WHERE id = ? RETURNING number`,
  ),
  putItem: database.prepare('INSERT OR IGNORE INTO items VALUES (?, ?)'),
  forgetItems: database.prepare('DELETE FROM items WHERE response = ?'),
  get: database.prepare(`SELECT ${columns} FROM responses WHERE id = ?`),
  chain: database.prepare(
    `WITH RECURSIVE line (at, depth) AS (
       SELECT ?1, 0
       UNION ALL
       SELECT previous_id, depth + 1 FROM line JOIN responses ON responses.id = line.at
       WHERE previous_id IS NOT NULL AND depth < ${chainMax}
     )
     SELECT ${columnsBut}, ${lightResource} AS resource
     FROM line LEFT JOIN responses ON responses.id = line.at ORDER BY depth DESC`,
  ),
  holder: database.prepare(
    `SELECT ${columns} FROM items JOIN responses ON number = response
     WHERE items.id = ? AND owner = ? ORDER BY response DESC LIMIT 1`,
  ),
  atHome: database.prepare(
    `SELECT DISTINCT items.id FROM json_each(?1) AS wanted
     JOIN items ON items.id = wanted.value
     JOIN responses INDEXED BY responses_at_home
       ON owner = ?2 AND number = items.response AND ${isAtHome}`,
  ),
  delete: database.prepare('DELETE FROM responses WHERE id = ?'),
  sweep: database.prepare(
    `DELETE FROM responses WHERE number IN
       (SELECT number FROM responses WHERE created_at_wall < ? LIMIT ?)`,
  ),
});

const responseIn = (row: Record<string, SQLOutputValue>): StoredResponse => {
  const previousId = row['previous_id'];
  // Written by `put` from these very types.
  const input: readonly Item[] = JSON.parse(String(row['input']));
  const resource: ResponseResource = JSON.parse(String(row['resource']));
  return {
    id: String(row['id']),
    owner: String(row['owner']),
    ...(typeof previousId === 'string' ? { previousId } : {}),
    createdAtWall: Number(row['created_at_wall']),
    input,
    resource,
  };
};
