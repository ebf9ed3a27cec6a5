import { existsSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { readLog } from '../../src/log/reader.ts';
import { logWriterOn, openLogWriter } from '../../src/log/writer.ts';
import { end, exchange, manifest } from '../kit/log.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-log-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('what is written is read back in order, empty batches and a closed writer included', async () => {
  const path = join(folder, 'log.ndjson');
  const many = Array.from({ length: 500 }, (_, at) => exchange({ session: at + 1 }));
  const writer = await openLogWriter(path);
  await writer.write([]);
  await writer.write([manifest()]);
  await writer.flush();
  expect((await readLog(path)).isWhole).toBe(false);
  const batches = many.map((it) => writer.write([it]));
  await writer.write([end()]);
  await writer.close();
  await Promise.all(batches);
  await writer.write([end()]);
  await writer.close();
  expect(await readLog(path)).toMatchObject({ entries: [...many, end()], isWhole: true });
});

test('a log is never written over', async () => {
  const path = join(folder, 'once.ndjson');
  await using _ = await openLogWriter(path);
  await expect(openLogWriter(path)).rejects.toMatchObject({
    name: 'LogError',
    hint: expect.stringContaining('never written over'),
  });
});

test.runIf(existsSync('/dev/full'))('a full disk is told once, with a hint', async () => {
  const writer = logWriterOn('log.ndjson', await open('/dev/full', 'a'));
  await writer.write([manifest()]);
  await expect(writer.flush()).rejects.toMatchObject({
    name: 'LogError',
    hint: expect.stringContaining('disk is full'),
  });
  await writer.write([end()]);
  await writer.flush();
  await writer.close();
});
