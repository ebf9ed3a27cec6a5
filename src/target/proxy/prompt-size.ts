/**
 * How many tokens a prompt is taken to have, before a backend has read it.
 *
 *     text, counted or estimated + 4 for each message + 765 for each image + a file by its length
 *
 * What surrounds the text is always estimated: each model has its own template and its own eyes.
 * The same rule decides whether a prompt fits a window, what it is charged against a quota, and
 * what a client that asks is told.
 */

import type { InputContentPart, PromptItem } from '../../protocol/responses.ts';
import { type CallPlan, promptText } from './call.ts';
import { partsOf, textOf } from './resource.ts';

type Count = (text: string) => number;

/** A message is framed by its role, two marks and an end: gpt-oss's template, and others alike. */
const framingTokens = 4;
/** OpenAI's own figures for a square of 1024 pixels, in low and in high detail. */
const imageTokens = { low: 85, high: 765 } as const;
/** Bytes of a file for one token: plain text has fewer, a PDF many more. */
const bytesPerToken = 16;

/** The tokens of all that a call sends. */
export const promptTokens = (plan: CallPlan, count: Count): number =>
  count(promptText(plan)) +
  (plan.instructions === undefined ? 0 : framingTokens) +
  aroundText(plan.input);

/** The tokens of some items of a conversation. */
export const itemTokens = (items: readonly PromptItem[], count: Count): number =>
  count(textOf(items)) + aroundText(items);

/** Reasoning is not shown to most models, so it has no frame either. */
const aroundText = (items: readonly PromptItem[]): number => {
  let tokens = 0;
  for (const item of items) {
    if (item.type !== 'reasoning') tokens += framingTokens;
    for (const part of partsOf(item)) tokens += unseenTokens(part);
  }
  return tokens;
};

const unseenTokens = (part: InputContentPart): number => {
  if (part.type === 'input_image') return imageTokens[part.detail === 'low' ? 'low' : 'high'];
  if (part.type !== 'input_file') return 0;
  return Math.ceil((part.file_data?.length ?? 0) / bytesPerToken);
};
