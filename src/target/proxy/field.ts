/**
 * Reading one field of a client's JSON, or refusing it by name.
 *
 * Null and absent are the same to every reader, as they are to OpenAI.
 */

import {
  type ApiError,
  badRequest,
  missingParameter,
  outOfBounds,
  wrongType,
  wrongValue,
} from './api-error.ts';
import { type JsonObject, asRecord } from './json.ts';

/** The value as an object of which nothing is known yet. */
export const fieldsOf = (value: unknown, param: string): JsonObject => {
  const fields = asRecord(value);
  if (fields === undefined) throw wrongType(param, 'an object', value);

  return fields;
};

/** The deepest JSON Schema that is taken; deeper ones could not be written out again. */
const schemaLevelsMax = 200;

/** The value as a JSON Schema, which is passed on as it is. */
export const schemaOf = (value: unknown, param: string): JsonObject => {
  const schema = fieldsOf(value, param);
  let level: readonly unknown[] = [schema];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > schemaLevelsMax)
      throw badRequest(
        `Invalid '${param}': expected at most ${schemaLevelsMax} levels.`,
        param,
        'invalid_value',
      );
    level = level.flatMap((it) => (typeof it === 'object' && it !== null ? Object.values(it) : []));
  }
  return schema;
};

/** Longer lists are no conversation any more, and reading them would keep everybody waiting. */
const listMax = 50_000;

/** The value as a list that is not too long. */
export const listOf = (
  value: unknown,
  param: string,
  expected = 'an array',
): readonly unknown[] => {
  if (!Array.isArray(value)) throw wrongType(param, expected, value);
  if (value.length > listMax) throw tooLongList(param, value.length, listMax);

  return value;
};

/** A list of more entries than are taken. */
export const tooLongList = (param: string, length: number, lengthMax: number): ApiError =>
  outOfBounds(
    param,
    'array too long',
    `an array with maximum length ${lengthMax}`,
    `an array with length ${length}`,
  );

/** The text, if it is no longer than this. */
export const boundedText = (text: string, param: string, charsMax: number): string => {
  if (text.length > charsMax)
    throw outOfBounds(
      param,
      'string too long',
      `a string with maximum length ${charsMax}`,
      `a string with length ${text.length}`,
    );

  return text;
};

export const stringField = (fields: JsonObject, key: string, param = key): string | undefined => {
  const value = fields[key] ?? undefined;
  if (value !== undefined && typeof value !== 'string') throw wrongType(param, 'a string', value);

  return value;
};

export const requiredString = (fields: JsonObject, key: string, param = key): string => {
  const value = stringField(fields, key, param);
  if (value === undefined) throw missingParameter(param);

  return value;
};

export const flagField = (fields: JsonObject, key: string): boolean | undefined => {
  const value = fields[key] ?? undefined;
  if (value !== undefined && typeof value !== 'boolean') throw wrongType(key, 'a boolean', value);

  return value;
};

/** A number within its bounds. */
export const numberField = (
  fields: JsonObject,
  key: string,
  { min, max }: { readonly min: number; readonly max: number },
  kind: 'decimal' | 'integer' = 'decimal',
): number | undefined => {
  const value = fields[key] ?? undefined;
  if (value === undefined) return undefined;
  const isKind = typeof value === 'number' && (kind === 'decimal' || Number.isInteger(value));
  if (!isKind) throw wrongType(key, kind === 'decimal' ? 'a decimal' : 'an integer', value);
  if (value < min)
    throw outOfBounds(key, `${kind} below minimum value`, `a value >= ${min}`, String(value));
  if (value > max)
    throw outOfBounds(key, `${kind} above maximum value`, `a value <= ${max}`, String(value));

  return value;
};

export const integerField = (
  fields: JsonObject,
  key: string,
  bounds: { readonly min: number; readonly max: number },
): number | undefined => numberField(fields, key, bounds, 'integer');

/** One of the listed words. */
export const choiceField = <T extends string>(
  fields: JsonObject,
  key: string,
  allowed: readonly T[],
  param = key,
): T | undefined => {
  const value = stringField(fields, key, param);
  if (value === undefined) return undefined;
  const chosen = allowed.find((it) => it === value);
  if (chosen === undefined) throw wrongValue(param, value, allowed);

  return chosen;
};
