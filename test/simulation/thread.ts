/**
 * How the turns of one session hang together, and on what they travel.
 *
 *     chain         previous_response_id, stored answers; some made in the background
 *     conversation  a conversation kept under a name of its own
 *     items         nothing is stored: all items are sent again whole, at times in short
 *     chat          the older API, which sends all messages again
 *     socket        previous_response_id on one WebSocket, nothing stored
 */

import { parseChatRequest } from '../../src/target/proxy/chat-request.ts';
import { chatReply } from '../../src/target/proxy/chat-reply.ts';
import { CapturedReply } from '../../src/target/proxy/compaction.ts';
import { asRecord, asText, type JsonObject, parseJson } from '../../src/target/proxy/json.ts';
import type { Caller, Reply } from '../../src/target/proxy/proxy.ts';
import { parseRequest } from '../../src/target/proxy/request.ts';
import { readStream } from '../kit/response-grammar.ts';
import { fetchLater } from './background-reader.ts';
import { knock } from './conversation-guest.ts';
import { type Body, isOfStore, type Manner, type Send } from './reader.ts';
import { VirtualSocket } from './virtual-socket.ts';
import type { World } from './world.ts';

export const threadKinds = ['chain', 'conversation', 'items', 'chat', 'socket'] as const;

export type ThreadKind = (typeof threadKinds)[number];

export interface ThreadParts {
  readonly kind: ThreadKind;
  readonly world: World;
  /** Told of what should not be, where no record of a turn shows it. */
  readonly odd: (what: string) => void;
  /** Told of a turn, by its trace, that goes on from another answer than it was to. */
  readonly branched: (trace: string, previousId: string) => void;
}

export class Thread {
  readonly #parts: ThreadParts;
  /** All items up to a response, by its id. */
  readonly #items = new Map<string, readonly JsonObject[]>();
  /** Answers that turns have gone on from, the latest last. */
  readonly #continued: string[] = [];
  #conversation: string | undefined;
  #socket: VirtualSocket | undefined;

  constructor(parts: ThreadParts) {
    this.#parts = parts;
  }

  /** How a turn is sent; `beside` is who asks whatever else is asked for it. */
  send(manner: Manner, beside: Caller): Send {
    const { kind, world, odd } = this.#parts;
    const { proxy, clock } = world;
    const plain: Send = (body, caller, reply) => proxy.respond(parseRequest(body), caller, reply);
    switch (kind) {
      case 'chain':
        return async (body, caller, reply) => {
          const asked = manner.isBranching === true ? this.#branch(body, caller) : this.#on(body);
          const again =
            manner.isDoubled === true ? this.#askBeside(asked, beside) : Promise.resolve();
          if (manner.background === undefined) await plain(asked, caller, reply);
          else await fetchLater({ proxy, clock, manner, odd }, asked, caller, reply);
          await again;
        };
      case 'conversation':
        return async (body, caller, reply) => {
          this.#conversation ??= (await proxy.conversations.create({}, caller)).id;
          const conversation = this.#conversation;
          const { knocksAfterMs } = manner;
          const knocking =
            knocksAfterMs === undefined
              ? undefined
              : knock({ world, odd, afterMs: knocksAfterMs, conversation }, body, caller);
          await plain({ ...body, previous_response_id: undefined, conversation }, caller, reply);
          await knocking;
        };
      case 'items':
        return async (body, caller, reply) => {
          const history = await this.#history(body, manner.isCompacting ? beside : undefined);
          const input = [...history, ...inputOf(body)];
          await plain(
            { ...body, previous_response_id: undefined, store: false, input },
            caller,
            this.#remembering(input, reply),
          );
        };
      case 'chat':
        return async (body, caller, reply) => {
          const input = [...(await this.#history(body, undefined)), ...inputOf(body)];
          await this.#chat(body, input, caller, this.#remembering(input, reply));
        };
      case 'socket':
        return async (body, caller, reply) => {
          if (this.#socket?.isClosed !== false) this.#socket = new VirtualSocket(world, odd);
          await this.#socket.ask({ ...body, store: false }, { caller, reply, manner });
        };
    }
  }

  close(): void {
    this.#socket?.close();
  }

  /** Asks the same once more; its answer, if there is one, must be as whole as the first. */
  async #askBeside(body: Body, caller: Caller): Promise<void> {
    const { world, odd } = this.#parts;
    const reply = new CapturedReply(new AbortController().signal);
    const request = parseRequest({ ...body, stream: true });
    await world.proxy.respond(request, caller, reply).catch((error: unknown) => {
      if (!isOfStore(error)) throw error;
    });
    if (reply.status !== 200) return;
    const words = readStream(reply.body)
      .text.split(/\s+/)
      .filter((word) => /^[pa]\d+$/.test(word));
    if (words.some((word, at) => Number(word.slice(1)) !== at + 1))
      odd(`asked once more, and told ${words.join(' ')}`);
  }

  #on(body: Body): Body {
    const previousId = asText(body['previous_response_id']);
    if (previousId !== undefined && this.#continued.at(-1) !== previousId)
      this.#continued.push(previousId);
    return body;
  }

  /** A tool's result belongs to the answer that called it; a question may go on from any. */
  #branch(body: Body, caller: Caller): Body {
    this.#on(body);
    const earlierId = this.#continued.at(-2);
    if (earlierId === undefined || typeof body['input'] !== 'string') return body;
    this.#parts.branched(caller.trace, earlierId);
    return { ...body, previous_response_id: earlierId };
  }

  async #history(body: Body, compact: Caller | undefined): Promise<readonly JsonObject[]> {
    const id = String(body['previous_response_id']);
    const items = this.#items.get(id) ?? [];
    if (!compact || items.length === 0) return items;
    const reply = new CapturedReply(new AbortController().signal);
    const { model, metadata } = body;
    const request = parseRequest({ model, metadata, input: items, store: false });
    await this.#parts.world.proxy.compact(request, compact, reply);
    const output = asRecord(parseJson(reply.body))?.['output'];
    const short = reply.status === 200 ? recordsIn(output) : items;
    this.#items.set(id, short);
    return short;
  }

