/**
 * `truncation: auto`: a conversation too long for every model that may be asked loses its oldest
 * turns, rather than being refused.
 *
 *     system │ turn │ turn │ turn │ last turn: question, step, step, step
 *       kept   ──── dropped first ────▶           then ──── dropped ────▶ last step kept
 *
 * What a system or developer message says is never dropped, and neither is the last question. A
 * tool's output goes when its call goes. While some model has room for everything, nothing is lost.
 */

import type { PromptItem } from '../../protocol/responses.ts';
import type { ModelSystem } from '../../system/system.ts';
import type { Backend } from './backend.ts';
import { callPlan } from './call.ts';
import type { Conversation } from './conversation.ts';
import { pinningOf } from './pinning.ts';
import { windowOf } from './placement.ts';
import { itemTokens, promptTokens } from './prompt-size.ts';
import type { Caller, ProxyParts } from './proxy.ts';
import type { ResponseRequest } from './request.ts';
import { isLocalOnly } from './router.ts';

export interface TruncationInput {
  readonly request: ResponseRequest;
  readonly conversation: Conversation;
  readonly model: ModelSystem;
  readonly caller: Pick<Caller, 'residency' | 'pin' | 'forbid'>;
  readonly backends: ReadonlyMap<string, Backend>;
  readonly countTokens: ProxyParts['countTokens'];
}

/** Room for an answer, when the request does not say how much it needs. */
const answerTokensMin = 512;

/**
 * The conversation, short enough for the longest window of those that may be asked; throws an
 * `ApiError` when the caller names backends that cannot be meant.
 */
export const fittedConversation = (input: TruncationInput): Conversation => {
  const { request, conversation, countTokens } = input;
  if (request.truncation !== 'auto') return conversation;
  const longest = longestWindow(input);
  if (longest === undefined) return conversation;
  const budget = longest - Math.min(request.maxOutputTokens ?? answerTokensMin, answerTokensMin);
  const plan = callPlan(request, conversation, { backend: '', model: '' }, undefined);
  const excess = promptTokens(plan, countTokens) - budget;
  return excess <= 0
    ? conversation
    : { ...conversation, whole: shortened(conversation.whole, excess, countTokens) };
};

/** Undefined when nobody is asked, or one is whose window nobody has said. */
const longestWindow = (input: TruncationInput): number | undefined => {
  const { request, conversation, model, caller, backends } = input;
  const pinned = { caller, metadata: request.metadata, model, backends: [...backends.keys()] };
  const { only, never } = pinningOf(pinned);
  const demand = conversation.isLocalOnly ? 'local-only' : undefined;
  const isHome = isLocalOnly(caller.residency, model.residency, demand);
  const windows = model.candidates
    .filter((it) => !isHome || backends.get(it.backend)?.residencyOf(it.model) === 'local')
    .filter(({ backend }) => (only ?? backend) === backend && !never.includes(backend))
    .map((candidate) => windowOf(candidate) ?? Number.POSITIVE_INFINITY);
  const longest = Math.max(...windows);
  return Number.isFinite(longest) ? longest : undefined;
};

/** The items without the oldest that together have at least `excess` tokens. */
export const shortened = (
  items: readonly PromptItem[],
  excess: number,
  countTokens: ProxyParts['countTokens'],
): readonly PromptItem[] => {
  const turns = groupsOf(items, isQuestion);
  const last = turns.pop() ?? [];
  const [question = [], ...steps] = groupsOf(last, isStepStart);
  const lastStep = steps.pop() ?? [];
  const old = withoutOldest(turns, excess, countTokens);
  const recent = withoutOldest(steps, old.excess, countTokens);
  return paired([...old.kept, ...question, ...recent.kept, ...lastStep]);
};

/** What is left of the groups, and how many tokens are still too many. */
const withoutOldest = (
  groups: readonly (readonly PromptItem[])[],
  excess: number,
  countTokens: ProxyParts['countTokens'],
): { readonly kept: readonly PromptItem[]; readonly excess: number } => {
  let left = excess;
  const kept = groups.flatMap((group) => {
    if (left <= 0) return group;
    left -= itemTokens(
      group.filter((item) => !isRule(item)),
      countTokens,
    );
    return group.filter(isRule);
  });
  return { kept, excess: left };
};

const isRule = (item: PromptItem): boolean =>
  item.type === 'message' && (item.role === 'system' || item.role === 'developer');

const isQuestion = (item: PromptItem): boolean => item.type === 'message' && item.role === 'user';

/** After tools have answered, the model speaks or calls again. */
const isStepStart = (item: PromptItem, before: PromptItem | undefined): boolean =>
  before !== undefined &&
  item.type !== 'function_call_output' &&
  (before.type === 'function_call_output' || isQuestion(before));

/** Cuts before each item that begins a group. */
const groupsOf = (
  items: readonly PromptItem[],
  begins: (item: PromptItem, before: PromptItem | undefined) => boolean,
): PromptItem[][] => {
  const groups: PromptItem[][] = [];
  for (const [at, item] of items.entries()) {
    const group = groups.at(-1);
    if (group && !begins(item, items[at - 1])) group.push(item);
    else groups.push([item]);
  }
  return groups;
};

/** Without calls that have lost their output, and outputs that have lost their call. */
const paired = (items: readonly PromptItem[]): readonly PromptItem[] => {
  const ids = (type: PromptItem['type']): ReadonlySet<string> =>
    new Set(items.flatMap((item) => (item.type === type && 'call_id' in item ? item.call_id : [])));
  const called = ids('function_call');
  const answered = ids('function_call_output');
  return items.filter((item) => {
    if (item.type === 'function_call') return answered.has(item.call_id);
    return item.type !== 'function_call_output' || called.has(item.call_id);
  });
};
