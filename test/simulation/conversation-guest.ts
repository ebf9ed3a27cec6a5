/** Somebody else at the same conversation: he asks while an answer is made, and reads along. */

import { ApiError } from '../../src/target/proxy/api-error.ts';
import { CapturedReply } from '../../src/target/proxy/compaction.ts';
import type { Caller } from '../../src/target/proxy/proxy.ts';
import { parseRequest } from '../../src/target/proxy/request.ts';
import type { Body } from './reader.ts';
import type { World } from './world.ts';

interface Knock {
  readonly world: Pick<World, 'proxy' | 'clock'>;
  readonly odd: (what: string) => void;
  readonly afterMs: number;
  readonly conversation: string;
}

/**
 * Asks what nobody can serve, so that it takes the conversation for a moment at most: he is told to
 * wait (409), or that there is no such backend (400), or of his limits (429), or that it is over.
 */
const statuses: ReadonlySet<number> = new Set([400, 409, 429, 503]);

/** Asks, and reads along; whoever has no right to it must find nothing. */
export const knock = async (
  { world, odd, afterMs, conversation }: Knock,
  body: Body,
  caller: Caller,
): Promise<void> => {
  const { proxy, clock } = world;
  const { conversations } = proxy;
  await clock.sleep(afterMs);
  const reply = new CapturedReply(new AbortController().signal);
  const request = parseRequest({ model: body['model'], input: 'Knock, knock.', conversation });
  await proxy.respond(request, { ...caller, pin: 'nobody' }, reply);
  if (!statuses.has(reply.status)) odd(`a knock was answered ${reply.status}: ${reply.body}`);
  const { data } = await conversations.items(conversation, caller, { limit: '100', order: 'asc' });
  if (new Set(data.map(({ id }) => id)).size < data.length) odd('an item stands twice');
  const stranger = { ...caller, name: 'stranger' };
  const found = await conversations.read(conversation, stranger).catch((error: unknown) => error);
  if (!(found instanceof ApiError && found.status === 404)) odd('a stranger found a conversation');
};
