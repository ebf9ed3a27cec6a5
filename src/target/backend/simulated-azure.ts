/**
 * A cloud on loopback: Azure OpenAI's Responses API and its chat completions, and OpenAI's own, in
 * front of a model of admission and speed.
 *
 *     key ──▶ shape ──▶ quota ──▶ created, in_progress ──▶ token by token ──▶ completed, [DONE]
 *      401     400       429
 *
 * It keeps no responses, so `previous_response_id` and item ids that it did not mint are unknown to
 * it, as another region's are to the real one.
 */

import type { ServerResponse } from 'node:http';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { type Admission, Cloud, type CloudStream, type QuotaLeft } from '../../engine/cloud.ts';
import { azureError, rateLimitMessage } from '../../protocol/azure.ts';
import type { EndReason } from '../../protocol/generation.ts';
import type { ResponseEvent, WireUsage } from '../../protocol/responses.ts';
import { encodeSse, sseDone } from '../../protocol/sse.ts';
import { type IdSource, seededIds } from '../../random/id.ts';
import type { BackendSystem, SimulatedCloud } from '../../system/system.ts';
import { ChatAnswer, chatAsResponses, isUsageAsked } from './chat-wording.ts';
import { historyOf, promptOf } from './conversation.ts';
import { type Answer, answerTo, type Piece } from './cooperative-model.ts';
import { GenerationNote } from './generation-note.ts';
import { endWithJson, httpService, takeReply } from './http-service.ts';
import { type Paced, Pacer } from './pacer.ts';
import { blankResource, ResponsesAnswer } from './responses-answer.ts';
import { type ResponsesAsk, responsesAsk } from './responses-ask.ts';
import type { SimulatedServer, SimulationContext } from './simulated-server.ts';

/** Items remembered as ours; the oldest are forgotten. */
const mintedMax = 100_000;

/** Builds the server; it listens when its owner says so. */
export const simulatedAzure = (
  backend: BackendSystem,
  simulate: SimulatedCloud,
  context: SimulationContext,
): SimulatedServer => {
  const azure = new SimulatedAzure(backend, simulate, context);
  return { app: azure.app, load: () => ({ running: azure.runningCount, queued: 0 }) };
};

/** How one of the two APIs words an answer: its frames, and the whole of it. */
interface Telling {
  begin(): string;
  piece(piece: Piece): string;
  end(
    reason: EndReason,
    usage: WireUsage,
  ): { readonly last: string; readonly whole: () => unknown };
}

class SimulatedAzure {
  readonly app: FastifyInstance;
  readonly #backend: BackendSystem;
  readonly #simulate: SimulatedCloud;
  readonly #context: SimulationContext;
  readonly #cloud: Cloud;
  readonly #ids: IdSource;
  readonly #minted = new Set<string>();
  #requestCount = 0;
  runningCount = 0;

  constructor(backend: BackendSystem, simulate: SimulatedCloud, context: SimulationContext) {
    this.#backend = backend;
    this.#simulate = simulate;
    this.#context = context;
    this.#cloud = new Cloud(simulate, context.random.fork('cloud'));
    this.#ids = seededIds(context.random.fork('ids'));
    this.app = httpService((status, message) => azureError(String(status), message));
    for (const path of ['/openai/v1/responses', '/v1/responses'])
      this.app.post(path, (request, reply) => this.#respond(request, reply));
    this.app.post<{ Querystring: { 'api-version'?: string } }>(
      '/openai/responses',
      (request, reply) =>
        request.query['api-version'] ? this.#respond(request, reply) : notFound(reply),
    );
    for (const path of ['/openai/v1/chat/completions', '/v1/chat/completions'])
      this.app.post(path, (request, reply) => this.#complete(request, reply));
    this.app.post<{ Params: { name: string }; Querystring: { 'api-version'?: string } }>(
      '/openai/deployments/:name/chat/completions',
      (request, reply) =>
        request.query['api-version']
          ? this.#complete(request, reply, request.params.name)
          : notFound(reply),
    );
    // It serves whatever deployment it is asked for, so there is none to name.
    for (const path of ['/openai/v1/models', '/v1/models', '/openai/models'])
      this.app.get(path, (request, reply) =>
        this.#isKeyed(request) ? reply.send({ object: 'list', data: [] }) : this.#deny(reply),
      );
  }

  #respond(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    return this.#take(request.body, (ask) => this.#responsesTelling(ask), request, reply);
  }

  #complete(request: FastifyRequest, reply: FastifyReply, deployment?: string): FastifyReply {
    const tellsUsage = isUsageAsked(request.body);
    const telling = (ask: ResponsesAsk): Telling => this.#chatTelling(ask, tellsUsage);
    return this.#take(chatAsResponses(request.body, deployment), telling, request, reply);
  }

