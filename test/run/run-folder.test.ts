/** The folder of a run: made where it can be, and never half written. */

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { openRunFolder, writeFiles } from '../../src/run/run-folder.ts';
import { RunError } from '../../src/run/run-error.ts';
import { folderWith } from '../process/spillway.ts';

const open = (reports: string): string => openRunFolder(reports, 'tiny', new Date(0), 'abc');

test('it is made with all folders above it, and `latest` points to it', () => {
  const reports = join(folderWith({}), 'a', 'b');
  const folder = open(reports);
  expect(folder).toBe(join(reports, '19700101T000000-tiny-abc'));
  writeFiles(folder, new Map([['charts/x.svg', '<svg/>']]));
  expect(readFileSync(join(reports, 'latest', 'charts', 'x.svg'), 'utf8')).toBe('<svg/>');
});

test('a place where no folder can be made is an error with a hint, and soon', () => {
  const file = join(folderWith({ file: '' }), 'file');
  for (const reports of [file, join(file, 'below'), '/proc/nowhere/below'])
    expect(() => open(reports)).toThrow(RunError);
});

test('when one file cannot be written, none is changed and nothing is left over', () => {
  const folder = folderWith({ 'a.txt': 'as it was' });
  // A folder stands where the second file is to be written first.
  mkdirSync(join(folder, 'b.txt.part'));
  writeFileSync(join(folder, 'b.txt.part', 'x'), '');
  const files = new Map([
    ['a.txt', 'changed'],
    ['b.txt', 'new'],
  ]);
  expect(() => writeFiles(folder, files)).toThrow(/cannot write the report/);
  expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('as it was');
  expect(existsSync(join(folder, 'b.txt'))).toBe(false);
  expect(readdirSync(folder).toSorted()).toEqual(['a.txt']);
});
