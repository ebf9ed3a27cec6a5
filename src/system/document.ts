/**
 * A YAML file with its places: where each value stands, so that a mistake can be pointed at.
 */

import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';

import type { TSchema } from 'typebox';
import {
  type Alias,
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';

import { withPlainVariables } from './environment.ts';
import { FileError, type Mistake, type Remark } from './mistake.ts';
import { differences } from './validation.ts';

type Path = readonly (string | number)[];

export interface SourceDocument {
  /** As the user named it. */
  readonly file: string;
  readonly value: unknown;
  /** A mistake at a path of this file; at the key itself when `isKey`. */
  mistake(path: Path, problem: string, hint: string, isKey?: boolean): Mistake;
  /** What its translation has brought to light, where it was written for another program. */
  readonly mistakes?: readonly Mistake[];
  readonly remarks?: readonly Remark[];
  /** What the schema does not allow, in the file or in a changed copy of its value. */
  differencesFrom(schema: TSchema, changed?: unknown): readonly Mistake[];
}

/** Reads a YAML (or JSON) file. Throws a `FileError` when it is absent or no YAML. */
export const readDocument = (file: string): SourceDocument => {
  let bytes: Uint8Array;
  try {
    const { isTooMuch, isDevice } = lookAt(file);
    if (isDevice) throw new FileError([{ file, path: '', ...noFile }]);
    if (isTooMuch) throw new FileError([{ file, path: '', ...tooLong }]);
    bytes = readFileSync(file);
  } catch (cause) {
    if (cause instanceof FileError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const [problem, hint] = unreadable[code] ?? [
      `cannot be read (${code})`,
      'Check that it is a file you may read.',
    ];
    throw new FileError([{ file, path: '', problem, hint }]);
  }
  return parseSource(textOf(bytes, file), file);
};

/** A file may be a pipe, of a shell that makes it up; a device may have no end. */
const lookAt = (file: string): { readonly isDevice: boolean; readonly isTooMuch: boolean } => {
  const stats = statSync(file);
  return {
    isDevice: stats.isCharacterDevice() || stats.isBlockDevice(),
    isTooMuch: stats.size > bytesMax,
  };
};

const bytesMax = 4 * 2 ** 20;

const noFile = { problem: 'expected a file, found a device', hint: 'Name a file of YAML.' };
const tooLong = {
  problem: `expected at most ${bytesMax / 2 ** 20} MiB of YAML`,
  hint: 'Name a scenario or a system file; documents and traces are named in it.',
};

const unreadable: Readonly<Record<string, readonly [problem: string, hint: string]>> = {
  ENOENT: [
    'no such file',
    'Check the path. Scenarios of the project are in scenarios/, systems in scenarios/systems/.',
  ],
  EISDIR: ['expected a file, found a folder', 'Name a file in it.'],
};

const textOf = (bytes: Uint8Array, file: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const hint = 'Save it as UTF-8.';
    throw new FileError([
      { file, path: '', problem: 'expected text in UTF-8, found other bytes', hint },
    ]);
  }
};

/** Parses the text of a file; `file` is only its name. */
export const parseSource = (text: string, file: string): SourceDocument => {
  const lines = new LineCounter();
  const document = parseDocument(withPlainVariables(text), {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    merge: true,
  });
  const flaws = flawsOf(document).map(({ at, problem }): Mistake => {
    const { line, col } = lines.linePos(at);
    const hint = 'Mend the YAML here: indentation by spaces, `key: value`, matching brackets.';
    return { file, line, column: col, path: '', problem: `not YAML: ${problem}`, hint };
  });
  if (flaws.length > 0) throw new FileError(flaws);
  const value = valueOf(document, file);
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

interface Flaw {
  readonly at: number;
  readonly problem: string;
}

/** What is no YAML; else what YAML allows and a file of ours has no use for. */
const flawsOf = (document: Document.Parsed): readonly Flaw[] => {
  const flaws: Flaw[] = [...document.errors, ...document.warnings].map(
    ({ code, message, pos }) => ({
      at: pos[0],
      problem: code === 'MULTIPLE_DOCS' ? 'expected one document, found a second' : message,
    }),
  );
  const isFirstThere = ({ at }: Flaw, index: number): boolean =>
    flaws.findIndex((flaw) => flaw.at === at) === index;
  if (flaws.length > 0) return flaws.filter(isFirstThere).slice(0, flawCountMax);
  visit(document, {
    Alias: (_, alias) => {
      const node = alias.resolve(document);
      if (node && holds(node, alias)) {
        const problem = `\`*${alias.source}\` stands inside of what it repeats`;
        flaws.push({ at: alias.range?.[0] ?? 0, problem });
      }
      if (node) return;
      const problem = `no anchor \`&${alias.source}\` stands before \`*${alias.source}\``;
      flaws.push({ at: alias.range?.[0] ?? 0, problem });
    },
    Pair: (_, pair) => {
      const key: unknown = isScalar(pair.key) ? pair.key.value : undefined;
      // A symbol is `<<`, which merges another map.
      if (typeof key === 'string' || typeof key === 'symbol' || key === null) return;
      const problem = 'expected a text before the colon, found something else';
      flaws.push({ at: rangeStart(pair.key) ?? 0, problem });
    },
  });
  return flaws;
};

/** Whether an alias stands within the node it names: the value would have no end. */
const holds = (node: Node, alias: Alias): boolean => {
  let isFound = false;
  visit(node, {
    Alias: (_, it) => {
      isFound ||= it === alias;
    },
  });
  return isFound;
};

/** One wrong indentation makes a flaw of each line below it: the first few tell. */
const flawCountMax = 3;

/** Aliases can make a small file a huge value; the parser refuses at a hundred of them. */
const valueOf = (document: Document.Parsed, file: string): unknown => {
  try {
    const value: unknown = document.toJS();
    return value;
  } catch {
    const problem = 'expected a few `*aliases`, found so many that they multiply';
    throw new FileError([{ file, path: '', problem, hint: 'Write the values out.' }]);
  }
};

/** `workloads[0].load.kind`. */
const pathText = (path: Path): string =>
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
