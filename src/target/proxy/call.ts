/** What one backend is asked, from the request, the conversation and the text already shown. */

import type { PromptItem } from '../../protocol/responses.ts';
import type { Candidate } from '../../system/system.ts';
import type { Conversation } from './conversation.ts';
import { defined } from './json.ts';
import { type PromptNeeds, promptNeeds } from './prompt-need.ts';
import type { UpstreamCall } from './proxy.ts';
import { toolOffer } from './request-tool.ts';
import type { ResponseRequest } from './request.ts';
import { textOf } from './resource.ts';
import { continuationInstruction } from './seam.ts';

/** A call without what only the attempt knows. */
export type CallPlan = Omit<UpstreamCall, 'trace' | 'span' | 'onSent' | 'onHeaders'> & {
  readonly needs: PromptNeeds;
};

/** What a reader has already seen, to be continued. */
export interface Shown {
  readonly text: string;
  readonly tokens: number;
}

/** The call of one candidate: for a whole answer, or for the rest of one. */
export const callPlan = (
  request: ResponseRequest,
  conversation: Conversation,
  candidate: Candidate,
  shown: Shown | undefined,
): CallPlan => ({
  candidate,
  input: shown ? continuing(conversation.whole, shown.text) : conversation.whole,
  ...toolOffer(request.offered, request.toolChoice),
  needs: promptNeeds(request, conversation),
  isParallelToolCalls: request.isParallelToolCalls,
  format: request.format,
  ...defined({
    instructions: request.instructions,
    verbosity: request.verbosity,
    reasoningEffort: request.reasoningEffort,
    reasoningSummary: request.reasoningSummary,
    temperature: request.temperature,
    topP: request.topP,
    presencePenalty: request.presencePenalty,
    frequencyPenalty: request.frequencyPenalty,
    topLogprobs: request.areLogprobsAsked ? (request.topLogprobs ?? 0) : undefined,
    stop: request.stop.length > 0 ? request.stop : undefined,
    seed: request.seed,
    maxOutputTokens: outputLimit(request.maxOutputTokens, shown?.tokens ?? 0),
    promptCacheKey: request.promptCacheKey,
    safetyIdentifier: request.safetyIdentifier,
    user: request.user,
    serviceTier: request.serviceTier === 'default' ? undefined : request.serviceTier,
    continues: shown?.text,
  }),
});

/** The smallest limit that OpenAI accepts. A client's own smaller one is passed on as it is. */
const outputTokensMin = 16;

const outputLimit = (limit: number | undefined, shownTokens: number): number | undefined =>
  limit === undefined ? undefined : Math.max(Math.min(limit, outputTokensMin), limit - shownTokens);

/** The text of all that a call sends, for counting its tokens. */
export const promptText = (plan: CallPlan): string =>
  [promptWords(plan), plan.tools.length === 0 ? '' : JSON.stringify(plan.tools)].join('\n');

/** What every model reads as it stands: tools and images each of them puts in its own terms. */
export const promptWords = ({ instructions, input }: CallPlan): string =>
  [instructions ?? '', textOf(input)].join('\n');

const continuing = (whole: readonly PromptItem[], shown: string): readonly PromptItem[] => {
  const said: PromptItem = {
    type: 'message',
    role: 'assistant',
    content: [{ type: 'output_text', text: shown }],
  };
  const question = whole.findLast((item) => item.type === 'message' && item.role === 'user');
  const instruction = continuationInstruction(shown, question ? textOf([question]) : '');
  return [...whole, said, { type: 'message', role: 'developer', content: instruction }];
};
