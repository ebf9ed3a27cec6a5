/** Variants: the arms of one run, each the same file with a few values set otherwise. */

import { isRecord } from '../system/validation.ts';

/** A scenario and a system as read, before anything is resolved. */
export interface Source {
  readonly scenario: unknown;
  readonly system: unknown;
}

type Path = readonly (string | number)[];

/** A value that was set: the path as written, and where it led. */
export interface Placed {
  readonly key: string;
  readonly file: 'scenario' | 'system';
  readonly path: Path;
  /** Parts of the path up to the first that the variant made: what lies below is its own. */
  readonly ownFrom: number;
}

export interface Changed {
  readonly source: Source;
  readonly placed: readonly Placed[];
  /** Paths that lead nowhere. */
  readonly lost: readonly string[];
}

/**
 * The source with values set by path. `system.…` leads into the system file, anything else into the
 * scenario; a list is entered by index, or by the `name` of an element.
 */
export const withValues = (source: Source, values: Readonly<Record<string, unknown>>): Changed => {
  const copy = structuredClone(source);
  const placed: Placed[] = [];
  const lost: string[] = [];
  for (const [key, value] of Object.entries(values)) {
    const parts = key.split('.');
    const file = parts[0] === 'system' ? 'system' : 'scenario';
    const path = setAt(copy[file], file === 'system' ? parts.slice(1) : parts, value);
    if (path) placed.push({ key, file, path, ownFrom: ownFrom(source[file], path) });
    else lost.push(key);
  }
  return { source: copy, placed, lost };
};

/** Sets a value and says where; undefined where the path leads nowhere. */
const setAt = (node: unknown, parts: readonly string[], value: unknown): Path | undefined => {
  if (parts.length === 0 || parts.some((part) => part === '' || part === '__proto__'))
    return undefined;
  return Array.isArray(node) ? setInList(node, parts, value) : setInRecord(node, parts, value);
};

const setInList = (
  list: unknown[],
  [part = '', ...rest]: readonly string[],
  value: unknown,
): Path | undefined => {
  const at = /^\d+$/.test(part)
    ? Number(part)
    : list.findIndex((item: unknown) => nameOf(item) === part);
  if (at < 0 || at >= list.length) return undefined;
  if (rest.length > 0) return prefixed([at], setAt(list[at], rest, value));
  list[at] = value;
  return [at];
};

/** Model names hold dots, so a key may span several parts of a path. */
const setInRecord = (node: unknown, parts: readonly string[], value: unknown): Path | undefined => {
  if (!isRecord(node)) return undefined;
  const record: Record<string, unknown> = node;
  for (let length = parts.length; length >= 1; length--) {
    const key = parts.slice(0, length).join('.');
    const rest = parts.slice(length);
    if (!Object.hasOwn(record, key)) continue;
    if (rest.length > 0) return prefixed([key], setAt(record[key], rest, value));
    record[key] = value;
    return [key];
  }
  const [part = '', ...rest] = parts;
  if (rest.length === 0) {
    record[part] = value;
    return [part];
  }
  const inner: Record<string, unknown> = {};
  record[part] = inner;
  return prefixed([part], setAt(inner, rest, value));
};

/** The length of the path up to its first part that was not there, or its whole length. */
const ownFrom = (node: unknown, path: Path): number => {
  let inner = node;
  for (const [depth, part] of path.entries()) {
    if (!isEntry(inner) || !Object.hasOwn(inner, part)) return depth + 1;
    inner = inner[part];
  }
  return path.length;
};

const isEntry = (node: unknown): node is Readonly<Record<string | number, unknown>> =>
  typeof node === 'object' && node !== null;

const prefixed = (first: Path, rest: Path | undefined): Path | undefined =>
  rest && [...first, ...rest];

const nameOf = (item: unknown): unknown =>
  typeof item === 'object' && item !== null && 'name' in item ? item.name : undefined;
