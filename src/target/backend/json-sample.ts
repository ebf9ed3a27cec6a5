/**
 * A value that obeys a JSON Schema, as a cooperative model would write it.
 *
 * Understood: `type`, `enum`, `const`, `$ref` within the document, `anyOf`, `oneOf`, `allOf`,
 * bounds of numbers, lengths, `pattern`, `format`, `items`, `prefixItems`, `uniqueItems`,
 * `properties`, `required`, `additionalProperties`. That is more than OpenAI's strict subset.
 * Not understood, and not obeyed: `not`, `if`, `dependentSchemas`, `patternProperties`.
 */

import { integerBetween, pick } from '../../random/distribution.ts';
import { seededIds } from '../../random/id.ts';
import type { Random } from '../../random/random.ts';
import { patternSample } from './pattern-sample.ts';

/** Draws a value that obeys the schema. */
export const jsonSample = (schema: unknown, random: Random): unknown =>
  new SchemaReader(schema, random).sample(schema, 0);

type Schema = Readonly<Record<string, unknown>>;

/** Below this depth only what must be there is there, so that recursive schemas come to an end. */
const generousDepthMax = 4;
/** A schema that demands itself without end cannot be obeyed. */
const depthMax = 32;
/** Tries at distinct items, and at a pattern of the right length. */
const triesMax = 20;

const words =
  'harbour cedar lantern river granite orchard signal copper meadow anchor willow summit'.split(
    ' ',
  );

class SchemaReader {
  readonly #root: unknown;
  readonly #random: Random;

  constructor(root: unknown, random: Random) {
    this.#root = root;
    this.#random = random;
  }

