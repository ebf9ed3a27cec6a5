import { describe, expect, test } from 'vitest';

import {
  callableNames,
  offeredName,
  offeredTools,
  parseToolChoice,
  parseTools,
  toolCalled,
  toolOffer,
} from '../../../src/target/proxy/request-tool.ts';
import { ToolGate } from '../../../src/target/proxy/tool-gate.ts';

const fn = (name: string) => ({ type: 'function', name });
const codexTools = [
  fn('shell'),
  {
    type: 'custom',
    name: 'apply_patch',
    format: { type: 'grammar', syntax: 'lark', definition: 'G' },
  },
  {
    type: 'namespace',
    name: 'mcp__files__',
    description: 'Files',
    tools: [fn('read'), fn('shell')],
  },
  { type: 'web_search' },
  { type: 'local_shell' },
];
const offered = (tools: unknown) => offeredTools(parseTools(tools));
const names = (tools: unknown) => offered(tools).map((tool) => tool.offered.name);

describe('tools as models are offered them', () => {
  test('namespaces and free text become functions; what nobody can run is dropped', () => {
    expect(parseTools(codexTools).map(({ type }) => type)).toEqual([
      'function',
      'custom',
      'namespace',
    ]);
    expect(names(codexTools)).toEqual([
      'shell',
      'apply_patch',
      'mcp__files__read',
      'mcp__files__shell',
    ]);
    const [, patch] = offered(codexTools);
    expect(patch?.offered).toMatchObject({
      description: expect.stringContaining('(lark):\nG'),
      parameters: { required: ['input'] },
    });
  });

  test('each has a name of its own, of letters and a length that every server takes', () => {
    const tools = [
      fn('a__b'),
      { type: 'namespace', name: 'a', tools: [fn('b')] },
      { type: 'namespace', name: 'x'.repeat(80), tools: [fn('read me.now')] },
    ];
    const all = names(tools);
    expect(new Set(all).size).toBe(3);
    for (const name of all) expect(name).toMatch(/^[\w-]{1,64}$/);
  });

  test('fifty thousand of one name take a moment', () => {
    const tools = Array.from({ length: 50_000 }, () => fn('f'));
    const startedAt = process.cpuUsage().user;
    const all = offered(tools);
    expect(new Set(all.map((tool) => tool.offered.name)).size).toBe(50_000);
    toolOffer(all, {
      type: 'allowed_tools',
      tools: all.map(() => ({ type: 'function', name: 'g' })),
    });
    expect((process.cpuUsage().user - startedAt) / 1e6).toBeLessThan(2);
  });

  test('a call is told to the client under the name that the client gave', () => {
    const tools = offered(codexTools);
    const read = { type: 'function', namespace: 'mcp__files__', name: 'read' } as const;
    expect(toolCalled(tools, 'mcp__files__read')).toEqual(read);
    expect(toolCalled(tools, 'mcp__files__.read')).toEqual(read);
    expect(offeredName(tools, read)).toBe('mcp__files__read');
    expect(toolCalled(tools, 'apply_patch')).toEqual({ type: 'custom', name: 'apply_patch' });
    expect(toolCalled(tools, 'unheard_of')).toEqual({ type: 'function', name: 'unheard_of' });
    expect(offeredName([], read)).toBe('mcp__files__read');
  });
});

describe('the choice among them', () => {
  const tools = offered([fn('f'), fn('g'), ...codexTools]);
  const choice = (value: unknown) => parseToolChoice(value, tools);

  test('allowed tools are all that is offered', () => {
    const allowed = choice({
      type: 'allowed_tools',
      mode: 'required',
      tools: [fn('f'), { type: 'custom', name: 'apply_patch' }, { type: 'mcp' }],
    });
    const offer = toolOffer(tools, allowed);
    expect(offer.tools.map(({ name }) => name)).toEqual(['f', 'apply_patch']);
    expect(offer.toolChoice).toBe('required');
    expect(callableNames(tools, allowed)).toEqual(new Set(['f', 'apply_patch']));
    expect(choice({ type: 'allowed_tools', tools: [] })).toMatchObject({ mode: 'auto' });
  });

  test('a custom tool can be demanded, as the function it is offered as', () => {
    const demanded = choice({ type: 'custom', name: 'apply_patch' });
    expect(demanded).toEqual({ type: 'custom', name: 'apply_patch' });
    expect(toolOffer(tools, demanded).toolChoice).toEqual(fn('apply_patch'));
  });
});

describe('the gate', () => {
  const gate = (more: Partial<ConstructorParameters<typeof ToolGate>[0]>) =>
    new ToolGate({
      offered: offered([fn('f'), fn('g')]),
      toolChoice: 'auto',
      isParallelToolCalls: true,
      maxToolCalls: undefined,
      ...more,
    });
  const admitted = (it: ToolGate, ...called: readonly string[]) =>
    called.filter((name, index) => {
      const isAdmitted = it.admits({ kind: 'tool-call', index, name });
      expect(it.admits({ kind: 'tool-arguments', index, text: '{}' })).toBe(isAdmitted);
      return isAdmitted;
    });

  test("without a bound, anything goes, and a name nobody offered is the client's to judge", () => {
    expect(admitted(gate({}), 'f', 'h', 'g')).toEqual(['f', 'h', 'g']);
  });

  test('`none`, one function, and `allowed_tools` are enforced', () => {
    expect(admitted(gate({ toolChoice: 'none' }), 'f')).toEqual([]);
    expect(admitted(gate({ toolChoice: { type: 'function', name: 'g' } }), 'f', 'g')).toEqual([
      'g',
    ]);
    const toolChoice = {
      type: 'allowed_tools' as const,
      tools: [{ type: 'function' as const, name: 'f' }],
    };
    expect(admitted(gate({ toolChoice }), 'g', 'f', 'h')).toEqual(['f']);
  });

  test('one call at a time, and no more than asked for', () => {
    expect(admitted(gate({ isParallelToolCalls: false }), 'f', 'g')).toEqual(['f']);
    expect(admitted(gate({ maxToolCalls: 2 }), 'f', 'f', 'f')).toEqual(['f', 'f']);
  });

  test('text is none of its business', () => {
    expect(gate({ toolChoice: 'none' }).admits({ kind: 'text', text: 'x' })).toBe(true);
  });
});
