/** What the pages say can be used as it stands: every system file in them resolves. */

import { globSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { parseSource } from '../src/system/document.ts';
import { resolveSystem } from '../src/system/resolve.ts';

const pages = ['README.md', ...globSync('{src,scenarios,reports,test}/**/*.md')].filter(
  (file) => !file.includes('node_modules'),
);

const systems = pages.flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)]
    .map(([, text = '']) => ({ file, text }))
    .filter(({ text }) => /^backends:/m.test(text)),
);

test('the pages show system files', () => {
  expect(systems.length).toBeGreaterThanOrEqual(2);
});

test.each(systems)('a system file in $file can be used as written', ({ file, text }) => {
  const { mistakes } = resolveSystem(parseSource(text, file), {
    BOX_KEY: 'x',
    AZURE_OPENAI_API_KEY: 'x',
  });
  expect(mistakes).toEqual([]);
});