  sample(given: unknown, depth: number): unknown {
    if (depth > depthMax) return null;
    if (!isSchema(given)) return this.#word();
    const schema = this.#flattened(given, depth);
    if ('const' in schema) return schema['const'];
    const options = listOf(schema['enum']);
    if (options.length > 0) return options[integerBetween(this.#random, 0, options.length - 1)];
    switch (typeOf(schema, depth)) {
      case 'object':
        return this.#object(schema, depth);
      case 'array':
        return this.#array(schema, depth);
      case 'integer':
        return this.#integer(schema);
      case 'number':
        return this.#number(schema);
      case 'boolean':
        return this.#random.next() < 0.5;
      case 'null':
        return null;
      default:
        return this.#string(schema);
    }
  }

  /** The schema with its references followed, its parts joined and one of its options taken. */
  #flattened(schema: Schema, depth: number, hops = 0): Schema {
    const { $ref, allOf, anyOf, oneOf, ...own } = schema;
    const options = listOf(anyOf).length > 0 ? listOf(anyOf) : listOf(oneOf);
    const parts = [
      ...(typeof $ref === 'string' ? [this.#referenced($ref)] : []),
      ...listOf(allOf),
      ...(options.length > 0 ? [this.#option(options, depth)] : []),
    ].filter(isSchema);
    if (parts.length === 0 || hops > depthMax) return own;
    return parts.map((part) => this.#flattened(part, depth, hops + 1)).reduce(joined, own);
  }

  #referenced(pointer: string): unknown {
    return pointer
      .replace(/^#\/?/, '')
      .split('/')
      .filter((step) => step !== '')
      .map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce<unknown>((at, step) => entriesOf(at).get(step), this.#root);
  }

  /** Something rather than null; deep down, the shortest, which is the least recursive. */
  #option(options: readonly unknown[], depth: number): unknown {
    if (depth > generousDepthMax)
      return options.toSorted((a, b) => JSON.stringify(a).length - JSON.stringify(b).length)[0];
    const telling = options.filter((it) => !isSchema(it) || it['type'] !== 'null');
    return telling.length > 0 ? pick(this.#random, telling) : options[0];
  }

  #object(schema: Schema, depth: number): unknown {
    const properties = entriesOf(schema['properties']);
    const required = new Set(listOf(schema['required']));
    const isGenerous = depth < generousDepthMax;
    const entries = [...properties]
      .filter(([key]) => required.has(key) || (isGenerous && this.#random.next() < 0.7))
      .map(([key, part]): [string, unknown] => [key, this.sample(part, depth + 1)]);
    const undescribed = [...required].filter((key) => !properties.has(String(key)));
    for (const key of undescribed)
      entries.push([String(key), this.sample(schema['additionalProperties'], depth + 1)]);
    const least = numberOf(schema['minProperties']) ?? 0;
    for (let at = 1; entries.length < least; at++)
      entries.push([`key${at}`, this.sample(schema['additionalProperties'], depth + 1)]);
    return Object.fromEntries(entries);
  }

  #array(schema: Schema, depth: number): unknown {
    const least = numberOf(schema['minItems']) ?? 0;
    const wanted = depth < generousDepthMax ? Math.max(least, 2) : least;
    const prefix = listOf(schema['prefixItems']);
    const mayGoOn = schema['items'] !== false;
    const most = Math.min(
      numberOf(schema['maxItems']) ?? Infinity,
      mayGoOn ? Infinity : prefix.length,
    );
    const items: unknown[] = [];
    const seen = new Set<string>();
    const end = Math.max(Math.min(Math.max(wanted, prefix.length), most), least);
    for (let tries = 0; items.length < end && tries < end + triesMax; tries++) {
      const part = items.length < prefix.length ? prefix[items.length] : schema['items'];
      const item = this.sample(part, depth + 1);
      const text = JSON.stringify(item);
      if (schema['uniqueItems'] === true && seen.has(text)) continue;
      seen.add(text);
      items.push(item);
    }
    return items;
  }

  #integer(schema: Schema): number {
    const step = Math.max(1, numberOf(schema['multipleOf']) ?? 1);
    const { low, high } = boundsOf(schema);
    const first = Math.ceil((low.isOpen ? low.at + 1e-9 : low.at) / step);
    const last = Math.floor((high.isOpen ? high.at - 1e-9 : high.at) / step);
    return integerBetween(this.#random, first, Math.max(first, last)) * step;
  }

  #number(schema: Schema): number {
    if (schema['multipleOf'] !== undefined) return this.#multiple(schema);
    const { low, high } = boundsOf(schema);
    // Away from both ends, so that open bounds hold as well.
    const exact = low.at + (high.at - low.at) * (0.1 + 0.8 * this.#random.next());
    const short = Math.round(exact * 100) / 100;
    return short > low.at && short < high.at ? short : exact;
  }

  #multiple(schema: Schema): number {
    const step = numberOf(schema['multipleOf']) ?? 1;
    const { low, high } = boundsOf(schema);
    const first = Math.ceil(low.at / step) + (low.isOpen && low.at % step === 0 ? 1 : 0);
    const last = Math.floor(high.at / step) - (high.isOpen && high.at % step === 0 ? 1 : 0);
    return integerBetween(this.#random, first, Math.max(first, last)) * step;
  }

  #string(schema: Schema): string {
    const least = numberOf(schema['minLength']) ?? 0;
    const most = numberOf(schema['maxLength']) ?? Infinity;
    const { pattern, format } = schema;
    if (typeof pattern === 'string') {
      for (let tries = 0; tries < triesMax; tries++) {
        const sample = patternSample(pattern, this.#random);
        if (sample !== undefined && sample.length >= least && sample.length <= most) return sample;
      }
    }
    const formatted = typeof format === 'string' ? this.#formatted(format) : undefined;
    if (formatted !== undefined) return formatted;
    let text = this.#word();
    while (text.length < Math.max(least, 8)) text += ` ${this.#word()}`;
    return text.slice(0, most);
  }

  #formatted(format: string): string | undefined {
    const random = this.#random;
    const two = (min: number, max: number): string =>
      String(integerBetween(random, min, max)).padStart(2, '0');
    const date = (): string => `2026-${two(1, 12)}-${two(1, 28)}`;
    const time = (): string => `${two(0, 23)}:${two(0, 59)}:${two(0, 59)}Z`;
    switch (format) {
      case 'date':
        return date();
      case 'time':
        return time();
      case 'date-time':
        return `${date()}T${time()}`;
      case 'duration':
        return `P${integerBetween(random, 1, 28)}D`;
      case 'email':
      case 'idn-email':
        return `${this.#word()}@example.com`;
      case 'hostname':
      case 'idn-hostname':
        return `${this.#word()}.example.com`;
      case 'uri':
      case 'url':
      case 'iri':
      case 'uri-reference':
        return `https://example.com/${this.#word()}`;
      case 'ipv4':
        return `192.0.2.${integerBetween(random, 1, 254)}`;
      case 'ipv6':
        return `2001:db8::${integerBetween(random, 1, 9999)}`;
      case 'uuid':
        return seededIds(random)().replace(
          /^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/,
          '$1-$2-4$3-8$4-$5',
        );
      default:
        return undefined;
    }
  }

  #word(): string {
    return pick(this.#random, words);
  }
}

interface Bound {
  readonly at: number;
  readonly isOpen: boolean;
}

/** Where numbers may lie; where one side is free, a hundred away from the other. */
const boundsOf = (schema: Schema): { readonly low: Bound; readonly high: Bound } => {
  const closedLow = numberOf(schema['minimum']) ?? -Infinity;
  const openLow = numberOf(schema['exclusiveMinimum']) ?? -Infinity;
  const closedHigh = numberOf(schema['maximum']) ?? Infinity;
  const openHigh = numberOf(schema['exclusiveMaximum']) ?? Infinity;
  const low = Math.max(closedLow, openLow);
  const high = Math.min(closedHigh, openHigh);
  const spread = 100 * (numberOf(schema['multipleOf']) ?? 1);
  const from = low > -Infinity ? low : high < Infinity ? high - spread : 1;
  return {
    low: { at: from, isOpen: openLow >= closedLow && openLow > -Infinity },
    high: {
      at: high < Infinity ? high : from + spread,
      isOpen: openHigh <= closedHigh && openHigh < Infinity,
    },
  };
};

const typeOf = (schema: Schema, depth: number): unknown => {
  const { type } = schema;
  if (Array.isArray(type)) {
    if (depth > generousDepthMax && type.includes('null')) return 'null';
    return type.find((it) => it !== 'null') ?? 'null';
  }
  if (type !== undefined) return type;
  if ('properties' in schema || 'required' in schema) return 'object';
  if ('items' in schema || 'prefixItems' in schema) return 'array';
  if (['minimum', 'maximum', 'exclusiveMinimum', 'multipleOf'].some((key) => key in schema))
    return 'number';
  return 'string';
};

/** Both at once: properties and requirements add up; of anything else the later wins. */
const joined = (one: Schema, other: Schema): Schema => ({
  ...one,
  ...other,
  ...(one['properties'] || other['properties']
    ? {
        properties: Object.fromEntries([
          ...entriesOf(one['properties']),
          ...entriesOf(other['properties']),
        ]),
      }
    : {}),
  ...(one['required'] || other['required']
    ? { required: [...listOf(one['required']), ...listOf(other['required'])] }
    : {}),
});

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const entriesOf = (value: unknown): ReadonlyMap<string, unknown> =>
  new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : undefined;
