import fc from 'fast-check';
import { expect, test } from 'vitest';

import { seal, unseal } from '../../../src/target/proxy/sealed.ts';

test('what is sealed comes back, with its demand', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.boolean(), (text, isLocalOnly) => {
      const sealed = seal('reasoning', { text, isLocalOnly });
      expect(sealed).toMatch(/^[\w.-]+$/);
      expect(unseal('reasoning', sealed)).toEqual({ text, isLocalOnly });
      expect(unseal('compaction', sealed)).toBeUndefined();
    }),
  );
});

test('what was sealed elsewhere, or cut, is nothing', () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      expect(unseal('reasoning', value)).toBeUndefined();
      expect(unseal('reasoning', `spillway.1.${value}`)).toBeUndefined();
    }),
  );
  const sealed = seal('reasoning', { text: 'abcdef', isLocalOnly: false });
  expect(unseal('reasoning', sealed.slice(0, -4))).toBeUndefined();
});
