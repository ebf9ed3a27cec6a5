/**
 * Nothing is kept that nobody uses: files, exports, packages.
 *
 * Read from the text of imports and exports, which is enough where every export has a name and
 * every import says which ones it takes.
 */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

import { expect, test } from 'vitest';

/** Files that are started, not imported. */
const entries: ReadonlySet<string> = new Set([
  'src/cli/main.ts',
  'src/index.ts',
  'src/run/thread.ts',
  'src/bench/thread.ts',
]);

const files = [...globSync('src/**/*.ts'), ...globSync('test/**/*.ts'), 'vitest.config.ts']
  .filter((file) => !file.includes('node_modules') && !file.startsWith('test/client/'))
  .toSorted()
  .map((file) => ({ file, text: readFileSync(file, 'utf8') }));

interface Taken {
  readonly from: string;
  readonly names: readonly string[];
}

const listed = (list: string): readonly string[] =>
  list
    .split(',')
    .map((part) => part.trim().replace(/^type\s+/, ''))
    .map((part) => part.split(/\s+as\s+|\s*:\s*/)[0] ?? '')
    .filter((name) => name !== '');

const takers = [
  // import { a, type B as C } from './x.ts'   and   export { a } from './x.ts'
  /(?:import|export)\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'([^']+)'/g,
  // const { a } = await import('./x.ts')
  /\{([^{}]*)\}\s*=\s*await\s+import\(\s*'([^']+)'\s*\)/g,
];

const taken: readonly Taken[] = files.flatMap(({ file, text }) => {
  const byName = takers.flatMap((pattern) =>
    [...text.matchAll(pattern)].map(([, list = '', from = '']) => ({ from, names: listed(list) })),
  );
  // import './x.ts', import x from 'y', import * as x from 'y', typeof import('./x.ts')
  const whole = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, from = '']) => ({
    from,
    names: [],
  }));
  return [...byName, ...whole].map(({ from, names }) => ({
    names,
    from: from.startsWith('.') ? normalize(join(dirname(file), from)) : from,
  }));
});

const exported = (text: string): readonly string[] =>
  [
    ...text.matchAll(
      /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type) (\w+)/gm,
    ),
  ].map(([, name = '']) => name);

/** A type that an export of its own file speaks of belongs to the face of that file. */
const isSpoken = (name: string, text: string): boolean =>
  new RegExp(String.raw`^export (?:interface|type) ${name}\b`, 'm').test(text) &&
  [...text.matchAll(new RegExp(String.raw`\b${name}\b`, 'g'))].length > 1;

test('every file of the product is imported, or started', () => {
  const used = new Set(taken.map(({ from }) => from));
  const idle = files
    .map(({ file }) => file)
    .filter((file) => file.startsWith('src/') && !entries.has(file) && !used.has(file));
  expect(idle).toEqual([]);
});

test('every export is taken by somebody', () => {
  const idle = files
    .filter(({ file }) => !entries.has(file) && !file.endsWith('.test.ts'))
    .flatMap(({ file, text }) => {
      const names = new Set(taken.filter(({ from }) => from === file).flatMap((it) => it.names));
      return exported(text)
        .filter((name) => !names.has(name) && !isSpoken(name, text))
        .map((name) => `${file}: ${name} is exported and never imported`);
    });
  expect(idle).toEqual([]);
});

test('every package that is installed is used', () => {
  const manifest: unknown = JSON.parse(readFileSync('package.json', 'utf8'));
  const { dependencies, devDependencies, scripts } = manifest as Record<
    string,
    Readonly<Record<string, string>>
  >;
  const names = Object.keys({ ...dependencies, ...devDependencies });
  const run = Object.values(scripts ?? {}).join(' ');
  // Tools that other tools load, and types.
  const silent = /^(?:@types\/|node$|oxlint-tsgolint$|typescript$)/;
  const idle = names.filter(
    (name) =>
      !silent.test(name) &&
      !taken.some(({ from }) => from === name || from.startsWith(`${name}/`)) &&
      !new RegExp(String.raw`(?:^|\s)${name}(?:\s|$)`).test(run),
  );
  expect(names.length).toBeGreaterThan(10);
  expect(idle).toEqual([]);
  expect(existsSync('package-lock.json')).toBe(true);
});
