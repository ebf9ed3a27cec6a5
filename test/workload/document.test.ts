/** Reading a folder of documents, within bounds. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { loadTokenizer } from '../../src/token/tokenizer.ts';
import { readDocuments } from '../../src/workload/document.ts';

const tokenizer = await loadTokenizer();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-documents-'));
});

afterEach(() => rm(folder, { recursive: true }));

const read = () => readDocuments(folder, 'workloads[0].documents', tokenizer);

describe('the documents of a folder', () => {
  test('come in the order of their names, without other formats', async () => {
    await writeFile(join(folder, 'b.txt'), 'second\n');
    await writeFile(join(folder, 'a.md'), '\n# first\n');
    await writeFile(join(folder, 'c.pdf'), 'no');
    expect(await read()).toEqual([
      { name: 'a.md', text: '# first' },
      { name: 'b.txt', text: 'second' },
    ]);
  });

  test('must not be empty, nor too long for the context', async () => {
    await writeFile(join(folder, 'a.md'), ' \n');
    await expect(read()).rejects.toThrow(/expected text, found nothing in .*a\.md/);
    await writeFile(join(folder, 'a.md'), 'one two '.repeat(9000));
    await expect(read()).rejects.toThrow(/at most 16384 tokens, found 18000/);
    await writeFile(join(folder, 'a.md'), 'x'.repeat(300_000));
    await expect(read()).rejects.toThrow(/at most 262144 bytes, found 300000/);
  });
});

test('the documents shipped are short pages of Japanese', async () => {
  const documents = await readDocuments('scenarios/documents', 'here', tokenizer);
  expect(documents).toHaveLength(8);
  for (const { text } of documents) {
    expect(text.length).toBeGreaterThan(400);
    expect(text.length).toBeLessThan(900);
    expect(text).toMatch(/^# [^\n]*[\u3040-\u9fff]/);
  }
});
