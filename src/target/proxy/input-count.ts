/**
 * `POST /v1/responses/input_tokens`: how long a prompt is, before it is sent.
 *
 * The text is counted by a vocabulary, up to a length that takes a moment; a longer one is
 * estimated, because counting stops everything else.
 */

import { callPlan, promptText } from './call.ts';
import type { Conversation } from './conversation.ts';
import { fieldsOf } from './field.ts';
import type { ProxyParts } from './proxy.ts';
import { promptTokens } from './prompt-size.ts';
import { type ResponseRequest, parseRequest } from './request.ts';

export interface InputCount {
  readonly object: 'response.input_tokens';
  readonly input_tokens: number;
}

/** Reads the body, of which everything may be left out; the model is then empty. */
export const parseCountRequest = (body: unknown): ResponseRequest => {
  const fields = fieldsOf(body ?? {}, 'body');
  const model = fields['model'] ?? undefined;
  const request = parseRequest({
    ...fields,
    model: model ?? 'any',
    input: fields['input'] ?? [],
    stream: false,
  });
  return model === undefined ? { ...request, model: '' } : request;
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
  return { object: 'response.input_tokens', input_tokens: promptTokens(plan, count) };
};
