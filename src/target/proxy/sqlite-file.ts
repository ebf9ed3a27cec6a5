/**
 * The SQLite file that state is kept in: opened, refused with a remedy, written in groups.
 *
 * WAL with `synchronous = NORMAL` survives the death of the process at any instant; what was
 * written is there again, and a write that was cut short never happened. It does not promise to
 * survive loss of power: the last few answers may then be missing, but the file is whole.
 *
 * A transaction costs more than what is written in it, so all that is to be written in one turn of
 * the event loop is written in one, and nobody is told before it is committed:
 *
 *     answer a ends ──▶ write ─┐
 *     answer b ends ──▶ write ─┼─ turn ends ──▶ one transaction ──▶ all are told
 *     usage         ──▶ write ─┘                      └── fails ──▶ each alone, each told its own
 */

import { closeSync, existsSync, mkdirSync, openSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

import { atTurnEnd } from '../../time/turn-end.ts';
import { asRecord } from './json.ts';

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

/** Told apart from the files of other versions. */
const schemaVersion = 2;

/**
 * What every connection to the file is to set. The log is written back when it has grown to 16 MB:
 * that takes two syncs, which at SQLite's own 4 MB cost more than the writing.
 */
export const connectionPragmas = 'PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;';

interface Write {
  readonly run: () => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class SqliteFile {
  readonly database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  #group: Write[] = [];
  /** The last group that was to be written was not. */
  #hasFailed = false;

  /** Opens the file, creating it where there is none. Throws `StateStoreError`. */
  constructor(path: string) {
    this.database = openDatabase(resolve(path));
    this.#begin = this.database.prepare('BEGIN IMMEDIATE');
    this.#commit = this.database.prepare('COMMIT');
  }

  /**
   * Writes with all that is written in this turn of the event loop; settles once it is durable, or
   * has failed. `run` may run a second time, after the first was rolled back.
   */
  write(run: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#group.push({ run, resolve, reject });
    if (this.#group.length === 1) atTurnEnd(() => this.flush());
    return promise;
  }

  /** Rejects while nothing can be written, as on a full disk. */
  async check(): Promise<void> {
    // Only in doubt, since it is asked every few seconds.
    const probe = 'CREATE TABLE probe (x); DROP TABLE probe';
    if (this.#hasFailed) await this.write(() => this.database.exec(probe));
  }

  /** Writes what waits for the end of the turn. */
  flush(): void {
    const group = this.#group;
    this.#group = [];
    if (group.length === 0) return;
    try {
      this.#transact(group);
    } catch (error) {
      // Whose fault it is shows when each is alone.
      if (group.length > 1) for (const write of group) this.#writeAlone(write);
      else for (const { reject } of group) reject(error);
      return;
    }
    for (const { resolve } of group) resolve();
  }

  close(): void {
    if (!this.database.isOpen) return;
    this.flush();
    this.database.close();
  }

  #writeAlone(write: Write): void {
    try {
      this.#transact([write]);
      write.resolve();
    } catch (error) {
      write.reject(error);
    }
  }

  #transact(group: readonly Write[]): void {
    this.#hasFailed = true;
    this.#begin.run();
    try {
      for (const { run } of group) run();
      this.#commit.run();
      this.#hasFailed = false;
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw error;
    }
  }
}

const openDatabase = (path: string): DatabaseSync => {
  let database: DatabaseSync | undefined;
  try {
    // Before the folder is made: below /proc, Node would try to make it for ever.
    refuseUnfitFolder(path);
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path)) createForOneself(path);
    // Waiting for a lock stops this thread, so it must be short; nobody else should hold one.
    database = new DatabaseSync(path, { timeout: 1000, enableForeignKeyConstraints: true });
    database.exec(`PRAGMA journal_mode = WAL; ${connectionPragmas}`);
    requireVersion(database, path);
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof StateStoreError ? error : explained(path, error);
  }
};

/** It holds what people asked; SQLite would let every user of the machine read it. */
const createForOneself = (path: string): void => {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch {
    // SQLite says better what is wrong.
  }
};

/** Writes the version into a file that is made here. */
const requireVersion = (database: DatabaseSync, path: string): void => {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version === schemaVersion) return;
  if (version !== 0) {
    throw new StateStoreError(
      `${path}: expected state of version ${schemaVersion}, got version ${version}`,
      'It was written by another Spillway. Use that one, or name another file in `state.path`.',
    );
  }
  if (database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'] !== 0) {
    throw new StateStoreError(
      `${path}: expected state of Spillway, found another program's database`,
      'Name another file in `state.path`; it is made when it is not there.',
    );
  }
  database.exec(`PRAGMA user_version = ${schemaVersion}`);
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
