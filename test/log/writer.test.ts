import { existsSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
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

test('what is written is read back in order, also before it is closed', async () => {
  const path = join(folder, 'log.ndjson');
  const many = Array.from({ length: 500 }, (_, at) => exchange({ session: at + 1 }));
  const writer = await openLogWriter(path);
  writer.write(manifest());
  expect(await readLog(path)).toMatchObject({ entries: [], isWhole: false });
  for (const entry of many) writer.write(entry);
  writer.write(end());
  await writer.close();
  writer.write(end());
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
  const writer = logWriterOn('log.ndjson', openSync('/dev/full', 'a'));
  expect(writer.failed.aborted).toBe(false);
  writer.write(manifest());
  writer.write(end());
  const problem = { name: 'LogError', hint: expect.stringContaining('disk is full') };
  expect(writer.failed.reason).toMatchObject(problem);
  await expect(writer.close()).rejects.toMatchObject(problem);
  await writer.close();
});
