/**
 * `POST /v1/responses/compact`: a long conversation in short.
 *
 *     user's latest messages, as they were ──┐
 *     everything ──model──▶ summary, sealed ─┴──▶ input of the next request
 *
 * The summary is asked of the same models in the same way as any answer, so residency, limits and
 * failover hold for it. What was said under `local-only` is sealed as such, and stays at home when
 * it comes back.
 */

import type {
  CompactionItem,
  Item,
  MessageItem,
  PromptItem,
  ResponseResource,
  WireUsage,
} from '../../protocol/responses.ts';
import type { IdSource } from '../../random/id.ts';
import { serverError } from './api-error.ts';
import type { Conversation } from './conversation.ts';
import { homeIds } from './home-id.ts';
import type { ProxyParts, Reply } from './proxy.ts';
import type { ResponseRequest } from './request.ts';
import { textOf } from './resource.ts';
import { seal } from './sealed.ts';

export interface Compaction {
  readonly id: string;
  readonly object: 'response.compaction';
  readonly created_at: number;
  readonly output: readonly Item[];
  readonly usage: WireUsage | null;
}

const instruction = `Summarize the conversation so far for whoever continues it without having \
seen it. Keep in the conversation's own language: what the user wants, what has been decided and \
found out, names, numbers and file paths word for word, what has been done, what is still open, \
and the next step. Write the summary alone, without a preamble.`;

/** The request for a summary of what `request` refers to. */
export const summaryRequest = (request: ResponseRequest): ResponseRequest => ({
  ...request,
  input: [...request.input, { type: 'message', role: 'user', content: instruction }],
  conversationId: undefined,
  tools: [],
  offered: [],
  toolChoice: 'auto',
  format: { type: 'text' },
  maxOutputTokens: undefined,
  isReasoningSealed: false,
  areLogprobsAsked: false,
  isStream: false,
  isStored: false,
  isBackground: false,
  truncation: 'auto',
});

/** An answer kept for another use. */
export class CapturedReply implements Reply {
  status = 0;
  headers: Readonly<Record<string, string>> = {};
  body = '';
  readonly gone: AbortSignal;

  constructor(gone: AbortSignal) {
    this.gone = gone;
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    this.status = status;
    this.headers = headers;
  }

  write(chunk: string): boolean {
    this.body += chunk;
    return true;
  }

  async drained(): Promise<void> {
    // Nothing is ever waited for.
  }

  end(): void {
    // What was captured stays.
  }
}

/** What the summary and the conversation make together; throws an `ApiError` without a summary. */
export const compacted = (
  resource: ResponseResource,
  conversation: Conversation,
  { ids, countTokens }: Pick<ProxyParts, 'ids' | 'countTokens'>,
): Compaction => {
  const said = resource.output.filter((item): item is MessageItem => item.type === 'message');
  const text = textOf(said).trim();
  if (text === '') throw serverError('The model gave no summary.');
  const isLocalOnly = resource.metadata['residency'] === 'local-only';
  const mint = isLocalOnly ? homeIds(ids) : ids;
  const summary: CompactionItem = {
    type: 'compaction',
    id: `cmp_${mint()}`,
    encrypted_content: seal('compaction', { text, isLocalOnly }),
  };
  return {
    id: resource.id,
    object: 'response.compaction',
    created_at: resource.created_at,
    output: [...keptMessages(conversation.whole, countTokens, mint), summary],
    usage: resource.usage,
  };
};

/** The user's own words are kept as far as they are this many tokens, the latest first. */
const keptTokensMax = 20_000;

const keptMessages = (
  items: readonly PromptItem[],
  countTokens: ProxyParts['countTokens'],
  ids: IdSource,
): readonly Item[] => {
  let tokens = 0;
  const kept: Item[] = [];
  for (const item of items.toReversed()) {
    if (item.type !== 'message' || item.role !== 'user') continue;
    tokens += countTokens(textOf([item]));
    if (tokens > keptTokensMax) break;
    const { content } = item;
    kept.push({
      type: 'message',
      id: `msg_${ids()}`,
      status: 'completed',
      role: 'user',
      content: typeof content === 'string' ? [{ type: 'input_text', text: content }] : content,
    });
  }
  return kept.toReversed();
};
