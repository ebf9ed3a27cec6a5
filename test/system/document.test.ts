/** Reading YAML: what is no text, no YAML, or YAML that a file of ours has no use for. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseSource, readDocument } from '../../src/system/document.ts';
import { FileError } from '../../src/system/mistake.ts';
import { folderWith } from '../process/spillway.ts';

const problems = (text: string): readonly string[] => {
  try {
    parseSource(text, 'x.yaml');
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.mistakes.map(({ line, column, problem }) => `${line}:${column} ${problem}`);
  }
  return [];
};

describe('a file', () => {
  test.for([
    ['a: *nope', '1:4 not YAML: no anchor `&nope` stands before `*nope`'],
    ['a: 1\na: 2', '2:1 not YAML: Map keys must be unique'],
    ['a:\n\tb: 1', '2:1 not YAML: Tabs are not allowed as indentation'],
    ['a: 1\n---\nb: 2', '2:1 not YAML: expected one document, found a second'],
    ['a: !odd 3', '1:4 not YAML: Unresolved tag: !odd'],
    ['3: a', '1:1 not YAML: expected a text before the colon, found something else'],
    ['a: &a [*a]', '1:8 not YAML: `*a` stands inside of what it repeats'],
    ['- a', 'undefined:undefined expected keys and values'],
    ['# nothing', 'undefined:undefined the file is empty'],
  ])('%j is pointed at', ([text = '', problem]) => {
    expect(problems(text)[0]).toBe(problem);
  });

  test('of aliases that multiply is refused, not expanded', () => {
    const lines = Array.from({ length: 9 }, (_, at) =>
      at === 0 ? 'a0: &a0 [x, x, x, x]' : `a${at}: &a${at} [${`*a${at - 1}, `.repeat(9)}]`,
    );
    expect(problems(lines.join('\n'))[0]).toMatch(/so many that they multiply/);
  });

  test('may begin with a byte order mark and end its lines as Windows does', () => {
    const folder = folderWith({ 'x.yaml': '\uFEFFa: 1\r\nb: 2\r\n' });
    const document = readDocument(join(folder, 'x.yaml'));
    expect(document.value).toEqual({ a: 1, b: 2 });
    expect(document.mistake(['b'], '', '')).toMatchObject({ line: 2, column: 4 });
  });

  test('that is no text, or a folder, is called that', () => {
    const folder = folderWith({});
    writeFileSync(join(folder, 'x.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe9, 0xff]));
    expect(() => readDocument(join(folder, 'x.yaml'))).toThrow(/expected text in UTF-8/);
    expect(() => readDocument(folder)).toThrow(/found a folder/);
    expect(() => readDocument('/dev/zero')).toThrow(/found a device/);
  });

  test('is read or refused with a place, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(Array.isArray(problems(text))).toBe(true);
      }),
    );
  });
});
