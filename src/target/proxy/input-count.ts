/**
 * `POST /v1/responses/input_tokens`: how long a prompt is, before it is sent.
 *
 * The text is counted by a vocabulary, up to a length that takes a moment; a longer one is
 * estimated, because counting stops everything else. What surrounds the text is always estimated,
 * as are images and files: each model has its own template and its own eyes.
 */

import type { InputContentPart } from '../../protocol/responses.ts';
import { callPlan, promptText } from './call.ts';
import type { Conversation } from './conversation.ts';
import { fieldsOf } from './field.ts';
import type { ProxyParts } from './proxy.ts';
import { type ResponseRequest, parseRequest } from './request.ts';
import { partsOf } from './resource.ts';

export interface InputCount {
  readonly object: 'response.input_tokens';
  readonly input_tokens: number;
}

/** A message is framed by its role, two marks and an end: gpt-oss's template, and others alike. */
const framingTokens = 4;
/** OpenAI's own figures for a square of 1024 pixels, in low and in high detail. */
const imageTokens = { low: 85, high: 765 } as const;
/** Bytes of a file for one token: plain text has fewer, a PDF many more. */
const bytesPerToken = 16;

/** Reads the body, of which everything may be left out. */
export const parseCountRequest = (body: unknown): ResponseRequest => {
  const fields = fieldsOf(body, 'body');
  return parseRequest({
    ...fields,
    model: fields['model'] ?? 'any',
    input: fields['input'] ?? [],
    stream: false,
  });
};

/** The longest text that is counted rather than estimated: some 0.1 s. */
const exactCharsMax = 200_000;

/** The tokens of the whole conversation, its instructions and its tools. */
export const inputCount = async (
  request: ResponseRequest,
  conversation: Conversation,
  { countTokens, exactCount }: Pick<ProxyParts, 'countTokens' | 'exactCount'>,
): Promise<InputCount> => {
  const plan = callPlan(request, conversation, { backend: '', model: request.model }, undefined);
  const text = promptText(plan);
  const count = text.length <= exactCharsMax && exactCount ? await exactCount() : countTokens;
  const framed = plan.input.length + (plan.instructions === undefined ? 0 : 1);
  const unseen = plan.input
    .flatMap((item) => partsOf(item))
    .reduce((sum, part) => sum + unseenTokens(part), 0);
  return {
    object: 'response.input_tokens',
    input_tokens: count(text) + framed * framingTokens + unseen,
  };
};

const unseenTokens = (part: InputContentPart): number => {
  if (part.type === 'input_image') return imageTokens[part.detail === 'low' ? 'low' : 'high'];
  if (part.type !== 'input_file') return 0;
  return Math.ceil((part.file_data?.length ?? 0) / bytesPerToken);
};
