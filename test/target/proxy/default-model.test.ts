import { expect, test } from 'vitest';

import { withDefaultModel } from '../../../src/target/proxy/default-model.ts';

test.each([
  [{ input: 'x' }, 'm', { input: 'x', model: 'm' }],
  [{ input: 'x', model: null }, 'm', { input: 'x', model: 'm' }],
  [{ input: 'x', model: 'other' }, 'm', { input: 'x', model: 'other' }],
  [{ input: 'x', model: '' }, 'm', { input: 'x', model: '' }],
  [{ input: 'x' }, undefined, { input: 'x' }],
  [[1], 'm', [1]],
  ['text', 'm', 'text'],
])('%o with %s is %o', (body, model, expected) => {
  expect(withDefaultModel(body, model)).toEqual(expected);
});
