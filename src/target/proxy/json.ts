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

/** JSON of any shape; undefined when the text is not JSON, or so intricate that none is read. */
export const parseJson = (text: string): unknown => {
  if (isIntricate(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** What is no longer than this is read in a moment, whatever it is. */
const plainCharsMax = 256 * 1024;
/** More than these, in a text that is long. */
export const levelsMax = 1000;
export const valuesMax = 500_000;

/**
 * Whether reading it would take seconds and gigabytes, as 32 MiB of brackets do: they are packed
 * into a kilobyte, and everyone would wait. Text costs next to nothing, so it is leapt over.
 */
export const isIntricate = (text: string): boolean => {
  if (text.length <= plainCharsMax) return false;
  let levels = 0;
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === quote) at = endOfString(text, at);
    else if (char === brace || char === bracket) levels++;
    else if (char === brace + 2 || char === bracket + 2) levels--;
    // A comma parts two values, and a bracket may hold one.
    if (char === comma || char === brace || char === bracket) values++;
    if (levels > levelsMax || values > valuesMax) return true;
  }
  return false;
};

const [quote, comma, bracket, backslash, brace] = [0x22, 0x2c, 0x5b, 0x5c, 0x7b];

const endOfString = (text: string, opened: number): number => {
  let end = opened;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end === -1) return text.length;
    let before = end;
    while (text.charCodeAt(before - 1) === backslash) before--;
    if ((end - before) % 2 === 0) return end;
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
