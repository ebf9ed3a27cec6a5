/**
 * Conversations in the state's own database file, so that they survive what the state survives.
 *
 *     conversations        id ─▶ owner, metadata, when it was made and when it last changed
 *     conversation_items   conversation, position ─▶ item as JSON, and whether it must stay at home
 *
 * Adding to a conversation is one transaction: a turn is there whole, or not at all.
 */

import { resolve } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';

import type { Item } from '../../protocol/responses.ts';
import type { ConversationStore } from './conversation-store.ts';
import type { HeldItem } from './proxy.ts';
import { type RetentionOptions, sweepingInPieces } from './retention.ts';
import { connectionPragmas } from './sqlite-file.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at_wall REAL NOT NULL,
    changed_at_wall REAL NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS conversations_by_age ON conversations (changed_at_wall);
  CREATE TABLE IF NOT EXISTS conversation_items (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    is_local_only INTEGER NOT NULL,
    item TEXT NOT NULL,
    PRIMARY KEY (conversation_id, position),
    UNIQUE (conversation_id, id)
  ) STRICT, WITHOUT ROWID;
`;

/** Opens the conversations beside the state at this path, which the state store opened before. */
export const sqliteConversations = (
  path: string,
  retention: RetentionOptions,
): ConversationStore => {
  // Another's write takes microseconds; a second is there for a copy being made.
  const database = new DatabaseSync(resolve(path), {
    timeout: 1000,
    enableForeignKeyConstraints: true,
  });
  database.exec(connectionPragmas);
  database.exec(schema);
  const statements = statementsOf(database);
  const { wall } = retention;
  const sweep = sweepingInPieces(retention, (before, countMax) =>
    Number(statements.sweep.run(before, countMax).changes),
  );

  return {
    async put({ id, owner, metadata, createdAtWall }) {
      sweep();
      statements.put.run(id, owner, JSON.stringify(metadata), createdAtWall, wall());
    },
    async get(id) {
      const row = statements.get.get(id);
      // Written by `put` from this very type.
      const metadata: Record<string, string> = row && JSON.parse(String(row['metadata']));
      return (
        row && {
          id,
          owner: String(row['owner']),
          metadata,
          createdAtWall: Number(row['created_at_wall']),
        }
      );
    },
    items: async (id) => statements.items.all(id).map((row) => heldIn(row)),
    async append(id, items) {
      database.exec('BEGIN IMMEDIATE');
      try {
        const isThere = statements.touch.run(wall(), id).changes > 0;
        if (isThere)
          for (const { item, isLocalOnly } of items)
            statements.append.run(id, item.id ?? '', Number(isLocalOnly), JSON.stringify(item));
        database.exec('COMMIT');
        return isThere;
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    removeItem: async (id, itemId) => statements.removeItem.run(id, itemId).changes > 0,
    delete: async (id) => statements.delete.run(id).changes > 0,
    async close() {
      if (database.isOpen) database.close();
    },
  };
};

const statementsOf = (database: DatabaseSync) => ({
  put: database.prepare(
    `INSERT INTO conversations VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET metadata = excluded.metadata,
       changed_at_wall = excluded.changed_at_wall`,
  ),
  get: database.prepare('SELECT owner, metadata, created_at_wall FROM conversations WHERE id = ?'),
  items: database.prepare(
    `SELECT item, is_local_only FROM conversation_items
     WHERE conversation_id = ? ORDER BY position`,
  ),
  touch: database.prepare('UPDATE conversations SET changed_at_wall = ? WHERE id = ?'),
  append: database.prepare(
    `INSERT INTO conversation_items (conversation_id, position, id, is_local_only, item)
     VALUES (?1, (SELECT coalesce(max(position), 0) + 1 FROM conversation_items
                  WHERE conversation_id = ?1), ?2, ?3, ?4)`,
  ),
  removeItem: database.prepare(
    'DELETE FROM conversation_items WHERE conversation_id = ? AND id = ?',
  ),
  delete: database.prepare('DELETE FROM conversations WHERE id = ?'),
  sweep: database.prepare(
    `DELETE FROM conversations WHERE id IN
       (SELECT id FROM conversations WHERE changed_at_wall < ? LIMIT ?)`,
  ),
});

const heldIn = (row: Record<string, SQLOutputValue>): HeldItem => {
  // Written by `append` from this very type.
  const item: Item = JSON.parse(String(row['item']));
  return { item, isLocalOnly: row['is_local_only'] === 1 };
};
