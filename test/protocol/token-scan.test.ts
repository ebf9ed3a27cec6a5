/** Which frames of which wire carry a token. */

import { expect, test } from 'vitest';

import { isEventToken, isOllamaToken, sseTokenScan } from '../../src/protocol/token-scan.ts';

test.each([
  ['{"message":{"content":"a"}}', true],
  ['{"message":{"content":"","thinking":"hm"}}', true],
  ['{"message":{"content":"","tool_calls":[{"function":{"name":"f"}}]}}', true],
  ['{"message":{"content":""},"done":true}', false],
  ['{"error":"busy"}', false],
  ['not json', false],
])('of Ollama, %s is a token: %s', (line, isToken) => {
  expect(isOllamaToken(line)).toBe(isToken);
});

test.each([
  ['{"type":"response.output_text.delta","delta":"a"}', true],
  ['{"type":"response.function_call_arguments.delta","delta":"{"}', true],
  ['{"type":"response.output_text.delta","delta":""}', false],
  ['{"type":"response.output_text.done","text":"x.delta"}', false],
  ['{"type":"response.created","response":{"status":"in_progress"}}', false],
  ['{"choices":[{"delta":{"content":"a"}}]}', true],
  ['{"choices":[{"delta":{"role":"assistant","content":""}}]}', false],
  ['{"choices":[],"usage":{}}', false],
  ['[DONE]', false],
])('of an event stream, %s is a token: %s', (data, isToken) => {
  expect(isEventToken(data)).toBe(isToken);
});

test('a frame beyond the bound is no token and the next one is', () => {
  const scan = sseTokenScan();
  const piece = Buffer.alloc(700_000, 'x');
  scan.push(Buffer.from('data: '));
  scan.push(piece);
  scan.push(piece);
  const next = '\n\ndata: {"type":"a.delta","delta":"b"}\n\n';
  expect(scan.push(Buffer.from(next))).toEqual([next.length]);
});
