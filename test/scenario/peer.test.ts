import { expect, test } from 'vitest';

import { withoutKeys } from '../../src/scenario/peer.ts';

test.each([
  ['api_key: sk-123', 'api_key: (removed)'],
  ["{ api_key: 'sk 123', model: m }", '{ api_key: (removed), model: m }'],
  ['"master_key": "sk-123",', '"master_key": (removed),'],
  ['API_TOKEN=abc', 'API_TOKEN=(removed)'],
])('%s is shown without what it holds', (written, shown) => {
  expect(withoutKeys(written)).toBe(shown);
});

test.each([
  'api_key: os.environ/OPENAI_API_KEY',
  'api_key: ${KEY}',
  '"value": "env.OPENAI_API_KEY"',
  'max_tokens: 100',
  'permit_unset_master_key: true',
  'model: key-lime',
  'keys:\n  - name: a',
])('%s is shown as it is', (written) => {
  expect(withoutKeys(written)).toBe(written);
});
