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

  test('what a provider did by itself is left out of a history that comes from there', () => {
    const types = ['web_search_call', 'mcp_approval_request', 'mcp_approval_response'];
    const done = [...types, 'tool_search_call', 'tool_search_output'].map((type) => ({ type }));
    const { input } = parse({ input: [...done, { role: 'user', content: 'Hi' }] });
    expect(input).toEqual([{ type: 'message', role: 'user', content: 'Hi' }]);
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

  test('a context to be managed may be shortened, unless it says otherwise', () => {
    const managed = { context_management: [{ type: 'compaction', compact_threshold: 200_000 }] };
    const truncationOf = (more: object) =>
      parseRequest({ model: 'm', input: 'Hi', ...more }).truncation;
    expect(truncationOf(managed)).toBe('auto');
    expect(truncationOf({ ...managed, truncation: 'disabled' })).toBe('disabled');
    expect(truncationOf({ context_management: [] })).toBe('disabled');
  });

  test('metadata are echoed, whatever they are called', () => {
    const metadata: unknown = JSON.parse('{"__proto__":"a","constructor":"b","x":"c"}');
    expect(JSON.stringify(parse({ metadata }).metadata)).toBe(JSON.stringify(metadata));
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
    ['background', { model: 'm', input: '', background: true, store: false }],
    ['moderation', { model: 'm', input: '', moderation: { model: 'omni' } }],
    ['context_management[0].type', { model: 'm', input: '', context_management: [{ type: 'x' }] }],
    ['include', { model: 'm', input: '', include: 'reasoning.encrypted_content' }],
    ['reasoning.effort', { model: 'm', input: '', reasoning: { effort: 'huge' } }],
    ['text.verbosity', { model: 'm', input: '', text: { verbosity: 'chatty' } }],
    ['service_tier', { model: 'm', input: '', service_tier: 'gold' }],
    [
      'stream_options.include_obfuscation',
      { model: 'm', input: '', stream_options: { include_obfuscation: 1 } },
    ],
    [
      'tools[0].tools[0].name',
      {
        model: 'm',
        input: '',
        tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'custom' }] }],
      },
    ],
    ['conversation', { model: 'm', conversation: 'conv_1', previous_response_id: 'resp_1' }],
    ['conversation.id', { model: 'm', input: '', conversation: {} }],
    ['metadata.residency', { model: 'm', input: '', metadata: { residency: 'local only' } }],
    ['metadata.n', { model: 'm', input: '', metadata: { n: 1 } }],
  ])('%s', (param, body) => {
    expect(refusal(body)).toMatchObject({ status: 400, param, code: expect.any(String) });
  });

  const image = (more: object) => ({
    model: 'm',
    input: [{ role: 'user', content: [{ type: 'input_image', ...more }] }],
  });
  test.each([
    ['image_url', image({ image_url: 'file:///etc/passwd' })],
    ['image_url', image({ image_url: 'http://' })],
    ['image_url', image({ image_url: 'data:text/html;base64,AAAA' })],
    ['image_url', image({})],
    ['file_id', image({ file_id: 'file_1' })],
  ])('an image that is none, or is kept elsewhere (%s)', (field, body) => {
    expect(refusal(body).param).toBe(`input[0].content[0].${field}`);
  });

  test.each([
    [
      { temperature: 3 },
      'decimal_above_max_value',
      "Invalid 'temperature': decimal above maximum value. " +
        'Expected a value <= 2, but got 3 instead.',
    ],
    [
      { max_output_tokens: 0 },
      'integer_below_min_value',
      "Invalid 'max_output_tokens': integer below minimum value. " +
        'Expected a value >= 1, but got 0 instead.',
    ],
    [
      { top_logprobs: 1.5 },
      'invalid_type',
      "Invalid type for 'top_logprobs': expected an integer, but got a decimal instead.",
    ],
    [
      { prompt_cache_key: 'k'.repeat(65) },
      'string_above_max_length',
      "Invalid 'prompt_cache_key': string too long. " +
        'Expected a string with maximum length 64, but got a string with length 65 instead.',
    ],
    [
      { text: { verbosity: 'loud' } },
      'invalid_value',
      "Invalid value: 'loud'. Supported values are: 'low', 'medium', and 'high'.",
    ],
    [
      { truncation: 'some' },
      'invalid_value',
      "Invalid value: 'some'. Supported values are: 'auto' and 'disabled'.",
    ],
  ])('a value out of bounds is told as OpenAI tells it: %o', (more, code, message) => {
    expect(refusal({ model: 'm', input: '', ...more })).toMatchObject({ code, message });
  });

  test('metadata has at most 16 pairs', () => {
    const metadata = Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, '']));
    expect(refusal({ model: 'm', input: '', metadata })).toMatchObject({
      param: 'metadata',
      code: 'object_above_max_properties',
    });
  });

  test('OpenAI words it so', () => {
    expect(refusal({ input: '' }).message).toBe("Missing required parameter: 'model'.");
    expect(refusal({ model: 'm', input: 3 }).message).toBe(
      "Invalid type for 'input': expected a string or an array, but got an integer instead.",
    );
  });

  test('any JSON at all is read or refused, never more', () => {
    const wordOf = (...lines: readonly string[]) => fc.constantFrom(...lines.join(' ').split(' '));
    const key = wordOf(
      'model input tools tool_choice text metadata include reasoning truncation stream_options',
      'context_management background previous_response_id store service_tier stream user',
    );
    const type = wordOf(
      'message function_call function_call_output custom_tool_call custom_tool_call_output',
      'reasoning compaction item_reference web_search_call input_image input_file',
      'function custom namespace allowed_tools json_schema',
    );
    const field = wordOf(
      'type role content id call_id name arguments input output summary encrypted_content',
      'tools mode image_url file_data format',
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4, depthSize: 'small' },
        fc.jsonValue({ maxDepth: 1 }),
        type,
        fc.dictionary(field, tie('tree'), { maxKeys: 5 }),
        fc.array(tie('tree'), { maxLength: 4 }),
      ),
    }));
    const body = fc.dictionary(key, tree, { maxKeys: 6 });
    const whole = body.map((fields) => ({ model: 'm', input: '', ...fields }));
    fc.assert(
      fc.property(fc.oneof(whole, body, fc.jsonValue()), (value) => {
        expect(isReadOrRefused(value)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('a schema too deep to be written out again', () => {
    const parameters: unknown = JSON.parse(`${'{"a":'.repeat(20_000)}{}${'}'.repeat(20_000)}`);
    const tools = [{ type: 'function', name: 'f', parameters }];
    expect(refusal({ model: 'm', input: '', tools }).param).toBe('tools[0].parameters');
  });

  test('ten thousand items are read in a moment, and so are ten thousand tools', () => {
    const many = (item: object) => Array.from({ length: 10_000 }, () => item);
    const startedAt = process.cpuUsage().user;
    parse({ input: many({ role: 'user', content: 'Hi' }) });
    parse({ tools: many({ type: 'function', name: 'f' }).slice(0, 1000) });
    expect((process.cpuUsage().user - startedAt) / 1e6).toBeLessThan(2);
  });
});
