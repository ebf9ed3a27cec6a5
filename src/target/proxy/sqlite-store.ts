/**
 * Conversation state in one SQLite file: durable without a server.
 *
 * WAL with `synchronous = NORMAL` survives the death of the process at any instant; what was put is
 * there again, and a put that was cut short never happened. It does not promise to survive loss of
 * power: the last few answers may then be missing, but the file is whole.
 *
 *     responses   id ─▶ owner, previous id, created at, input and resource as JSON
 *     items       item id, owner ─▶ response id        for `item_reference`
 *
 * A conversation is the walk along `previous_id`; several answers may share a parent, so branches
 * cost nothing and never see one another.
 */

import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';

import type { Item, ResponseResource } from '../../protocol/responses.ts';
import { asRecord } from './json.ts';
import { itemsOf } from './memory-store.ts';
import type { StateStore, StoredResponse } from './proxy.ts';
import { dayMs, sweepEveryMs } from './retention.ts';

/** State that cannot be opened where the system file says. */
class StateStoreError extends Error {
  override readonly name = 'StateStoreError';
  /** What to change. */
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

export interface SqliteStoreOptions {
  readonly path: string;
  readonly retainDays: number;
  /** The time of day, in milliseconds since 1970. */
  readonly wall: () => number;
}

const schemaVersion = 1;

/**
 * What every connection to the file is to set. The log is written back when it has grown to 16 MB:
 * that takes two syncs, which at SQLite's own 4 MB cost more than the writing.
 */
export const connectionPragmas = 'PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;';

/** The longest conversation that is walked, in turns. */
const chainMax = 10_000;

const schema = `
  CREATE TABLE responses (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    previous_id TEXT,
    created_at_wall REAL NOT NULL,
    input TEXT NOT NULL,
    resource TEXT NOT NULL
  ) STRICT;
  CREATE INDEX responses_by_age ON responses (created_at_wall);
  CREATE TABLE items (
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    response_id TEXT NOT NULL REFERENCES responses (id) ON DELETE CASCADE,
    PRIMARY KEY (id, owner, response_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX items_by_response ON items (response_id);
  PRAGMA user_version = ${schemaVersion};
`;

const columns = 'id, owner, previous_id, created_at_wall, input, resource';

/** Opens the file, creating it where there is none. Throws `StateStoreError`. */
export const sqliteStore = (options: SqliteStoreOptions): StateStore => {
  const { retainDays, wall } = options;
  const database = openDatabase(resolve(options.path));
  const statements = statementsOf(database);
  let sweptAt = Number.NEGATIVE_INFINITY;
  const sweep = (): void => {
    if (wall() - sweptAt < sweepEveryMs) return;
    sweptAt = wall();
    statements.sweep.run(sweptAt - retainDays * dayMs);
  };
  sweep();

  return {
    async put(response) {
      sweep();
      inTransaction(database, () => {
        const { id, owner, previousId, createdAtWall, input, resource } = response;
        const texts = [JSON.stringify(input), JSON.stringify(resource)];
        statements.put.run(id, owner, previousId ?? null, createdAtWall, ...texts);
        statements.forgetItems.run(id);
        for (const item of itemsOf(response))
          if (item.id !== undefined) statements.putItem.run(item.id, owner, id);
      });
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
    async item(id, owner) {
      const row = statements.holder.get(id, owner);
      const item = row && itemsOf(responseIn(row)).find((it) => it.id === id);
      return item && { item, isLocalOnly: statements.localHolder.get(id, owner) !== undefined };
    },
    delete: async (id) => statements.delete.run(id).changes > 0,
    async close() {
      if (database.isOpen) database.close();
    },
  };
};

const statementsOf = (database: DatabaseSync) => ({
  put: database.prepare(
    `INSERT INTO responses (${columns}) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, previous_id = excluded.previous_id,
       created_at_wall = excluded.created_at_wall, input = excluded.input,
       resource = excluded.resource`,
  ),
  putItem: database.prepare('INSERT OR IGNORE INTO items VALUES (?, ?, ?)'),
  forgetItems: database.prepare('DELETE FROM items WHERE response_id = ?'),
  get: database.prepare(`SELECT ${columns} FROM responses WHERE id = ?`),
  chain: database.prepare(
    `WITH RECURSIVE line (at, depth) AS (
       SELECT ?1, 0
       UNION ALL
       SELECT previous_id, depth + 1 FROM line JOIN responses ON responses.id = line.at
       WHERE previous_id IS NOT NULL AND depth < ${chainMax}
     )
     SELECT ${columns} FROM line LEFT JOIN responses ON responses.id = line.at
     ORDER BY depth DESC`,
  ),
  holder: database.prepare(
    `SELECT ${columns} FROM responses
     WHERE id = (SELECT response_id FROM items WHERE id = ? AND owner = ? LIMIT 1)`,
  ),
  localHolder: database.prepare(
    `SELECT 1 FROM items JOIN responses ON responses.id = items.response_id
     WHERE items.id = ? AND items.owner = ?
       AND json_extract(resource, '$.metadata.residency') = 'local-only' LIMIT 1`,
  ),
  delete: database.prepare('DELETE FROM responses WHERE id = ?'),
  sweep: database.prepare('DELETE FROM responses WHERE created_at_wall < ?'),
});

const openDatabase = (path: string): DatabaseSync => {
  let database: DatabaseSync | undefined;
  try {
    // Before the folder is made: below /proc, Node would try to make it for ever.
    refuseUnfitFolder(path);
    mkdirSync(dirname(path), { recursive: true });
    // Waiting for a lock stops this thread, so it must be short; nobody else should hold one.
    database = new DatabaseSync(path, { timeout: 1000, enableForeignKeyConstraints: true });
    database.exec(`PRAGMA journal_mode = WAL; ${connectionPragmas}`);
    migrate(database, path);
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof StateStoreError ? error : explained(path, error);
  }
};

const migrate = (database: DatabaseSync, path: string): void => {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version === schemaVersion) return;
  if (version !== 0) {
    throw new StateStoreError(
      `${path}: expected state of version ${schemaVersion}, got version ${version}`,
      'It was written by another Spillway. Use that one, or name another file in `state.path`.',
    );
  }
  inTransaction(database, () => database.exec(schema));
};

const inTransaction = (database: DatabaseSync, run: () => void): void => {
  database.exec('BEGIN IMMEDIATE');
  try {
    run();
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
};

/** `f_type` of statfs(2): NFS, SMB, CIFS and SMB2. Their locks cannot be trusted with WAL. */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'SMB'],
  [0xfe534d42, 'SMB'],
]);

