import { describe, expect, test } from 'vitest';

import type { Item } from '../../../src/protocol/responses.ts';
import { promptOf } from '../../../src/target/proxy/prompt.ts';
import { offeredTools, parseTools } from '../../../src/target/proxy/request-tool.ts';
import { seal } from '../../../src/target/proxy/sealed.ts';

const said: Item = { type: 'message', role: 'assistant', content: 'Done.' };
const offered = offeredTools(
  parseTools([
    { type: 'custom', name: 'patch' },
    { type: 'namespace', name: 'files', tools: [{ type: 'function', name: 'read' }] },
  ]),
);
const items = (...all: readonly Item[]) => promptOf(all, offered).items;

describe('items as a model is shown them', () => {
  test('free-text calls and calls in a namespace are calls of the functions on offer', () => {
    expect(
      items(
        { type: 'custom_tool_call', id: 'ctc_1', call_id: 'a', name: 'patch', input: '*** "x"' },
        { type: 'custom_tool_call_output', call_id: 'a', output: 'ok' },
        { type: 'function_call', call_id: 'b', name: 'read', namespace: 'files', arguments: '{}' },
        { type: 'function_call_output', call_id: 'b', output: 'text' },
      ),
    ).toEqual([
      { type: 'function_call', call_id: 'a', name: 'patch', arguments: '{"input":"*** \\"x\\""}' },
      { type: 'function_call_output', call_id: 'a', output: 'ok' },
      { type: 'function_call', call_id: 'b', name: 'files__read', arguments: '{}' },
      { type: 'function_call_output', call_id: 'b', output: 'text' },
    ]);
  });

  test('reasoning that we sealed is read again; what another provider sealed is dropped', () => {
    const sealed = seal('reasoning', { text: 'Hm.', isLocalOnly: true });
    const thought = (encrypted_content: string): Item => ({
      type: 'reasoning',
      summary: [],
      encrypted_content,
    });
    expect(items(thought(sealed), said)[0]).toEqual({
      type: 'reasoning',
      summary: [],
      content: [{ type: 'reasoning_text', text: 'Hm.' }],
    });
    expect(items(thought('gAAAA'), said)[0]).toEqual({ type: 'reasoning', summary: [] });
    expect(promptOf([thought(sealed), said], []).isLocalOnly).toBe(true);
  });

  test('a summary takes the place of what it sums up, and carries its residency', () => {
    const compaction = (isLocalOnly: boolean): Item => ({
      type: 'compaction',
      encrypted_content: seal('compaction', { text: 'They met.', isLocalOnly }),
    });
    expect(items(compaction(false))[0]).toMatchObject({
      role: 'developer',
      content: expect.stringContaining('They met.'),
    });
    expect(promptOf([compaction(false)], []).isLocalOnly).toBe(false);
    expect(promptOf([compaction(true)], []).isLocalOnly).toBe(true);
  });

  test('a summary that was made elsewhere is refused: the conversation would be lost', () => {
    expect(() => items({ type: 'compaction', encrypted_content: 'gAAAA' })).toThrow(
      expect.objectContaining({ status: 400, code: 'invalid_encrypted_content' }),
    );
  });

  test('ten thousand thoughts in a row take a moment, and no stack', () => {
    const thoughts = Array.from({ length: 10_000 }, (): Item => ({
      type: 'reasoning',
      summary: [],
    }));
    expect(items(...thoughts)).toEqual([]);
    expect(items(...thoughts, said)).toHaveLength(10_001);
  });
});
