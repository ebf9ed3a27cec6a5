/**
 * A response without an answer: a client sends what the conversation begins with, and is given an
 * id to continue from (`generate: false`). No backend is asked.
 */

import type { IdSource } from '../../random/id.ts';
import { type Clock, within } from '../../time/clock.ts';
import { notStored } from './api-error.ts';
import { Assembler } from './assembler.ts';
import type { Conversation } from './conversation.ts';
import { StreamDelivery } from './delivery.ts';
import type { Caller, Reply, StateStore } from './proxy.ts';
import type { ResponseRequest } from './request.ts';

export interface PreparationInput {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly request: ResponseRequest;
  readonly conversation: Conversation;
  readonly caller: Caller;
  readonly store: StateStore;
  readonly reply: Reply;
}

const storeMsMax = 5000;

/** Keeps the state, and tells of a response that is complete and empty. */
export const prepare = async (input: PreparationInput): Promise<void> => {
  const { clock, ids, request, conversation, caller, store, reply } = input;
  const createdAt = Math.floor(clock.wall() / 1000);
  const { isLocalOnly } = conversation;
  const assembler = new Assembler({ id: `resp_${ids()}`, createdAt, request, isLocalOnly }, ids);
  const begun = assembler.start();
  const finish = assembler.finish({
    reason: 'stop',
    usage: { inputTokens: 0, outputTokens: 0 },
    completedAt: createdAt,
    notes: {},
  });
  const { resource } = finish;
  const stored = {
    id: resource.id,
    owner: caller.name,
    ...(request.previousResponseId ? { previousId: request.previousResponseId } : {}),
    input: conversation.input,
    resource,
    createdAtWall: clock.wall(),
  };
  if (request.isStored || store.keepsUnstored === true) {
    await within(clock, storeMsMax, 'storing', store.put(stored)).catch((cause: unknown) => {
      throw notStored('response', cause);
    });
  }
  const headers = (): Readonly<Record<string, string>> => ({ 'x-request-id': caller.requestId });
  using delivery = new StreamDelivery({ reply, clock, headers });
  await delivery.send(begun, false);
  await delivery.finish(assembler.terminal(finish));
};
