/** What one backend is asked, from the request, the conversation and the text already shown. */

import type { Item } from '../../protocol/responses.ts';
import type { Candidate } from '../../system/system.ts';
import type { Conversation } from './conversation.ts';
import type { UpstreamCall } from './proxy.ts';
import type { ResponseRequest } from './request.ts';
import { textOf } from './resource.ts';
import { continuationInstruction } from './seam.ts';

/** A call without what only the attempt knows. */
export type CallPlan = Omit<UpstreamCall, 'trace' | 'span' | 'onSent' | 'onHeaders'>;

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
  ...allowedTools(request),
  isParallelToolCalls: request.isParallelToolCalls,
  format: request.format,
  ...(request.instructions === undefined ? {} : { instructions: request.instructions }),
  ...(request.reasoningEffort === undefined ? {} : { reasoningEffort: request.reasoningEffort }),
  ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
  ...(request.topP === undefined ? {} : { topP: request.topP }),
  ...(request.maxOutputTokens === undefined
    ? {}
    : { maxOutputTokens: outputLimit(request.maxOutputTokens, shown?.tokens ?? 0) }),
  ...(shown ? { continues: shown.text } : {}),
});

/** The smallest limit that OpenAI accepts. A client's own smaller one is passed on as it is. */
const outputTokensMin = 16;

const outputLimit = (limit: number, shownTokens: number): number =>
  Math.max(Math.min(limit, outputTokensMin), limit - shownTokens);

/** The text of all that a call sends, for counting its tokens. */
export const promptText = ({ instructions, input, tools }: CallPlan): string =>
  [instructions ?? '', textOf(input), tools.length === 0 ? '' : JSON.stringify(tools)].join('\n');

const continuing = (whole: readonly Item[], shown: string): readonly Item[] => {
  const said: Item = {
    type: 'message',
    role: 'assistant',
    content: [{ type: 'output_text', text: shown }],
  };
  const question = whole.findLast((item) => item.type === 'message' && item.role === 'user');
  const instruction = continuationInstruction(shown, question ? textOf([question]) : '');
  return [...whole, said, { type: 'message', role: 'developer', content: instruction }];
};

/** `allowed_tools` is a hard constraint: a tool that is not offered cannot be called. */
const allowedTools = ({
  tools,
  toolChoice,
}: ResponseRequest): Pick<UpstreamCall, 'tools' | 'toolChoice'> => {
  if (typeof toolChoice === 'string' || toolChoice.type === 'function')
    return { tools, toolChoice };
  const allowed = tools.filter((tool) => toolChoice.tools.some(({ name }) => name === tool.name));
  return {
    tools: allowed,
    toolChoice: allowed.length === 0 ? 'auto' : (toolChoice.mode ?? 'auto'),
  };
};
