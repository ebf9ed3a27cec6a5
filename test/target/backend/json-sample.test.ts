/** Values drawn from schemas, checked by a validator that is not ours. */

import fc from 'fast-check';
import Schema from 'typebox/schema';
import { expect, test } from 'vitest';

import { seeded } from '../../../src/random/random.ts';
import { jsonSample } from '../../../src/target/backend/json-sample.ts';
import { patternSample } from '../../../src/target/backend/pattern-sample.ts';

const range = fc
  .tuple(fc.nat(40), fc.nat(40))
  .map(([least, more]) => [least, least + more] as const);

const leaf: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  fc.constant({ type: 'string' }),
  fc
    .constantFrom('date', 'date-time', 'time', 'email', 'uri', 'uuid', 'ipv4', 'hostname')
    .map((format) => ({ type: 'string', format })),
  range.map(([minLength, maxLength]) => ({ type: 'string', minLength, maxLength })),
  fc
    .constantFrom('^[A-Z]{3}-\\d{4}$', '^(red|green)+$', '[a-z]{2,5}_x?', '^\\w+@\\w+\\.com$')
    .map((pattern) => ({ type: 'string', pattern })),
  range.map(([minimum, maximum]) => ({ type: 'integer', minimum, maximum })),
  range.map(([least, most]) => ({
    type: 'integer',
    exclusiveMinimum: least,
    exclusiveMaximum: most + 2,
  })),
  range.map(([minimum, maximum]) => ({
    type: 'integer',
    minimum,
    maximum: maximum + 7,
    multipleOf: 7,
  })),
  range.map(([least, most]) => ({
    type: 'number',
    exclusiveMinimum: least / 7,
    exclusiveMaximum: most / 7 + 0.01,
  })),
  fc.integer().map((maximum) => ({ type: 'number', maximum })),
  fc.constantFrom({ type: 'boolean' }, { type: 'null' }, { type: ['null', 'string'] }),
  fc.array(fc.jsonValue(), { minLength: 1 }).map((values) => ({ enum: values })),
  fc.oneof(fc.string(), fc.integer(), fc.boolean()).map((value) => ({ const: value })),
);

const { schema } = fc.letrec<{ schema: Record<string, unknown> }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.tuple(fc.nat(3), fc.nat(3), tie('schema')).map(([least, more, items]) => ({
      type: 'array',
      items,
      minItems: least,
      maxItems: least + more,
    })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc
      .dictionary(fc.stringMatching(/^[a-z~/ ]{1,6}$/), fc.tuple(tie('schema'), fc.boolean()), {
        maxKeys: 4,
      })
      .map((parts) => ({
        type: 'object',
        properties: Object.fromEntries(Object.entries(parts).map(([key, [it]]) => [key, it])),
        required: Object.entries(parts)
          .filter(([, [, isRequired]]) => isRequired)
          .map(([key]) => key),
        additionalProperties: false,
      })),
  ),
}));

const obeys = (schema: object, value: unknown): boolean => Schema.Check(schema, value);

test('a sample obeys its schema', () => {
  fc.assert(
    fc.property(schema, fc.nat(), (schema, seed) => {
      expect(jsonSample(schema, seeded(seed))).toSatisfy((value) => obeys(schema, value));
    }),
    { numRuns: 500 },
  );
});

test('a reference to a definition is followed, also through a recursion', () => {
  const tree = {
    $ref: '#/$defs/node',
    $defs: {
      node: {
        type: 'object',
        properties: {
          name: { type: 'string', minLength: 1 },
          left: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] },
          children: { type: 'array', items: { $ref: '#/$defs/node' } },
        },
        required: ['name', 'left', 'children'],
        additionalProperties: false,
      },
    },
  };
  for (let seed = 0; seed < 50; seed++) {
    const value = jsonSample(tree, seeded(seed));
    expect(obeys(tree, value)).toBe(true);
    expect(value).toHaveProperty('name');
  }
});

test('a schema that demands itself without end comes to one', () => {
  const endless = { type: 'object', properties: { self: { $ref: '#' } }, required: ['self'] };
  expect(() => jsonSample(endless, seeded(1))).not.toThrow();
});

test('parts joined by allOf are obeyed together', () => {
  const schema = {
    allOf: [
      { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] },
      { type: 'object', properties: { b: { const: 'x' } }, required: ['b'] },
    ],
  };
  expect(obeys(schema, jsonSample(schema, seeded(3)))).toBe(true);
});

test('items said to be unique are', () => {
  const schema = { type: 'array', items: { enum: [1, 2, 3] }, minItems: 3, uniqueItems: true };
  expect(obeys(schema, jsonSample(schema, seeded(3)))).toBe(true);
});

test('whatever stands where a schema should, it answers', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(), (nonsense, seed) => {
      expect(() => jsonSample(nonsense, seeded(seed))).not.toThrow();
    }),
  );
});

test('the same seed gives the same sample', () => {
  fc.assert(
    fc.property(schema, fc.nat(), (schema, seed) => {
      expect(jsonSample(schema, seeded(seed))).toEqual(jsonSample(schema, seeded(seed)));
    }),
  );
});

test.each(['^[^abc]{2}$', 'a|b(?:c|d)*', '^[\\d-]{3}$', '.{4,}', '^(?<year>\\d{4})$', '日本+'])(
  'it finds a string for /%s/',
  (pattern) => {
    for (let seed = 0; seed < 20; seed++)
      expect(patternSample(pattern, seeded(seed))).toMatch(new RegExp(pattern));
  },
);

test.each(['(?=a)b', '\\bword', '(a)\\1', '[', '(', '\\p{L}'])(
  'it admits that /%s/ is beyond it',
  (pattern) => {
    expect(patternSample(pattern, seeded(1))).toBeUndefined();
  },
);
