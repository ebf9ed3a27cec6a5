/**
 * Holds a value against a schema and says, in words, where they differ.
 *
 * A general validator reports a mistake inside a union once for each of its branches. A person
 * meant one branch, so this walk finds out which, by the tag that tells the branches apart, and
 * reports against that one only.
 */

import type { TSchema } from 'typebox';
import Value from 'typebox/value';

/** A difference between a value and its schema; `path` leads to it from the top. */
export interface Difference {
  readonly path: readonly (string | number)[];
  readonly problem: string;
  readonly hint: string;
  /** The key itself is wrong, not its value. */
  readonly isKey?: boolean;
}

/** The parts of JSON Schema that the schemas of this project use. */
interface Shape {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly Shape[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly patternProperties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: boolean | Shape;
  readonly required?: readonly string[];
  /** A list of shapes is a tuple. */
  readonly items?: Shape | readonly Shape[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly minProperties?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly pattern?: string;
  readonly description?: string;
  /** Our own words for what is expected, where the keywords would not be understood. */
  readonly expected?: string;
}

/** All differences, in the order of the schema. */
export const differences = (schema: TSchema, value: unknown): readonly Difference[] =>
  walk(schema, value, []);

type Path = readonly (string | number)[];

const walk = (shape: Shape, value: unknown, path: Path): readonly Difference[] => {
  if (shape.anyOf) return walkUnion(shape, shape.anyOf, value, path);
  if (shape.type === 'object') return walkObject(shape, value, path);
  if (shape.type === 'array') return walkArray(shape, value, path);
  if (Value.Check(shape as TSchema, value)) return [];

  return [differs(shape, value, path)];
};

const walkUnion = (
  union: Shape,
  branches: readonly Shape[],
  value: unknown,
  path: Path,
): readonly Difference[] => {
  if (Value.Check(union as TSchema, value)) return [];
  if (isRecord(value)) {
    const objects = branches.filter((branch) => branch.type === 'object');
    const tag = tagOf(objects);
    if (tag !== undefined && value[tag] !== undefined) {
      const meant = objects.find((branch) => branch.properties?.[tag]?.const === value[tag]);
      if (meant) return walk(meant, value, path);
      const tags = objects.map((branch) => String(branch.properties?.[tag]?.const));
      return [
        {
          path: [...path, tag],
          problem: `expected one of ${tags.join(', ')}, found ${shown(value[tag])}`,
          hint:
            closest(String(value[tag]), tags) ??
            (union.description ? `${union.description}.` : `Write one of ${tags.join(', ')}.`),
        },
      ];
    }
    const only = objects.length === 1 ? objects[0] : undefined;
    if (only) return walk(only, value, path);
  }
  if (Array.isArray(value)) {
    const array = branches.find((branch) => branch.type === 'array');
    if (array) return walk(array, value, path);
  }

  return [differs(union, value, path)];
};

/** The property that has a constant in every branch. */
const tagOf = (branches: readonly Shape[]): string | undefined =>
  Object.keys(branches[0]?.properties ?? {}).find((name) =>
    branches.every((branch) => branch.properties?.[name]?.const !== undefined),
  );

const walkObject = (shape: Shape, value: unknown, path: Path): readonly Difference[] => {
  if (!isRecord(value) || Object.keys(value).length < (shape.minProperties ?? 0))
    return [differs(shape, value, path)];
  const properties = shape.properties ?? {};
  const patterns = Object.entries(shape.patternProperties ?? {});
  const found: Difference[] = [];
  for (const [name, inner] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const pattern = patterns.find(([source]) => new RegExp(source, 'u').test(name))?.[1];
    const other = typeof shape.additionalProperties === 'object' && shape.additionalProperties;
    const next = known ?? pattern ?? (other || undefined);
    if (next) found.push(...walk(next, inner, [...path, name]));
    else if (shape.additionalProperties === false || patterns.length > 0)
      found.push(unknownKey(name, Object.keys(properties), path));
  }
  for (const name of shape.required ?? []) {
    if (Object.hasOwn(value, name) && value[name] !== undefined) continue;
    const wanted = properties[name];
    found.push({
      path,
      problem: `expected \`${name}\`, which is missing`,
      hint: `Add \`${name}:\`${wanted ? ` with ${expectation(wanted)}` : ''}.`,
    });
  }
  return found;
};

const unknownKey = (name: string, known: readonly string[], path: Path): Difference => ({
  path: [...path, name],
  problem: `unknown key \`${name}\``,
  hint:
    closest(name, known) ??
    (known.length === 0
      ? 'Remove it.'
      : `Remove it, or use one of ${known.toSorted().join(', ')}.`),
  isKey: true,
});

const walkArray = (shape: Shape, value: unknown, path: Path): readonly Difference[] => {
  if (!Array.isArray(value)) return [differs(shape, value, path)];
  if (value.length < (shape.minItems ?? 0) || value.length > (shape.maxItems ?? Infinity))
    return [differs(shape, value, path)];
  const { items } = shape;
  if (isTuple(items))
    return Value.Check(shape as TSchema, value) ? [] : [differs(shape, value, path)];
  return items ? value.flatMap((inner, at) => walk(items, inner, [...path, at])) : [];
};

const isTuple = (items: Shape['items']): items is readonly Shape[] => Array.isArray(items);

const differs = (shape: Shape, value: unknown, path: Path): Difference => {
  const words = Object.values(choicesOf(shape));
  const near = typeof value === 'string' ? closest(value, words) : undefined;
  return {
    path,
    problem: `expected ${expectation(shape)}, found ${shown(value)}`,
    hint: near ?? (shape.description ? `${shape.description}.` : `Write ${expectation(shape)}.`),
  };
};

const choicesOf = (shape: Shape): readonly string[] =>
  (shape.anyOf ?? [])
    .map((branch) => branch.const)
    .filter((choice): choice is string => typeof choice === 'string');

/** What a value of this shape looks like, in words. */
const expectation = (shape: Shape): string => {
  if (shape.expected !== undefined) return shape.expected;
  if (shape.const !== undefined) return shown(shape.const);
  if (shape.anyOf) {
    const choices = unionChoices(shape.anyOf);
    return choices.every((choice) => !choice.includes(' '))
      ? `one of ${choices.join(', ')}`
      : choices.join(', or ');
  }
  switch (shape.type) {
    case 'integer':
    case 'number':
      return numberExpectation(shape);
    case 'string':
      if (shape.pattern !== undefined) return `a text of the form ${shape.pattern}`;
      return shape.minLength ? 'a text that is not empty' : 'a text';
    case 'boolean':
      return 'true or false';
    case 'array':
      if (isTuple(shape.items)) return `a list of ${shape.items.map(expectation).join(' and ')}`;
      if (shape.maxItems) return `a list of ${shape.minItems ?? 0} to ${shape.maxItems}`;
      return shape.minItems ? `a list of at least ${shape.minItems}` : 'a list';
    case 'object':
    case undefined:
    default:
      return shape.minProperties ? 'a group of keys that is not empty' : 'a group of keys';
  }
};

/** Groups of keys that a tag tells apart are one choice: a group with that tag. */
const unionChoices = (branches: readonly Shape[]): readonly string[] => {
  const objects = branches.filter(({ type }) => type === 'object');
  const tag = objects.length > 1 ? tagOf(objects) : undefined;
  if (tag === undefined) return [...new Set(branches.map(expectation))];
  const tags = objects.map((branch) => String(branch.properties?.[tag]?.const));
  return [
    `a group of keys with \`${tag}\` one of ${tags.join(', ')}`,
    ...branches.filter(({ type }) => type !== 'object').map(expectation),
  ];
};

const numberExpectation = (shape: Shape): string => {
  const noun = shape.type === 'integer' ? 'a whole number' : 'a number';
  const { minimum, maximum, exclusiveMinimum } = shape;
  if (exclusiveMinimum !== undefined)
    return `${noun} above ${exclusiveMinimum}${maximum === undefined ? '' : `, ${maximum} at most`}`;
  if (minimum !== undefined && maximum !== undefined)
    return `${noun} from ${minimum} to ${maximum}`;
  return minimum === undefined ? noun : `${noun} of at least ${minimum}`;
};

/** A value as a reader would recognise it, never longer than a line. */
const shown = (value: unknown): string => {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isRecord(value)) return 'a group of keys';
  // JSON has no word for the numbers that are none.
  const text =
    typeof value === 'string'
      ? `'${value}'`
      : typeof value === 'number'
        ? String(value)
        : (JSON.stringify(value) ?? typeof value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

/** Whether the value is a group of keys. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `Did you mean …?`, when one of the words is within two edits. */
export const closest = (word: string, words: readonly string[]): string | undefined => {
  const near = words
    .map((candidate) => ({
      candidate,
      edits: editsBetween(word.toLowerCase(), candidate.toLowerCase()),
    }))
    .filter(({ candidate, edits }) => edits <= Math.min(2, Math.floor(candidate.length / 2)))
    .toSorted((one, other) => one.edits - other.edits)[0];
  return near ? `Did you mean \`${near.candidate}\`?` : undefined;
};

/** Levenshtein's distance. */
const editsBetween = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let at = 1; at <= one.length; at++) {
    const next = [at];
    for (let to = 1; to <= other.length; to++) {
      const swap = (row[to - 1] ?? 0) + (one[at - 1] === other[to - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
};
