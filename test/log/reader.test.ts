import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { encodeLine } from '../../src/log/codec.ts';
import { readLog } from '../../src/log/reader.ts';
import { attempt, end, exchange, manifest, phases } from '../kit/log.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-log-'));
});
afterAll(() => rm(folder, { recursive: true }));

const entries = [...phases(), exchange({ message: '東京 \u2028' }), attempt(), end()];
const bytes = Buffer.from([manifest(), ...entries].map((it) => `${encodeLine(it)}\n`).join(''));
const firstLineBytes = Buffer.byteLength(encodeLine(manifest()));

test('a whole log is read whole', async () => {
  const path = join(folder, 'whole.ndjson');
  await writeFile(path, bytes);
  expect(await readLog(path)).toEqual({
    manifest: manifest(),
    entries,
    isWhole: true,
    cutLines: 0,
  });
});

test('a log cut within its first line says that it holds nothing yet', async () => {
  const path = join(folder, 'cut-early.ndjson');
  await fc.assert(
    fc.asyncProperty(fc.nat(firstLineBytes - 1), async (length) => {
      await writeFile(path, bytes.subarray(0, length));
      await expect(readLog(path)).rejects.toThrow(/expected a manifest/);
    }),
    { numRuns: 50 },
  );
});

test('a log cut at any byte after that yields every entry before the cut', async () => {
  const path = join(folder, 'cut.ndjson');
  const cutAt = fc.integer({ min: firstLineBytes, max: bytes.length });
  await fc.assert(
    fc.asyncProperty(cutAt, async (length) => {
      const cut = bytes.subarray(0, length);
      await writeFile(path, cut);
      const { entries: read, isWhole, cutLines } = await readLog(path);
      expect(read).toEqual(entries.slice(0, read.length));
      const wholeLines = cut.toString('latin1').split('\n').length - 2;
      expect(read.length).toBeGreaterThanOrEqual(wholeLines);
      expect(read.length + cutLines).toBeLessThanOrEqual(wholeLines + 1);
      expect(isWhole).toBe(read.length === entries.length);
    }),
    { numRuns: 200 },
  );
});

test('a garbled line in the middle is counted, and the rest is read', async () => {
  const path = join(folder, 'garbled.ndjson');
  const [first, ...others] = [manifest(), ...entries].map(encodeLine);
  await writeFile(path, [first, '{"kind":"exchange"', ...others].join('\n'));
  expect(await readLog(path)).toMatchObject({ entries, isWhole: true, cutLines: 1 });
});

test('what is no log is told with a hint', async () => {
  const path = join(folder, 'not-a-log.ndjson');
  await writeFile(path, 'hello\n');
  const noManifest = { name: 'LogError', hint: expect.stringContaining('log.ndjson') };
  await expect(readLog(path)).rejects.toMatchObject(noManifest);
  await expect(readLog(join(folder, 'absent'))).rejects.toMatchObject({ name: 'LogError' });
  await expect(readLog(folder)).rejects.toMatchObject({
    name: 'LogError',
    hint: expect.stringContaining('folder'),
  });
});
