/** Both stores of conversations, by the same tests: only what ends with the process may differ. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

import {
  type ConversationStore,
  memoryConversations,
} from '../../../src/target/proxy/conversation-store.ts';
import type { HeldItem } from '../../../src/target/proxy/proxy.ts';
import { sqliteConversations } from '../../../src/target/proxy/sqlite-conversation.ts';
import { SqliteFile } from '../../../src/target/proxy/sqlite-file.ts';
import { message } from './stored-response.ts';

const folder = mkdtempSync(join(tmpdir(), 'spillway-conversations-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const day = 24 * 60 * 60 * 1000;

/** The file of a state, which has been opened before. */
const freshPath = (): string => {
  const path = join(folder, `state-${files++}.db`);
  new SqliteFile(path).close();
  return path;
};

type Open = (wall?: () => number) => Promise<ConversationStore>;

const kinds: readonly [string, Open][] = [
  ['memory', async (wall = () => 1000) => memoryConversations({ retainDays: 30, wall })],
  [
    'sqlite',
    async (wall = () => 1000) => sqliteConversations(freshPath(), { retainDays: 30, wall }),
  ],
];

const conversation = (id: string, metadata: Readonly<Record<string, string>> = {}) => ({
  id,
  owner: 'miner',
  metadata,
  createdAtWall: 1000,
});

const held = (id: string, isLocalOnly = false): HeldItem => ({
  item: message(id, 'user'),
  isLocalOnly,
});

describe.each(kinds)('%s', (_kind, open) => {
  test('what was put is got, and its metadata may change', async () => {
    const store = await open();
    await store.put(conversation('a', { topic: 'wells' }));
    await store.append('a', [held('1')]);
    await store.put(conversation('a', { topic: '井戸' }));
    expect(await store.get('a')).toEqual(conversation('a', { topic: '井戸' }));
    expect(await store.items('a')).toEqual([held('1')]);
    expect(await store.get('b')).toBeUndefined();
    await store.close();
  });

  test('items stay in the order they came, whatever is added and removed', async () => {
    const change = fc.record({ name: fc.constantFrom('a', 'b'), isRemoval: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 40 }), async (changes) => {
        const store = await open();
        const expected = new Map<string, HeldItem[]>([
          ['a', []],
          ['b', []],
        ]);
        for (const name of expected.keys()) await store.put(conversation(name));
        for (const [at, { name, isRemoval }] of changes.entries()) {
          const items = expected.get(name) ?? [];
          const [gone] = isRemoval ? items.splice(at % (items.length + 1), 1) : [];
          const added = isRemoval ? [] : [held(`${at}`, at % 3 === 0), held(`${at}-2`)];
          items.push(...added);
          expect(await store.removeItem(name, gone?.item.id ?? 'none')).toBe(gone !== undefined);
          expect(await store.append(name, added)).toBe(true);
        }
        for (const [name, items] of expected) expect(await store.items(name)).toEqual(items);
        await store.close();
      }),
      { numRuns: 20 },
    );
  });

  test('nothing is added where there is no conversation, and deletion takes the items', async () => {
    const store = await open();
    expect(await store.append('a', [held('1')])).toBe(false);
    await store.put(conversation('a'));
    await store.append('a', [held('1')]);
    expect(await store.delete('a')).toBe(true);
    expect(await store.delete('a')).toBe(false);
    expect(await store.get('a')).toBeUndefined();
    expect(await store.items('a')).toEqual([]);
    await store.close();
  });

  test('one that has not changed for longer than is kept is forgotten', async () => {
    let now = 0;
    const store = await open(() => now);
    await store.put(conversation('old'));
    await store.put(conversation('used'));
    now = 20 * day;
    await store.append('used', [held('1')]);
    now = 31 * day;
    await store.put(conversation('new'));
    expect(await store.get('old')).toBeUndefined();
    expect(await store.get('used')).toBeDefined();
    await store.close();
  });
});

test('with SQLite, what was added is there after another opens the file', async () => {
  const path = freshPath();
  const options = { retainDays: 30, wall: () => 0 };
  const first = sqliteConversations(path, options);
  await first.put(conversation('a'));
  await first.append('a', [held('1', true), held('2')]);
  // A turn whose items cannot all be added is not added at all.
  await expect(first.append('a', [held('3'), held('1')])).rejects.toThrow(/UNIQUE/);
  await first.close();
  const second = sqliteConversations(path, options);
  expect(await second.items('a')).toEqual([held('1', true), held('2')]);
  await second.close();
});