  /** Serves what is asked, in the words of either API, or says why not. */
  #take(
    asked: unknown,
    telling: (ask: ResponsesAsk) => Telling,
    request: FastifyRequest,
    reply: FastifyReply,
  ): FastifyReply {
    const { clock, emit } = this.#context;
    const note = new GenerationNote(this.#backend, clock, emit, headerOf(request, 'traceparent'));
    reply.headers(this.#requestHeaders());
    if (!this.#isKeyed(request)) {
      note.finish('rejected');
      return this.#deny(reply);
    }
    const ask = responsesAsk(asked, (id) => this.#minted.has(id));
    if (ask.kind === 'refusal') {
      note.finish('rejected');
      const { code, message, param } = ask;
      const type = 'invalid_request_error';
      return reply.code(400).send(azureError(code, message, { type, param }));
    }
    const { promptTokens } = promptOf(ask.conversation);
    const history = historyOf(ask.conversation.messages);
    note.add({ model: ask.model, promptTokens, ...(history !== undefined && { history }) });
    const charged = promptTokens + (ask.maxOutputTokens ?? 0);
    const admission = this.#cloud.admit(charged, note.receivedAt);
    reply.headers(this.#quotaHeaders(admission.left));
    if (admission.kind === 'rejected') {
      note.finish('rejected');
      return this.#throttle(reply, admission);
    }
    this.#serve(ask, telling(ask), promptTokens, note, reply);
    return reply;
  }

  /** Writes the answer as its tokens leave. */
  #serve(
    ask: ResponsesAsk,
    telling: Telling,
    promptTokens: number,
    note: GenerationNote,
    reply: FastifyReply,
  ): void {
    const { clock } = this.#context;
    const answer = this.#answerTo(ask);
    const stream = this.#cloud.serve(note.trace ?? `request ${++this.#requestCount}`, clock.now());
    const pacer = new Pacer(pacedOf(stream), clock);
    let isOver = false;
    const finish = (outcome: Parameters<GenerationNote['finish']>[0]): void => {
      if (isOver) return;
      isOver = true;
      this.runningCount--;
      pacer.close();
      note.finish(outcome);
    };
    this.runningCount++;
    note.add({ startedAt: clock.now() });
    const headers = stringsOf(reply.getHeaders());
    const raw = takeReply(reply, () => finish('cancelled'));
    const send = ask.isStream ? streamWriter(raw, headers) : () => undefined;
    send(telling.begin());

    // Even an answer with nothing to say takes the time of a token.
    const tokens = Math.max(1, answer.pieces.length);
    let sentTokens = 0;
    pacer.follow('answer', tokens, (dueTokens) => {
      note.sent(dueTokens);
      send(
        answer.pieces
          .slice(sentTokens, dueTokens)
          .map((piece) => telling.piece(piece))
          .join(''),
      );
      sentTokens = dueTokens;
      if (dueTokens < tokens) return;
      const usage = usageOf(promptTokens, answer);
      const { last, whole } = telling.end(answer.reason, usage);
      send(last);
      finish(answer.reason === 'length' ? 'length' : 'completed');
      if (ask.isStream) raw.end(sseDone);
      else endWithJson(raw, 200, headers, whole());
    });
  }

  #answerTo(ask: ResponsesAsk): Answer {
    return answerTo({
      messages: ask.conversation.messages,
      tools: ask.tools,
      toolChoice: ask.toolChoice,
      isParallelToolCalls: ask.isParallelToolCalls,
      format: ask.format,
      thinks: ask.effort !== undefined && !['none', 'minimal'].includes(ask.effort),
      outputTokensMax: ask.maxOutputTokens ?? Infinity,
      letter: this.#backend.residency === 'local' ? 'p' : 'a',
      continues: this.#simulate.continues,
    });
  }

  #responsesTelling(ask: ResponsesAsk): Telling {
    const resource = {
      ...blankResource,
      ...ask.echo,
      id: `resp_${this.#ids()}`,
      created_at: this.#wallS(),
    };
    const showsSummary = ask.summary !== undefined;
    const events = new ResponsesAnswer(resource, (prefix) => this.#mint(prefix), showsSummary);
    return {
      begin: () => framesOf(events.begin()),
      piece: (piece) => framesOf(events.piece(piece)),
      end: (reason, usage) => ({
        last: framesOf(events.end(reason, usage, this.#wallS())),
        whole: () => events.resource,
      }),
    };
  }

  #chatTelling({ model }: ResponsesAsk, tellsUsage: boolean): Telling {
    const head = { id: `chatcmpl-${this.#ids()}`, created: this.#wallS(), model };
    const chunks = new ChatAnswer(head, () => `call_${this.#ids()}`, tellsUsage);
    return {
      begin: () => chunks.begin(),
      piece: (piece) => chunks.piece(piece),
      end: (reason, usage) => ({
        last: chunks.end(reason, usage),
        whole: () => chunks.completion(reason, usage),
      }),
    };
  }

  #wallS(): number {
    return Math.floor(this.#context.clock.wall() / 1000);
  }

  #mint(prefix: string): string {
    const id = `${prefix}_${this.#ids()}`;
    this.#minted.add(id);
    if (this.#minted.size > mintedMax) {
      const [oldest] = this.#minted;
      if (oldest !== undefined) this.#minted.delete(oldest);
    }
    return id;
  }

  #isKeyed(request: FastifyRequest): boolean {
    const { apiKey } = this.#backend;
    if (apiKey === undefined) return true;
    return (
      headerOf(request, 'api-key') === apiKey ||
      headerOf(request, 'authorization') === `Bearer ${apiKey}`
    );
  }

  #deny(reply: FastifyReply): FastifyReply {
    const message =
      'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide ' +
      'a valid key for an active subscription and use a correct regional API endpoint.';
    return reply.code(401).send(azureError('401', message));
  }

  #throttle(reply: FastifyReply, rejected: Extract<Admission, { kind: 'rejected' }>): FastifyReply {
    const seconds = Math.max(1, Math.ceil(rejected.retryAfterMs / 1000));
    const message = rateLimitMessage(rejected.limit === 'tokens' ? 'token' : 'call', seconds);
    return reply
      .code(429)
      .header('retry-after', String(seconds))
      .header('retry-after-ms', String(Math.max(1, Math.ceil(rejected.retryAfterMs))))
      .send(azureError('too_many_requests', message, { type: 'too_many_requests' }));
  }

  #requestHeaders(): Record<string, string> {
    const id = this.#ids();
    const region = this.#backend.deployment?.region;
    return {
      'apim-request-id': id,
      'x-request-id': id,
      ...(region !== undefined && { 'x-ms-region': region }),
    };
  }

  #quotaHeaders(left: QuotaLeft): Record<string, string> {
    const { tokensPerMinute, requestsPerMinute } = this.#simulate;
    return {
      'x-ratelimit-limit-tokens': countOf(tokensPerMinute),
      'x-ratelimit-remaining-tokens': countOf(left.tokens),
      'x-ratelimit-limit-requests': countOf(requestsPerMinute),
      'x-ratelimit-remaining-requests': countOf(left.requests),
    };
  }
}

