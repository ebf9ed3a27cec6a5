/**
 * The files that a LiteLLM file includes, as one document: lists are joined, and of what else two
 * files have, the one that is read later wins. Each part keeps its place in its own file.
 *
 * https://docs.litellm.ai/docs/proxy/config_management
 */

import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

import { readDocument, type SourceDocument } from './document.ts';
import type { Mistake } from './mistake.ts';
import { isRecord } from './validation.ts';

/** Where a run of a list's entries, or a whole value, comes from. */
interface Origin {
  readonly document: SourceDocument;
  /** Of its first entry in the joined list. */
  readonly from: number;
}

interface Joined {
  readonly value: Record<string, unknown>;
  /** By key, in order. */
  readonly origins: Map<string, readonly Origin[]>;
}

/** A document that has no `include` is given back as it is. */
export const withIncluded = (root: SourceDocument): SourceDocument => {
  if (!isRecord(root.value) || root.value['include'] === undefined) return root;
  const joined: Joined = { value: {}, origins: new Map() };
  const mistakes: Mistake[] = [];
  const loaded = new Set([normalize(root.file)]);
  const pending: SourceDocument[] = [root];
  for (let document = pending.shift(); document; document = pending.shift()) {
    add(joined, document);
    for (const [at, path] of pathsIn(document, root).entries()) {
      if (path === undefined) mistakes.push(absent(document, at));
      else if (!loaded.has(path)) pending.push(readDocument(path));
      if (path !== undefined) loaded.add(path);
    }
  }
  const placed: SourceDocument['mistake'] = ([key = '', at, ...rest], problem, hint, isKey) => {
    const origins = joined.origins.get(String(key)) ?? [];
    const origin =
      typeof at === 'number' ? origins.findLast(({ from }) => from <= at) : origins.at(-1);
    const place =
      typeof at === 'number' ? [at - (origin?.from ?? 0)] : at === undefined ? [] : [at];
    const path = key === '' ? [] : [key, ...place, ...rest];
    return (origin?.document ?? root).mistake(path, problem, hint, isKey);
  };
  return { ...root, value: joined.value, mistakes, mistake: placed };
};

const add = ({ value, origins }: Joined, document: SourceDocument): void => {
  if (!isRecord(document.value)) return;
  for (const [key, given] of Object.entries(document.value)) {
    if (key === 'include') continue;
    const before = value[key];
    const isLonger = Array.isArray(before) && Array.isArray(given);
    const from = isLonger ? before.length : 0;
    value[key] = isLonger ? [...before, ...given] : given;
    origins.set(key, [...(isLonger ? (origins.get(key) ?? []) : []), { document, from }]);
  }
};

/** Beside the file that names it, or, as older files have it, beside the first. */
const pathsIn = (
  { file, value }: SourceDocument,
  root: SourceDocument,
): readonly (string | undefined)[] => {
  const entries: unknown = isRecord(value) ? (value['include'] ?? []) : [];
  return (Array.isArray(entries) ? entries : [entries]).map((entry: unknown) =>
    typeof entry === 'string'
      ? [file, root.file].map((it) => join(dirname(it), entry)).find((it) => existsSync(it))
      : undefined,
  );
};

const absent = (document: SourceDocument, at: number): Mistake =>
  document.mistake(
    ['include', at],
    'expected the path of a file, relative to this one, found none there',
    'Check the path.',
  );
