/** A LiteLLM file that includes others. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { readDocument } from '../../src/system/document.ts';
import { systemDocument } from '../../src/system/litellm.ts';
import { resolveSystem } from '../../src/system/resolve.ts';

const resolve = (file: string) => resolveSystem(systemDocument(readDocument(file), {}), {});

const folder = mkdtempSync(join(tmpdir(), 'spillway-include-'));
const written = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};
const own = 'model_list: [{ model_name: m, litellm_params: { model: ollama/x } }]\n';
afterAll(() => rmSync(folder, { recursive: true }));

test('an included file adds its models, and its settings win', () => {
  written('a.yaml', `${own.replace('m,', 'a,')}router_settings: { cooldown_time: 9 }\n`);
  const text = `include: [a.yaml]\n${own}router_settings: { cooldown_time: 7 }\n`;
  const { value } = resolve(written('root.yaml', text));
  expect(value?.models.map(({ name }) => name)).toEqual(['m', 'a']);
  expect(value?.breaker.openForMs).toBe(9000);
});

test('it may hold all of the models, include others, and itself be named twice', () => {
  written('c.yaml', `include: [d.yaml, all.yaml]\n${own}`);
  written('d.yaml', own.replace('m,', 'd,'));
  const text = 'include: [c.yaml, c.yaml]\n';
  const { value } = resolve(written('all.yaml', text));
  expect(value?.models.map(({ name }) => name)).toEqual(['m', 'd']);
});

test('it is pointed at for its own mistakes, and missed where it is named', () => {
  const wrong = written('wrong.yaml', '\n\nmodel_list: [{ model_name: w }]\n');
  const root = written('root.yaml', `include: [wrong.yaml, none.yaml]\n${own}`);
  const { mistakes: told } = resolve(root);
  expect(told.map(({ file, line, path }) => [file, line, path])).toEqual(
    expect.arrayContaining([
      [root, 1, 'include[1]'],
      [wrong, 3, 'model_list[0].litellm_params.model'],
    ]),
  );
});
