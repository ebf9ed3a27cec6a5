import { expect, test } from 'vitest';

import { inputCount, parseCountRequest } from '../../../src/target/proxy/input-count.ts';

const conversationOf = (content: string) => ({
  input: [],
  whole: [{ type: 'message', role: 'user', content } as const],
  isLocalOnly: false,
});

const counted = async (content: string) => {
  const { input_tokens } = await inputCount(parseCountRequest({}), conversationOf(content), {
    countTokens: () => 1000,
    exactCount: async () => () => 7,
  });
  return input_tokens;
};

test('a text of usual length is counted, and one that would stop everything is estimated', async () => {
  expect(await counted('Hello')).toBe(7 + 4);
  expect(await counted('x'.repeat(300_000))).toBe(1000 + 4);
});

test('everything may be left out', () => {
  expect(parseCountRequest({})).toMatchObject({ input: [], isStream: false });
});
