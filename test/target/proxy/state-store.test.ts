/** Both stores, by the same tests: only what ends with the process may differ. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

import { memoryStore } from '../../../src/target/proxy/memory-store.ts';
import type { StateStore, StoredResponse } from '../../../src/target/proxy/proxy.ts';
import { SqliteFile, networkShareOf } from '../../../src/target/proxy/sqlite-file.ts';
import { sqliteLedger } from '../../../src/target/proxy/sqlite-ledger.ts';
import { sqliteStore } from '../../../src/target/proxy/sqlite-store.ts';
import { type UsageRow, nothingUsed } from '../../../src/target/proxy/usage-ledger.ts';
import { message, stored } from './stored-response.ts';

const folder = mkdtempSync(join(tmpdir(), 'spillway-state-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const freshPath = (): string => join(folder, `state-${files++}.db`);
const day = 24 * 60 * 60 * 1000;

const storeAt = (path: string, wall = () => 1000): StateStore =>
  sqliteStore(new SqliteFile(path), { retainDays: 30, wall });

const used: UsageRow = {
  ...nothingUsed,
  day: '2026-11-23',
  key: 'miner',
  model: 'm',
  backend: 'spark',
};

type Open = (wall?: () => number, steady?: () => number) => StateStore;

const kinds: readonly [string, Open][] = [
  ['memory', (wall = () => 1000, steady = wall) => memoryStore({ retainDays: 30, wall, steady })],
  [
    'sqlite',
    (wall = () => 1000, steady = wall) =>
      sqliteStore(new SqliteFile(freshPath()), { retainDays: 30, wall, steady }),
  ],
];

describe.each(kinds)('%s', (_kind, open) => {
  test('a time of day that leaps ahead costs nothing that is kept', async () => {
    let setMs = 1000;
    let now = 0;
    const store = open(
      () => setMs + now,
      () => now,
    );
    await store.put(stored('a'));
    setMs += 3650 * day;
    now += day;
    await store.put(stored('b'));
    expect(await store.get('a')).toEqual(stored('a'));
    await store.close();
  });

  test('what was put is got, whole', async () => {
    const store = open();
    await store.put(stored('a'));
    expect(await store.get('a')).toEqual(stored('a'));
    expect(await store.get('b')).toBeUndefined();
    await store.close();
  });

  test('however turns branch, each chain is its own line, eldest first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(1_000), { minLength: 1, maxLength: 25 }),
        async (parents) => {
          const store = open();
          const lines: string[][] = [];
          for (const [at, draw] of parents.entries()) {
            // Each turn continues an earlier one, or begins a conversation.
            const parent = at === 0 ? 0 : draw % (at + 1);
            const line = parent === at ? [] : (lines[parent] ?? []);
            lines.push([...line, `r${at}`]);
            await store.put(stored(`r${at}`, line.at(-1)));
          }
          for (const [at, line] of lines.entries()) {
            const chain = await store.chain(`r${at}`);
            expect(chain?.map(({ id }) => id)).toEqual(line);
          }
          await store.close();
        },
      ),
      { numRuns: 20 },
    );
  });

  test('a chain is what was said in it, whatever instructions and tools each turn brought', async () => {
    const store = open();
    const first = stored('a');
    const tools = [{ type: 'custom' as const, name: 'shell', description: null }];
    const resource = { ...first.resource, instructions: 'Be brief.', tools };
    await store.put({ ...first, resource });
    await store.put(stored('b', 'a'));
    const chain = await store.chain('b');
    const light = (it: StoredResponse) => ({
      ...it,
      resource: { ...it.resource, instructions: null, tools: [] },
    });
    expect(chain?.map(light)).toEqual([first, stored('b', 'a')]);
    expect((await store.get('a'))?.resource).toEqual(resource);
    await store.close();
  });

  test('a chain with a missing ancestor is not there at all', async () => {
    const store = open();
    await store.put(stored('a'));
    await store.put(stored('b', 'a'));
    await store.put(stored('c', 'b'));
    expect(await store.delete('a')).toBe(true);
    expect(await store.chain('c')).toBeUndefined();
    expect(await store.chain('nobody')).toBeUndefined();
    await store.close();
  });

  test('an item is found by its owner alone, whether asked or answered', async () => {
    const store = open();
    await store.put(stored('a'));
    const isLocalOnly = false;
    const asked = { item: message('in_a', 'user'), isLocalOnly };
    const answered = { item: message('out_a', 'assistant'), isLocalOnly };
    expect((await store.items(['in_a'], 'miner')).get('in_a')).toEqual(asked);
    expect((await store.items(['out_a'], 'miner')).get('out_a')).toEqual(answered);
    expect((await store.items(['out_a'], 'other')).get('out_a')).toBeUndefined();
    await store.close();
  });

  test('an item that any local-only response holds carries the demand', async () => {
    const store = open();
    const shared = [message('msg', 'user')];
    const secret = stored('b', undefined, { input: shared });
    const metadata = { residency: 'local-only' };
    await store.put(stored('a', undefined, { input: shared }));
    await store.put({ ...secret, resource: { ...secret.resource, metadata } });
    expect((await store.items(['msg'], 'miner')).get('msg')).toMatchObject({ isLocalOnly: true });
    await store.delete('b');
    expect((await store.items(['msg'], 'miner')).get('msg')).toMatchObject({ isLocalOnly: false });
    await store.close();
  });

  test('a long conversation that is only referred to is read once, not once for each item', async () => {
    const store = open();
    const ids = Array.from({ length: 4000 }, (_, at) => `msg_${at}`);
    const input = ids.map((id) => message(id, 'user'));
    await store.put(stored('a', undefined, { input: input.slice(0, 2000) }));
    await store.put(stored('b', 'a', { input }));
    const startedAt = process.cpuUsage().user;
    const found = await store.items([...ids, 'msg_none'], 'miner');
    expect([...found.keys()].toSorted()).toEqual(ids.toSorted());
    // Reading them again for each item takes half a minute.
    expect((process.cpuUsage().user - startedAt) / 1e6).toBeLessThan(3);
    await store.close();
  });

  test('an item that two responses hold outlives one of them', async () => {
    const store = open();
    const shared = [message('msg', 'user')];
    await store.put(stored('a', undefined, { input: shared }));
    await store.put(stored('b', undefined, { input: shared }));
    await store.delete('a');
    expect((await store.items(['msg'], 'miner')).get('msg')).toMatchObject({ item: shared[0] });
    await store.delete('b');
    expect((await store.items(['msg'], 'miner')).get('msg')).toBeUndefined();
    await store.close();
  });

  test('putting again replaces, items included', async () => {
    const store = open();
    await store.put(stored('a'));
    await store.put(stored('a', undefined, { input: [message('later', 'user')] }));
    expect((await store.items(['in_a'], 'miner')).get('in_a')).toBeUndefined();
    expect((await store.items(['later'], 'miner')).get('later')).toBeDefined();
    await store.close();
  });

  test('deleting tells whether there was anything', async () => {
    const store = open();
    await store.put(stored('a'));
    expect(await store.delete('a')).toBe(true);
    expect(await store.delete('a')).toBe(false);
    await store.close();
  });

  test('what is older than its retention is swept at a later put', async () => {
    let wall = 0;
    const store = open(() => wall);
    await store.put(stored('old', undefined, { createdAtWall: 0 }));
    wall = 30 * day;
    await store.put(stored('edge', undefined, { createdAtWall: wall }));
    expect(await store.get('old')).toBeDefined();
    wall = 30 * day + 2 * 60 * 60 * 1000;
    await store.put(stored('new', undefined, { createdAtWall: wall }));
    expect(await store.get('old')).toBeUndefined();
    expect((await store.items(['in_old'], 'miner')).get('in_old')).toBeUndefined();
    expect(await store.get('edge')).toBeDefined();
    await store.close();
  });
});

describe('the file', () => {
  test('survives being closed and opened', async () => {
    const path = freshPath();
    const first = storeAt(path);
    await first.put(stored('a'));
    await first.put(stored('b', 'a'));
    await first.close();
    const second = storeAt(path);
    expect((await second.chain('b'))?.map(({ id }) => id)).toEqual(['a', 'b']);
    await second.close();
  });

  test('keeps every put that was acknowledged before the process was killed', async () => {
    const path = freshPath();
    const writer = fork(new URL('state-writer.ts', import.meta.url), [path], { execArgv: [] });
    let acknowledged = 0;
    writer.on('message', (count: number) => {
      acknowledged = count;
      if (count >= 50) writer.kill('SIGKILL');
    });
    await once(writer, 'exit');
    expect(acknowledged).toBeGreaterThanOrEqual(50);
    const store = storeAt(path);
    const chain = await store.chain(`r${acknowledged}`);
    expect(chain).toHaveLength(acknowledged);
    await store.close();
  });

  test('writes what ends in one turn in one transaction, before anybody is told', async () => {
    const path = freshPath();
    const file = new SqliteFile(path);
    const store = sqliteStore(file, { retainDays: 30, wall: () => 1000 });
    const ledger = sqliteLedger(file);
    const other = new DatabaseSync(path);
    const count = (): unknown => other.prepare('SELECT count(*) AS n FROM responses').get()?.['n'];
    const seen: unknown[] = [];
    const puts = ['a', 'b', 'c'].map((id) => store.put(stored(id)).then(() => seen.push(count())));
    const adds = [1, 2].map((requests) => ledger.add([{ ...used, requests }]));
    expect(count()).toBe(0);
    await Promise.all([...puts, ...adds]);
    expect(seen).toEqual([3, 3, 3]);
    expect(await ledger.rows({ from: used.day, to: used.day })).toEqual([{ ...used, requests: 3 }]);
    other.close();
    await store.close();
  });

  test('keeps every other write of a turn when one fails', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), async (fails) => {
        const file = new SqliteFile(freshPath());
        const store = sqliteStore(file, { retainDays: 30, wall: () => 1000 });
        const ledger = sqliteLedger(file);
        const puts = fails.map((isBroken, at) => {
          const response = stored(`r${at}`);
          // SQLite keeps no NaN: it is taken for NULL, which the table refuses.
          return store.put(isBroken ? { ...response, createdAtWall: Number.NaN } : response);
        });
        const usage = ledger.add([{ ...used, requests: 1 }]);
        const settled = await Promise.allSettled(puts);
        expect(settled.map(({ status }) => status === 'rejected')).toEqual(fails);
        for (const [at, isBroken] of fails.entries())
          expect((await store.get(`r${at}`)) === undefined).toBe(isBroken);
        await usage;
        expect(await ledger.rows({ from: used.day, to: used.day })).toEqual([
          { ...used, requests: 1 },
        ]);
        await store.close();
      }),
      { numRuns: 20 },
    );
  });

  test('says that nothing can be written from the first failure until it can again', async () => {
    const file = new SqliteFile(freshPath());
    const store = sqliteStore(file, { retainDays: 30, wall: () => 1000 });
    await store.check?.();
    file.database.exec('PRAGMA query_only = ON');
    await expect(store.put(stored('a'))).rejects.toThrow('readonly');
    await expect(store.check?.()).rejects.toThrow('readonly');
    await expect(store.check?.()).rejects.toThrow('readonly');
    file.database.exec('PRAGMA query_only = OFF');
    await store.check?.();
    await store.put(stored('a'));
    await store.close();
  });

  test('can be read by nobody else on the machine', async () => {
    const path = freshPath();
    const store = storeAt(path);
    await store.put(stored('a'));
    for (const suffix of ['', '-wal', '-shm'])
      expect(statSync(`${path}${suffix}`).mode & 0o077).toBe(0);
    await store.close();
  });

  test('forgets a response that still waits to be written', async () => {
    const store = storeAt(freshPath());
    const put = store.put(stored('a'));
    expect(await store.delete('a')).toBe(true);
    await put;
    expect(await store.get('a')).toBeUndefined();
    await store.close();
  });

  test('writes what waits before it is closed', async () => {
    const path = freshPath();
    const first = storeAt(path);
    const put = first.put(stored('a'));
    await first.close();
    await put;
    const second = storeAt(path);
    expect(await second.get('a')).toEqual(stored('a'));
    await second.close();
  });

  test.each([
    [
      'that is no database',
      (path: string) => writeFileSync(path, 'x'.repeat(4096)),
      /not a SQLite/,
    ],
    [
      'of another version',
      (path: string) => {
        const other = new DatabaseSync(path);
        other.exec('PRAGMA user_version = 99');
        other.close();
      },
      /another Spillway/,
    ],
    [
      'of another program',
      (path: string) => {
        const other = new DatabaseSync(path);
        other.exec('CREATE TABLE responses (text)');
        other.close();
      },
      /Name another file/,
    ],
  ])('%s is refused with a remedy', (_what, spoil, remedy) => {
    const path = freshPath();
    spoil(path);
    expect(() => storeAt(path)).toThrow(
      expect.objectContaining({
        name: 'StateStoreError',
        message: expect.stringContaining(path),
        hint: expect.stringMatching(remedy),
      }),
    );
  });

  // A superuser may write anywhere.
  test.skipIf(process.getuid?.() === 0)('in a read-only folder is refused', () => {
    const locked = mkdtempSync(join(folder, 'locked-'));
    chmodSync(locked, 0o500);
    expect(() => storeAt(join(locked, 'state.db'))).toThrow(
      expect.objectContaining({ hint: expect.any(String) }),
    );
  });

  test('under something that is not a folder is refused', () => {
    const file = freshPath();
    writeFileSync(file, '');
    expect(() => storeAt(join(file, 'state.db'))).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/writable folder/) }),
    );
  });

  test.runIf(process.platform === 'linux')('below what the kernel makes up is refused', () => {
    for (const path of ['/proc/spillway/state.db', '/proc/1/a/b/state.db', '/sys/x/state.db'])
      expect(() => storeAt(path)).toThrow(
        expect.objectContaining({ hint: expect.stringMatching(/folder of your own/) }),
      );
  });

  test('a network share is known by its number, signed or not', () => {
    expect(networkShareOf(0x6969)).toBe('NFS');
    expect(networkShareOf(0xff534d42)).toBe('SMB');
    expect(networkShareOf(0xff534d42 | 0)).toBe('SMB');
    expect(networkShareOf(0xef53)).toBeUndefined();
  });
});
