import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ApiError } from '../../../src/target/proxy/api-error.ts';
import { parseRequest } from '../../../src/target/proxy/request.ts';

const parse = (more: Readonly<Record<string, unknown>>) =>
  parseRequest({ model: 'm', input: 'Hello', ...more });

const refusal = (body: unknown): Pick<ApiError, 'status' | 'param' | 'code' | 'message'> => {
  try {
    parseRequest(body);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

const isReadOrRefused = (value: unknown): boolean => {
  try {
    return parseRequest(value).model !== '';
  } catch (error) {
    return error instanceof ApiError && error.status === 400;
  }
};

describe('what clients send', () => {
  test('the least there can be', () => {
    expect(parse({})).toMatchObject({
      input: [{ type: 'message', role: 'user', content: 'Hello' }],
      tools: [],
      toolChoice: 'auto',
      format: { type: 'text' },
      isStream: false,
      isStored: true,
      isParallelToolCalls: true,
      isLocalOnly: false,
    });
  });

  test('null is absent', () => {
    const nulls = { instructions: null, tools: null, text: null, metadata: null, store: null };
    expect(parse({ ...nulls, temperature: null, reasoning: null })).toEqual(parse({}));
  });

  test('items without a type, references, and whole answers sent back', () => {
    const input = [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
      { id: 'rs_1' },
      { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: null },
      { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'done' },
      {
        type: 'message',
        id: 'msg_1',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'Yes', annotations: [], logprobs: [] }],
      },
    ];
    expect(parse({ input }).input).toMatchObject([
      { type: 'message', role: 'developer' },
      { type: 'message', role: 'user' },
      { type: 'item_reference', id: 'rs_1' },
      { type: 'reasoning', summary: [] },
      { type: 'function_call', arguments: '{}' },
      { type: 'function_call_output', output: 'done' },
      { type: 'message', content: [{ type: 'output_text', text: 'Yes' }] },
    ]);
  });

  test('tools of kinds that cannot be run are dropped, and so is a demand for them', () => {
    const hosted = [{ type: 'web_search' }, { type: 'namespace', tools: [] }];
    const tools = [...hosted, { type: 'function', name: 'f', strict: null }];
    expect(parse({ tools }).tools).toEqual([
      { type: 'function', name: 'f', description: null, parameters: null, strict: null },
    ]);
    expect(parse({ tools, tool_choice: { type: 'web_search' } }).toolChoice).toBe('auto');
    expect(parse({ tools: hosted, tool_choice: 'required' }).toolChoice).toBe('auto');
  });

  test('unknown parameters and unknown includes are ignored', () => {
    expect(parse({ include: ['who.knows'], verbosity: 3, client_metadata: {} })).toEqual(parse({}));
  });

  test('`metadata.residency` is a demand', () => {
    expect(parse({ metadata: { residency: 'local-only' } }).isLocalOnly).toBe(true);
    expect(parse({ metadata: { residency: 'local-first' } }).isLocalOnly).toBe(false);
  });
});

describe('what is refused, and by which name', () => {
  const user = { role: 'user', content: 'Hi' };
  test.each([
    ['body', []],
    ['model', { input: 'Hello' }],
    ['input', { model: 'm' }],
    ['input', { model: 'm', input: 3 }],
    ['input[1].role', { model: 'm', input: [user, { type: 'message', content: 'x' }] }],
    ['input[0].type', { model: 'm', input: [{ type: 'ollama:thing' }] }],
    ['input[0].content[0].type', { model: 'm', input: [{ ...user, content: [{ type: 'x' }] }] }],
    ['input[0].call_id', { model: 'm', input: [{ type: 'function_call_output', output: '' }] }],
    ['tools[0].name', { model: 'm', input: '', tools: [{ type: 'function' }] }],
    ['tool_choice', { model: 'm', input: '', tool_choice: { type: 'function', name: 'g' } }],
    ['text.format.schema', { model: 'm', input: '', text: { format: { type: 'json_schema' } } }],
    ['temperature', { model: 'm', input: '', temperature: 2.1 }],
    ['max_output_tokens', { model: 'm', input: '', max_output_tokens: 1.5 }],
    ['stream', { model: 'm', input: '', stream: 'yes' }],
    ['truncation', { model: 'm', input: '', truncation: 'maybe' }],
    ['background', { model: 'm', input: '', background: true }],
    ['conversation', { model: 'm', input: '', conversation: 'conv_1' }],
    ['metadata.residency', { model: 'm', input: '', metadata: { residency: 'local only' } }],
    ['metadata.n', { model: 'm', input: '', metadata: { n: 1 } }],
  ])('%s', (param, body) => {
    expect(refusal(body)).toMatchObject({ status: 400, param, code: expect.any(String) });
  });

  test('metadata has at most 16 pairs', () => {
    const metadata = Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, '']));
    expect(refusal({ model: 'm', input: '', metadata })).toMatchObject({ param: 'metadata' });
  });

  test('OpenAI words it so', () => {
    expect(refusal({ input: '' }).message).toBe("Missing required parameter: 'model'.");
    expect(refusal({ model: 'm', input: 3 }).message).toBe(
      "Invalid type for 'input': expected a string or an array, but got an integer instead.",
    );
  });

  test('any JSON at all is read or refused, never more', () => {
    const key = fc.constantFrom('model', 'input', 'tools', 'tool_choice', 'text', 'metadata');
    const item = fc.dictionary(fc.constantFrom('type', 'role', 'content', 'id'), fc.jsonValue());
    const body = fc.dictionary(key, fc.oneof(fc.jsonValue(), fc.array(item)));
    fc.assert(
      fc.property(fc.oneof(body, fc.jsonValue()), (value) => {
        expect(isReadOrRefused(value)).toBe(true);
      }),
    );
  });
});
