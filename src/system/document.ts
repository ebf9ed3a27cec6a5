/**
 * A YAML file with its places: where each value stands, so that a mistake can be pointed at.
 */

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

import type { TSchema } from 'typebox';
import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';

import { withPlainVariables } from './environment.ts';
import { FileError, type Mistake } from './mistake.ts';
import { differences } from './validation.ts';

type Path = readonly (string | number)[];

export interface SourceDocument {
  /** As the user named it. */
  readonly file: string;
  readonly value: unknown;
  /** A mistake at a path of this file; at the key itself when `isKey`. */
  mistake(path: Path, problem: string, hint: string, isKey?: boolean): Mistake;
  /** What the schema does not allow, in the file or in a changed copy of its value. */
  differencesFrom(schema: TSchema, changed?: unknown): readonly Mistake[];
}

/** Reads a YAML (or JSON) file. Throws a `FileError` when it is absent or no YAML. */
export const readDocument = (file: string): SourceDocument => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const problem = isAbsent ? 'no such file' : `cannot be read (${String(cause)})`;
    const hint = isAbsent
      ? `Check the path. Scenarios of the project are in scenarios/, systems in scenarios/systems/.`
      : 'Check that it is a file you may read.';
    throw new FileError([{ file, path: '', problem, hint }]);
  }
  return parseSource(text, file);
};

/** Parses the text of a file; `file` is only its name. */
export const parseSource = (text: string, file: string): SourceDocument => {
  const lines = new LineCounter();
  const document = parseDocument(withPlainVariables(text), { lineCounter: lines, prettyErrors: false });
  const flaws = document.errors.map(({ message, pos }): Mistake => {
    const { line, col } = lines.linePos(pos[0]);
    const hint = 'Mend the YAML here: indentation by spaces, `key: value`, matching brackets.';
    return { file, line, column: col, path: '', problem: `not YAML: ${message}`, hint };
  });
  if (flaws.length > 0) throw new FileError(flaws);
  const value: unknown = document.toJS();
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const problem = value === null ? 'the file is empty' : 'expected keys and values';
    const hint = `\`spillway schema\` prints what ${basename(file)} may hold.`;
    throw new FileError([{ file, path: '', problem, hint }]);
  }

  const mistake = (path: Path, problem: string, hint: string, isKey = false): Mistake => {
    const offset = offsetOf(document, path, isKey);
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, path: pathText(path), problem, hint };
  };
  return {
    file,
    value,
    mistake,
    differencesFrom: (schema, changed = value) =>
      differences(schema, changed).map(({ path, problem, hint, isKey }) =>
        mistake(path, problem, hint, isKey),
      ),
  };
};

/** `workloads[0].load.kind`. */
export const pathText = (path: Path): string =>
  path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? part : `.${part}`))
    .join('');

/** Where the deepest part of the path that exists stands. */
const offsetOf = (document: Document, path: Path, isKey: boolean): number => {
  let node: unknown = document.contents;
  let offset = 0;
  for (const [at, part] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === part);
      if (!pair) break;
      const isLast = at === path.length - 1;
      const keyStart = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
      const valueStart = rangeStart(pair.value);
      offset = (isLast && isKey ? keyStart : (valueStart ?? keyStart)) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part];
      offset = rangeStart(node) ?? offset;
    } else break;
  }
  return offset;
};

const rangeStart = (node: unknown): number | undefined =>
  typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)
    ? Number(node.range[0])
    : undefined;
