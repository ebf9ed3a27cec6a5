/** Variants: the arms of one run, each the same file with a few values set otherwise. */

import { isRecord } from '../system/validation.ts';

/** A scenario and a system as read, before anything is resolved. */
export interface Source {
  readonly scenario: unknown;
  readonly system: unknown;
}

/**
 * The source with values set by path. `system.…` leads into the system file, anything else into the
 * scenario; a list is entered by index, or by the `name` of an element.
 * Paths that lead nowhere come back in `lost`.
 */
export const withValues = (
  source: Source,
  values: Readonly<Record<string, unknown>>,
): { readonly source: Source; readonly lost: readonly string[] } => {
  const copy = structuredClone(source);
  const lost = Object.entries(values)
    .filter(([path, value]) => {
      const [first = '', ...rest] = path.split('.');
      return first === 'system'
        ? !setAt(copy.system, rest, value)
        : !setAt(copy.scenario, [first, ...rest], value);
    })
    .map(([path]) => path);
  return { source: copy, lost };
};

/** Model names hold dots, so a key may span several parts of a path. */
const setAt = (node: unknown, path: readonly string[], value: unknown): boolean => {
  if (path.length === 0) return false;
  if (Array.isArray(node)) {
    const [part = '', ...rest] = path;
    const at = /^\d+$/.test(part)
      ? Number(part)
      : node.findIndex((item: unknown) => nameOf(item) === part);
    if (at < 0 || at >= node.length) return false;
    if (rest.length > 0) return setAt(node[at], rest, value);
    node[at] = value;
    return true;
  }
  if (!isRecord(node)) return false;
  const record: Record<string, unknown> = node;
  for (let length = path.length; length >= 1; length--) {
    const key = path.slice(0, length).join('.');
    const rest = path.slice(length);
    if (rest.length > 0 && key in record) return setAt(record[key], rest, value);
    if (rest.length === 0 && key in record) {
      record[key] = value;
      return true;
    }
  }
  if (path.length > 1) {
    const [part = '', ...rest] = path;
    const inner: Record<string, unknown> = {};
    record[part] = inner;
    return setAt(inner, rest, value);
  }
  record[path[0] ?? ''] = value;
  return true;
};

const nameOf = (item: unknown): unknown =>
  typeof item === 'object' && item !== null && 'name' in item ? item.name : undefined;
