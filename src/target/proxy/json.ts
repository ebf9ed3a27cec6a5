/** JSON from strangers: read without believing anything about its shape. */

export type JsonObject = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value as an object; undefined for anything else. */
export const asRecord = (value: unknown): JsonObject | undefined =>
  isRecord(value) ? value : undefined;

/** The value as text; undefined for anything else. */
export const asText = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** The value as a whole count, 0 or more; undefined for anything else, infinity among it. */
export const asCount = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

/** JSON of any shape; undefined when the text is not JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/**
 * The value as JSON text; undefined when it is nested so deep that writing it needs more stack than
 * there is. Reading has no such bound.
 */
export const jsonText = (value: unknown): string | undefined => {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
};

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The fields that have a value. */
export const defined = <T extends object>(fields: T): Defined<T> => {
  const kept: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const key in fields) {
    const value = fields[key];
    if (isDefined(value)) kept[key] = value;
  }
  return kept;
};

const isDefined = <V>(value: V): value is Exclude<V, undefined> => value !== undefined;