/** `f_type` of file systems that the kernel makes up: proc and sysfs. */
const madeUpFileSystems: ReadonlySet<number> = new Set([0x9fa0, 0x62656572]);

const refuseUnfitFolder = (path: string): void => {
  if (process.platform !== 'linux') return;
  const folder = existingFolder(dirname(path));
  const { type } = statfsSync(folder);
  if (madeUpFileSystems.has(type))
    throw new StateStoreError(
      `${path}: no file can be kept in ${folder}, which the kernel makes up`,
      'Set `state.path` to a file in a folder of your own.',
    );
  const share = networkShareOf(type);
  if (share === undefined) return;
  throw new StateStoreError(
    `${path}: is on a network share (${share}), where SQLite's write-ahead log is not safe`,
    'Set `state.path` to a file on a local disk, or `state: { kind: memory }`.',
  );
};

/** The folder, or the nearest one above it that there is. */
const existingFolder = (folder: string): string =>
  existsSync(folder) || dirname(folder) === folder ? folder : existingFolder(dirname(folder));

/** The kind of network share a file system's magic number stands for, if any. */
export const networkShareOf = (fileSystemType: number): string | undefined =>
  // The kernel's number is signed on some platforms.
  networkFileSystems.get(fileSystemType >>> 0);

/** Primary result codes of SQLite: https://www.sqlite.org/rescode.html. */
const remedies: ReadonlyMap<number, string> = new Map([
  [5, 'Another process holds the file. Stop it, or name another file in `state.path`.'],
  [8, 'The file or its folder is read-only. Make both writable, or name another `state.path`.'],
  [11, 'The file is damaged. Move it away to start afresh, or restore a copy.'],
  [13, 'The disk is full. Free some space, or name a file on another disk in `state.path`.'],
  [14, 'The file cannot be opened or created. Look at the rights of its folder.'],
  [26, 'The file is not a SQLite database. Move it away, or name another file in `state.path`.'],
]);

const explained = (path: string, cause: unknown): StateStoreError => {
  const code = asRecord(cause)?.['errcode'];
  const primary = typeof code === 'number' ? code & 0xff : undefined;
  const remedy = primary === undefined ? undefined : remedies.get(primary);
  const what = cause instanceof Error ? cause.message : String(cause);
  return new StateStoreError(
    `${path}: cannot be used for state: ${what}`,
    remedy ?? 'Name a file in a writable folder in `state.path`, or set `state.kind` to memory.',
    { cause },
  );
};

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
