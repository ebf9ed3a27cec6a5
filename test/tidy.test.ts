/**
 * Order in the house: what a linter does not see.
 *
 * Every message has one shape, `path:line: what is wrong, what to do`.
 */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect, test } from 'vitest';

const sources = [...globSync('src/**/*.ts'), ...globSync('test/**/*.ts')]
  .filter((file) => !file.includes('node_modules'))
  .toSorted()
  .map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n') }));

const pages = [
  ...globSync('*.md'),
  ...globSync('{src,scenarios,reports,test}/**/*.md', {
    exclude: (path) => path.includes('node_modules'),
  }),
].filter((file) => !file.includes('node_modules'));

/** Where a line breaks a rule. */
const breaches = (files: typeof sources, pattern: RegExp, message: string): readonly string[] =>
  files.flatMap(({ file, lines }) =>
    lines.flatMap((line, at) => (pattern.test(line) ? [`${file}:${at + 1}: ${message}`] : [])),
  );

const own = 'test/tidy.test.ts';
const others = sources.filter(({ file }) => file !== own);

test('every file says what it is before it does anything', () => {
  // A test file that mirrors a source file is introduced by its name.
  const silent = sources
    .filter(({ file }) => !file.endsWith('.test.ts'))
    .filter(({ lines }) => !/^(?:#!|\/\*\*)/.test(lines[0] ?? ''))
    .map(({ file }) => `${file}:1: no opening comment, say what the file is for`);
  expect(silent).toEqual([]);
});

test('no line is longer than a hundred columns, but for what cannot be broken', () => {
  const long = sources.flatMap(({ file, lines }) =>
    lines.flatMap((line, at) =>
      line.length > 100 && !/https?:\/\/|['"`/].{60,}/.test(line)
        ? [`${file}:${at + 1}: ${line.length} columns, break it`]
        : [],
    ),
  );
  expect(long).toEqual([]);
});

test('nothing is left to be fixed', () => {
  const left = /\b(?:FIXME|XXX|HACK)\b/;
  expect(breaches(others, left, 'left to be fixed, fix it')).toEqual([]);
});

test('time is asked of the clock, also where the linter cannot see it', () => {
  const src = others.filter(({ file }) => file.startsWith('src/') && !file.startsWith('src/time/'));
  const reads = /\bnew Date\(\)|\bDate\(\)|\bAbortSignal\.timeout\b|\bhrtime\b|\bDate\.now\b/;
  expect(breaches(src, reads, 'reads the machine clock, take a Clock')).toEqual([]);
  const chance = others.filter(
    ({ file }) => file.startsWith('src/') && !file.startsWith('src/random/'),
  );
  const draws = /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b|\bgetRandomValues\b/;
  expect(breaches(chance, draws, 'draws chance, take a Random or an IdSource')).toEqual([]);
});

test('tests do not sleep and none is switched off', () => {
  const tests = others.filter(({ file }) => file.startsWith('test/'));
  const off = /\b(?:test|it|describe)\.(?:skip|only|todo)\b/;
  expect(breaches(tests, off, 'switched off, mend it or delete it')).toEqual([]);
});

test('no file is long, and no folder is named for what it is not', () => {
  const long = sources
    .filter(({ file, lines }) => file.startsWith('src/') && lines.length > 401)
    .map(({ file, lines }) => `${file}:1: ${lines.length} lines, split it`);
  expect(long).toEqual([]);
  const vague =
    /(?:^|\/)(?:utils?|helpers?|common|shared|lib|core|types|constants|misc)(?:\/|\.ts$)/;
  expect(sources.map(({ file }) => file).filter((file) => vague.test(file))).toEqual([]);
});

test('pages link to what is there', () => {
  const dead = pages.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(dirname(file), target)))
      .map((target) => `${file}: links to ${target}, which is not there`),
  );
  expect(dead).toEqual([]);
});
