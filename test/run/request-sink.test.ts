/** The file that requests are logged in: appended to, and left when it is moved away. */

import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { openRequestSink } from '../../src/run/request-sink.ts';

const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'spillway-log-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
};

test('a log goes on where it was', async () => {
  using at = folder();
  const file = join(at.path, 'requests.log');
  writeFileSync(file, 'before\n');
  const sink = await openRequestSink(file);
  sink.write('after');
  await sink.close();
  expect(readFileSync(file, 'utf8')).toBe('before\nafter\n');
});

test('a log that was moved away goes on in a new file', async () => {
  using at = folder();
  const file = join(at.path, 'requests.log');
  const sink = await openRequestSink(file);
  sink.write('first');
  renameSync(file, `${file}.1`);
  sink.reopen();
  sink.write('second');
  await sink.close();
  await expect.poll(() => readFileSync(`${file}.1`, 'utf8')).toBe('first\n');
  expect(readFileSync(file, 'utf8')).toBe('second\n');
});

test('a file that cannot be written is told with what to do', async () => {
  using at = folder();
  await expect(openRequestSink(join(at.path, 'no', 'such', 'folder'))).rejects.toMatchObject({
    name: 'RunError',
    hint: expect.stringContaining('log.file'),
  });
});
