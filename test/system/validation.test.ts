/** Differences between a value and a schema, told in words. */

import fc from 'fast-check';
import Type from 'typebox';
import { describe, expect, test } from 'vitest';

import { closest, differences } from '../../src/system/validation.ts';

const closed = { additionalProperties: false } as const;
const load = Type.Union([
  Type.Object(
    { kind: Type.Literal('open'), perSecond: Type.Number({ exclusiveMinimum: 0 }) },
    closed,
  ),
  Type.Object({ kind: Type.Literal('closed'), users: Type.Integer({ minimum: 1 }) }, closed),
]);
const schema = Type.Object(
  { name: Type.String(), load, tags: Type.Optional(Type.Array(Type.String())) },
  closed,
);

const problems = (value: unknown): readonly string[] =>
  differences(schema, value).map(({ path, problem }) => `${path.join('.')}: ${problem}`);

describe('differences', () => {
  test('are none where the schema is met', () => {
    expect(problems({ name: 'a', load: { kind: 'open', perSecond: 1 } })).toEqual([]);
  });

  test('are reported against the branch of a union that was meant, and no other', () => {
    expect(problems({ name: 'a', load: { kind: 'open', perSecond: -3 } })).toEqual([
      'load.perSecond: expected a number above 0, found -3',
    ]);
  });

  test('name the choices when the tag is none of them', () => {
    const [found] = differences(schema, { name: 'a', load: { kind: 'opne' } });
    expect(found?.problem).toBe("expected one of open, closed, found 'opne'");
    expect(found?.hint).toBe('Did you mean `open`?');
  });

  test('are all told at once', () => {
    expect(problems({ nmae: 'a', load: { kind: 'closed', users: 0 }, tags: [1] })).toEqual([
      'nmae: unknown key `nmae`',
      'load.users: expected a whole number of at least 1, found 0',
      'tags.0: expected a text, found 1',
      ': expected `name`, which is missing',
    ]);
  });

  test('never throw, whatever they are given', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(Array.isArray(differences(schema, value))).toBe(true);
      }),
    );
  });
});

describe('closest', () => {
  test('finds a word within two edits', () => {
    expect(closest('sparc', ['azure', 'spark'])).toBe('Did you mean `spark`?');
    expect(closest('gpu', ['azure', 'spark'])).toBeUndefined();
  });
});
