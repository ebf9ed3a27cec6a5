import { validateHeaderValue } from 'node:http';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { headerText, textOfHeader } from '../../src/protocol/header-text.ts';

test('every name goes through a header and back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const value = headerText(name);
      validateHeaderValue('x-name', value);
      expect(textOfHeader(value)).toBe(name.toWellFormed());
    }),
  );
});

test('an ordinary name is left as it is', () => {
  expect(headerText('spark-2 (lab)')).toBe('spark-2 (lab)');
  expect(textOfHeader('spark-2 (lab)')).toBe('spark-2 (lab)');
});

test('a name that was sent as it is is understood', () => {
  const bare = Buffer.from('スパーク').toString('latin1');
  expect(textOfHeader(bare)).toBe('スパーク');
  expect(textOfHeader('100%')).toBe('100%');
});
