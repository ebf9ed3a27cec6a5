/**
 * Items as every model is shown them: without our ids, and in the four kinds that every wire knows.
 *
 *     custom tool call       ──▶ function call with one argument, `input`
 *     call in a namespace    ──▶ call of the function it was offered as
 *     sealed reasoning       ──▶ reasoning in words
 *     compaction             ──▶ a developer's message with the summary
 *     call never finished, reasoning that led to nothing ──▶ left out
 */

import type { Item, PromptItem, ReasoningItem } from '../../protocol/responses.ts';
import { badRequest, missingToolOutput, orphanToolOutput } from './api-error.ts';
import { type OfferedTool, type OwnTool, offeredName } from './request-tool.ts';
import { unseal } from './sealed.ts';

export interface Prompt {
  readonly items: readonly PromptItem[];
  /** Something in it was sealed under `local-only`. */
  readonly isLocalOnly: boolean;
}

/** The prompt that the items make; throws an `ApiError` where calls and outputs do not pair. */
export const promptOf = (items: readonly Item[], offered: readonly OfferedTool[]): Prompt => {
  const nameOf = namesOf(offered);
  const shown = items.flatMap((item) => shownItem(item, nameOf) ?? []);
  const whole = withoutLooseReasoning(shown);
  requirePairs(whole);
  return { items: whole, isLocalOnly: items.some(isSealedLocal) };
};

type NameOf = (type: OwnTool['type'], name: string, namespace: string | undefined) => string;

/** Looked up once for each tool, since long histories call the same few over and over. */
const namesOf = (offered: readonly OfferedTool[]): NameOf => {
  const keyOf = (...own: Parameters<NameOf>): string => JSON.stringify(own);
  const names = new Map(
    offered.map((tool) => {
      const { type, name, namespace } = tool.own;
      return [keyOf(type, name, namespace), tool.offered.name] as const;
    }),
  );
  return (type, name, namespace) =>
    names.get(keyOf(type, name, namespace)) ??
    offeredName([], { type, name, ...(namespace === undefined ? {} : { namespace }) });
};

const shownItem = (item: Item, nameOf: NameOf): PromptItem | undefined => {
  switch (item.type) {
    case 'message': {
      const { id: _, phase: __, ...message } = item;
      return message;
    }
    case 'function_call': {
      // A call cut off in its arguments can never be answered, so nobody is shown it again.
      if (item.status === 'incomplete') return undefined;
      const { id: _, namespace, ...call } = item;
      return { ...call, name: nameOf('function', item.name, namespace) };
    }
    case 'custom_tool_call': {
      if (item.status === 'incomplete') return undefined;
      const { id: _, namespace, input, ...call } = item;
      const name = nameOf('custom', item.name, namespace);
      return { ...call, type: 'function_call', name, arguments: JSON.stringify({ input }) };
    }
    case 'function_call_output':
    case 'custom_tool_call_output': {
      const { id: _, ...output } = item;
      return { ...output, type: 'function_call_output' };
    }
    case 'reasoning':
      return shownReasoning(item);
    case 'compaction': {
      const summary = unseal('compaction', item.encrypted_content);
      if (summary === undefined) throw foreignCompaction();
      return { type: 'message', role: 'developer', content: summaryMessage(summary.text) };
    }
  }
};

/** What another provider sealed is of no use here; what stands beside it may be. */
const shownReasoning = (reasoning: ReasoningItem): PromptItem => {
  const { id: _, encrypted_content: sealed, ...item } = reasoning;
  const isBare = (item.content ?? item.summary).length === 0;
  const text = isBare && sealed !== undefined ? unseal('reasoning', sealed)?.text : undefined;
  return text === undefined ? item : { ...item, content: [{ type: 'reasoning_text', text }] };
};

const summaryMessage = (summary: string): string =>
  `The conversation up to here was left out. This summary stands in its place:\n\n${summary}`;

const foreignCompaction = () =>
  badRequest(
    'The encrypted content of a compaction item could not be read. It was made elsewhere.',
    'input',
    'invalid_encrypted_content',
  );

const isSealedLocal = (item: Item): boolean => {
  if (item.type === 'compaction')
    return unseal('compaction', item.encrypted_content)?.isLocalOnly === true;
  if (item.type !== 'reasoning' || item.encrypted_content === undefined) return false;
  return unseal('reasoning', item.encrypted_content)?.isLocalOnly === true;
};

/** Reasoning belongs to what came of it; with nothing after it, servers refuse it. */
const withoutLooseReasoning = (items: readonly PromptItem[]): readonly PromptItem[] => {
  let isOutcome = false;
  return items
    .toReversed()
    .filter((item) => {
      if (item.type === 'reasoning') return isOutcome;
      isOutcome =
        item.type === 'function_call' || (item.type === 'message' && item.role === 'assistant');
      return true;
    })
    .toReversed();
};

/** Each tool output follows its call, and each call has an output. */
const requirePairs = (items: readonly PromptItem[]): void => {
  const open = new Set<string>();
  const called = new Set<string>();
  for (const item of items) {
    if (item.type === 'function_call') {
      called.add(item.call_id);
      open.add(item.call_id);
    }
    if (item.type === 'function_call_output') {
      if (!called.has(item.call_id)) throw orphanToolOutput(item.call_id);
      open.delete(item.call_id);
    }
  }
  for (const callId of open) throw missingToolOutput(callId);
};