/** Sends the head and writes frames, all that are due in one write. */
const streamWriter = (
  raw: ServerResponse,
  headers: Readonly<Record<string, string>>,
): ((frames: string) => void) => {
  raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8' });
  return (frames) => {
    if (frames !== '') raw.write(frames);
  };
};

const framesOf = (events: readonly ResponseEvent[]): string =>
  events.map((event) => encodeSse(event.type, event)).join('');

const notFound = (reply: FastifyReply): FastifyReply =>
  reply.code(404).send(azureError('404', 'Resource not found'));

/** A stream as an engine of one job, which nothing changes. */
const pacedOf = (stream: CloudStream): Paced => ({
  nextChangeAt: () => undefined,
  advance: () => undefined,
  tokenAt: (_, k) => stream.tokenAt(k),
  state: () => undefined,
});

const usageOf = (inputTokens: number, { pieces }: Answer): WireUsage => ({
  input_tokens: inputTokens,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: pieces.length,
  output_tokens_details: {
    reasoning_tokens: pieces.filter(({ kind }) => kind === 'thinking').length,
  },
  total_tokens: inputTokens + pieces.length,
});

/** Without a limit the service says −1. */
const countOf = (count: number): string =>
  String(Number.isFinite(count) ? Math.max(0, Math.floor(count)) : -1);

const headerOf = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
};

const stringsOf = (headers: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
