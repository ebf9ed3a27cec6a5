/**
 * Reading one field of a client's JSON, or refusing it by name.
 *
 * Null and absent are the same to every reader, as they are to OpenAI.
 */

import { badRequest, missingParameter, wrongType, wrongValue } from './api-error.ts';
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
  if (value.length > listMax)
    throw badRequest(
      `Invalid '${param}': array too long. Expected an array with maximum length ${listMax}, ` +
        `but got an array with length ${value.length} instead.`,
      param,
      'array_above_max_length',
    );

  return value;
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
  bounds: { readonly min: number; readonly max: number },
): number | undefined => {
  const value = fields[key] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw wrongType(key, 'a decimal', value);
  if (value < bounds.min || value > bounds.max)
    throw badRequest(
      `Invalid '${key}': expected a value from ${bounds.min} to ${bounds.max}, got ${value}.`,
      key,
      'invalid_value',
    );

  return value;
};

export const integerField = (
  fields: JsonObject,
  key: string,
  bounds: { readonly min: number; readonly max: number },
): number | undefined => {
  const value = fields[key];
  if (typeof value === 'number' && !Number.isInteger(value))
    throw wrongType(key, 'an integer', value);

  return numberField(fields, key, bounds);
};

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