  /** The reply, whose answer can be gone on with. */
  #remembering(input: readonly JsonObject[], reply: Reply): Reply {
    return {
      ...reply,
      gone: reply.gone,
      write: (chunk) => {
        const resource = resourceIn(chunk);
        if (resource)
          this.#items.set(String(resource['id']), [...input, ...recordsIn(resource['output'])]);
        return reply.write(chunk);
      },
    };
  }

  /** As over the older API; what its client is told must be what the heart has said. */
  async #chat(
    body: Body,
    input: readonly JsonObject[],
    caller: Caller,
    reply: Reply,
  ): Promise<void> {
    const told = new CapturedReply(reply.gone);
    const chat = chatReply(told, true);
    let resource: JsonObject | undefined;
    const both: Reply = {
      gone: reply.gone,
      head: (status, headers) => {
        reply.head(status, headers);
        chat.head(status, headers);
      },
      write: (chunk) => {
        resource = resourceIn(chunk) ?? resource;
        chat.write(chunk);
        return reply.write(chunk);
      },
      drained: () => reply.drained(),
      end: () => {
        reply.end();
        chat.end();
      },
    };
    await this.#parts.world.proxy.respond(
      parseChatRequest(chatBody(body, input)).request,
      caller,
      both,
    );
    if (reply.gone.aborted || told.status !== 200 || body['stream'] !== true) return;
    const isWhole = resource !== undefined;
    if (told.body.endsWith('data: [DONE]\n\n') !== isWhole)
      this.#parts.odd(`chat: ${isWhole ? 'a whole' : 'a broken'} answer told otherwise`);
    const text = [...told.body.matchAll(/^data: (\{.*)$/gm)]
      .flatMap(([, json = '']) => recordsIn(asRecord(parseJson(json))?.['choices']))
      .map((choice) => asText(asRecord(choice['delta'])?.['content']) ?? '')
      .join('');
    if (isWhole && text !== textOf(resource ?? {})) this.#parts.odd(`chat: told ${text}`);
  }
}

/** The response in a frame that ends a whole answer, or in an answer of one piece. */
export const resourceIn = (frame: string): JsonObject | undefined => {
  const isTerminal = /^event: response\.(?:completed|incomplete)\n/.test(frame);
  if (!isTerminal && !frame.startsWith('{')) return undefined;
  const data = isTerminal ? frame.slice(frame.indexOf('data: ') + 6) : frame;
  const event = asRecord(parseJson(data.trim()));
  const resource = asRecord(event?.['response']) ?? event;
  return resource?.['object'] === 'response' ? resource : undefined;
};

const recordsIn = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.map((it: unknown) => asRecord(it) ?? {}) : [];

const inputOf = ({ input }: Body): readonly JsonObject[] =>
  typeof input === 'string'
    ? [{ type: 'message', role: 'user', content: input }]
    : recordsIn(input);

const textOf = (resource: JsonObject): string =>
  recordsIn(resource['output'])
    .flatMap((item) => recordsIn(item['content']))
    .map((part) => (part['type'] === 'output_text' ? String(part['text']) : ''))
    .join('');

const chatBody = (body: Body, input: readonly JsonObject[]): Body => {
  const format = asRecord(asRecord(body['text'])?.['format']);
  const { type, ...schema } = format ?? {};
  return {
    model: body['model'],
    stream: body['stream'],
    metadata: body['metadata'],
    max_completion_tokens: body['max_output_tokens'],
    messages: input.flatMap(messagesOf),
    ...(body['tools'] === undefined
      ? {}
      : {
          tools: recordsIn(body['tools']).map(({ type: kind, ...tool }) => ({
            type: kind,
            function: tool,
          })),
        }),
    ...(format ? { response_format: { type, json_schema: schema } } : {}),
  };
};

const messagesOf = (item: JsonObject): readonly JsonObject[] => {
  const { type, role, content, call_id: id } = item;
  if (type === 'function_call')
    return [
      {
        role: 'assistant',
        tool_calls: [
          { id, type: 'function', function: { name: item['name'], arguments: item['arguments'] } },
        ],
      },
    ];
  if (type === 'function_call_output')
    return [{ role: 'tool', tool_call_id: id, content: item['output'] }];
  if (type !== 'message') return [];
  const text = recordsIn(content)
    .map((part) => asText(part['text']) ?? '')
    .join('');
  return [{ role, content: typeof content === 'string' ? content : text }];
};
