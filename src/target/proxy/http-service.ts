/**
 * The routes of the proxy, and what surrounds each request: its name, its caller, its errors.
 *
 *     request ──▶ x-request-id ──▶ key ──▶ body ──▶ heart ──▶ reply
 *                     └── an error on the way is told in OpenAI's shape
 */

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';

import { textOfHeader } from '../../protocol/header-text.ts';
import { readTraceparent } from '../../protocol/trace.ts';
import { ApiError, errorBody, errorHeaders } from './api-error.ts';
import { type Authentication, keyAuthentication, keyOf } from './authentication.ts';
import { chatReply } from './chat-reply.ts';
import { parseChatRequest } from './chat-request.ts';
import { withDefaultModel } from './default-model.ts';
import { refuse } from './delivery.ts';
import { type BodyDone, BodyReader } from './http-body.ts';
import {
  fromFastify,
  invalidUrl,
  noHost,
  noModel,
  notFound,
  notHttp,
  ourFault,
  pathOf,
  refuseExpectation,
  refuseRaw,
} from './http-error.ts';
import { cutUnread, httpReply } from './http-reply.ts';
import { installConversations } from './http-conversation.ts';
import { installUsage } from './http-usage.ts';
import { parseCountRequest } from './input-count.ts';
import { asRecord, asText } from './json.ts';
import { pathAsOurs } from './path-alias.ts';
import type { Caller, ProxyParts, Reply } from './proxy.ts';
import type { Observatory } from './diagnostic/observatory.ts';
import { isReplayAsked, startingAfter } from './replay-request.ts';
import { choiceField } from './field.ts';
import { parseRequest, residencyRules } from './request.ts';
import type { Proxy } from './respond.ts';
import { Roster } from './roster.ts';
import { WebSocketDoor } from './websocket.ts';

export interface HttpServiceParts {
  readonly system: ProxyParts['system'];
  readonly clock: ProxyParts['clock'];
  readonly ids: ProxyParts['ids'];
  readonly store: ProxyParts['store'];
  readonly proxy: Proxy;
  readonly observatory: Observatory;
  /** Told of our own faults, for people; never holds a prompt, an answer or a key. */
  readonly log?: (line: string) => void;
}

/** How long a client may take to send its request. */
const requestMsMax = 300_000;
/** Longer than the 60 s for which most clients and relays keep a connection. */
const keepAliveMs = 72_000;
/** How long running answers may take to end when the service closes, unless the system says. */
const drainMsDefault = 10_000;
/** How long those that did not end may take to say that they failed. */
const lastWordMs = 1000;
/** Between two looks for connections that have become idle while closing. */
const sweepMs = 10;

interface Addressed {
  readonly Params: { readonly id: string };
}

type Query = Readonly<Record<string, unknown>>;

interface Queried extends Addressed {
  readonly Querystring: Query;
}

/** A route as it was installed, to tell a wrong method from a wrong path. */
interface Route {
  readonly path: RegExp;
  readonly methods: readonly string[];
}

export class HttpService {
  #parts: HttpServiceParts;
  #authenticate: Authentication;
  readonly #app: FastifyInstance;
  readonly #sockets: WebSocketDoor;
  readonly #routes: Route[] = [];
  readonly #bodies = new BodyReader();
  readonly #running = new Roster<Promise<void>>();
  #isDraining = false;

  constructor(parts: HttpServiceParts) {
    this.#parts = parts;
    this.#authenticate = keyAuthentication(parts.system.keys);
    this.#sockets = new WebSocketDoor({
      ...parts,
      isOpen: () => this.#parts.system.keys.length === 0,
      requestId: () => `req_${parts.ids()}`,
      callerOf: (headers, requestId) => this.#callerOf(headers, requestId),
      log: (requestId, error) => this.#log(requestId, error),
      track: (work) => this.#track(work),
    });
    this.#app = fastify({
      http: {
        shouldUpgradeCallback: (request) => this.#sockets.wants(request),
        // Refused all the same, but with words.
        requireHostHeader: false,
      },
      requestTimeout: requestMsMax,
      keepAliveTimeout: keepAliveMs,
      forceCloseConnections: 'idle',
      return503OnClosing: false,
      exposeHeadRoutes: true,
      genReqId: () => `req_${parts.ids()}`,
      frameworkErrors: (_error, request, reply) =>
        this.#fail(invalidUrl(request), reply.header('x-request-id', request.id)),
      clientErrorHandler: ({ code }, socket) => {
        // In the middle of an answer there is no place for another.
        if (socket.writable && socket.bytesWritten === 0)
          refuseRaw(socket, notHttp(code), `req_${parts.ids()}`);
        else socket.destroy();
      },
      requestIdHeader: false,
      rewriteUrl: ({ url }) => pathAsOurs(url ?? '/'),
      logger: false,
      routerOptions: { ignoreTrailingSlash: true, maxParamLength: 256 },
    });
    this.#install();
  }

  /** Goes on with the keys of another file. */
  adopt(system: HttpServiceParts['system']): void {
    this.#parts = { ...this.#parts, system };
    this.#authenticate = keyAuthentication(system.keys);
  }

  /** Listens; gives the port, which the operating system chose if 0 was asked for. */
  async listen(host: string, port: number): Promise<number> {
    await this.#app.listen({ host, port });
    const address = this.#app.server.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  /**
   * Takes no more requests and lets the running ones end; those that do not in time say that they
   * have failed, and only what is still open after that is cut.
   */
  async close(): Promise<void> {
    const { clock, proxy, system } = this.#parts;
    const { server } = this.#app;
    const stopAt = clock.now() + (system.drainMs ?? drainMsDefault);
    this.#isDraining = true;
    this.#sockets.drain();
    // A connection whose answer has ended is kept alive for another; there will be none.
    const sweep = (): void => {
      if (clock.now() >= stopAt) proxy.stop();
      if (clock.now() >= stopAt + lastWordMs) {
        server.closeAllConnections();
        this.#sockets.close();
      } else server.closeIdleConnections();
      timer = clock.at(clock.now() + sweepMs, sweep);
    };
    let timer = clock.at(clock.now() + sweepMs, sweep);
    try {
      await this.#app.close();
      await Promise.all(this.#running);
    } finally {
      timer[Symbol.dispose]();
      this.#sockets.close();
    }
  }

  #install(): void {
    const app = this.#app;
    app.addHook('onRoute', ({ method, path }) => {
      const shape = path.replace(/\/$/, '').replaceAll(/:\w+/g, '[^/]+');
      this.#routes.push({ path: new RegExp(`^${shape}/?$`), methods: [method].flat() });
    });
    app.server.on('upgrade', (request, stream, head) =>
      this.#sockets.upgrade(request, stream, head),
    );
    app.server.on('checkExpectation', (_request, response: ServerResponse) =>
      refuseExpectation(response, `req_${this.#parts.ids()}`),
    );
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      'application/json',
      ({ headers }: FastifyRequest, body: IncomingMessage, done: BodyDone) => {
        const length = headers['content-length'];
        this.#bodies.read(body, { length, encoding: asText(headers['content-encoding']) }, done);
      },
    );
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id);
      if (this.#isDraining) reply.header('connection', 'close');
      if (request.raw.httpVersion === '1.1' && request.headers.host === undefined) throw noHost();
      // By the route, because a path can be written in several ways.
      const path = request.routeOptions.url ?? request.url;
      if (/^\/(?:v1|openai)\//.test(path) && request.method !== 'OPTIONS')
        this.#authenticate(keyOf(request.headers));
      done();
    });
    app.addHook('onSend', async (_request, reply) => cutUnread(reply.raw, this.#parts.clock));
    app.setErrorHandler((error, _request, reply) => this.#fail(error, reply));
    app.setNotFoundHandler((request, reply) => this.#notFound(request, reply));
    this.#installResponses();
    this.#installTranslated();
    this.#installRest();
  }

  #installResponses(): void {
    const app = this.#app;
    const { proxy } = this.#parts;
    app.post('/v1/responses', (request, reply) => {
      const caller = this.#callerOf(request.headers, request.id);
      const asked = parseRequest(withDefaultModel(request.body, proxy.defaultModel));
      return this.#hijack(request, reply, (answer) => proxy.respond(asked, caller, answer));
    });
    app.get<Queried>('/v1/responses/:id', async (request, reply) => {
      const caller = this.#callerOf(request.headers, request.id);
      const { id } = request.params;
      if (request.method === 'HEAD' || !(await isReplayAsked(request.query, request.raw)))
        return proxy.read(id, caller);
      const after = startingAfter(request.query);
      return this.#hijack(request, reply, (answer) => proxy.replay(id, caller, after, answer));
    });
    app.delete<Addressed>('/v1/responses/:id', (request) =>
      proxy.remove(request.params.id, this.#callerOf(request.headers, request.id)),
    );
    app.post<Addressed>('/v1/responses/:id/cancel', (request) =>
      proxy.cancel(request.params.id, this.#callerOf(request.headers, request.id)),
    );
    app.get<Queried>('/v1/responses/:id/input_items', (request) => {
      const caller = this.#callerOf(request.headers, request.id);
      return proxy.inputItems(request.params.id, caller, request.query);
    });
  }

  #installTranslated(): void {
    const app = this.#app;
    const { proxy } = this.#parts;
    app.post('/v1/responses/input_tokens', (request) =>
      proxy.countInput(
        parseCountRequest(request.body),
        this.#callerOf(request.headers, request.id),
      ),
    );
    app.post('/v1/responses/compact', (request, reply) => {
      const caller = this.#callerOf(request.headers, request.id);
      const asked = parseRequest(withDefaultModel(request.body, proxy.defaultModel));
      return this.#hijack(request, reply, (answer) => proxy.compact(asked, caller, answer));
    });
    const chat = (request: FastifyRequest, reply: FastifyReply, body: unknown): Promise<void> => {
      const caller = this.#callerOf(request.headers, request.id);
      const asked = parseChatRequest(withDefaultModel(body, proxy.defaultModel));
      return this.#hijack(request, reply, (answer) =>
        proxy.respond(asked.request, caller, chatReply(answer, asked.isUsageAsked)),
      );
    };
    app.post('/v1/chat/completions', (request, reply) => chat(request, reply, request.body));
    // As clients of Azure ask: there the deployment in the path is the model.
    app.post<Addressed>('/openai/deployments/:id/chat/completions', (request, reply) => {
      const fields = asRecord(request.body);
      const body = fields ? { ...fields, model: request.params.id } : request.body;
      return chat(request, reply, body);
    });
  }

  #installRest(): void {
    const app = this.#app;
    const { proxy } = this.#parts;
    app.get('/v1/models', (request, reply) =>
      reply.send(proxy.models(this.#callerOf(request.headers, request.id))),
    );
    app.get<Addressed>('/v1/models/:id', (request, reply) => {
      const { id } = request.params;
      const model = proxy.model(id, this.#callerOf(request.headers, request.id));
      if (!model) throw noModel(id);
      return reply.send(model);
    });
    const callerOf = (headers: IncomingHttpHeaders, requestId: string): Caller =>
      this.#callerOf(headers, requestId);
    installConversations(app, proxy.conversations, callerOf);
    installUsage(app, proxy, callerOf);
    this.#parts.observatory.install(app, () => this.#isDraining);
  }

  /** Hands the answer to the heart, and answers for what the heart does not foresee. */
  async #hijack(
    request: FastifyRequest,
    reply: FastifyReply,
    run: (answer: Reply) => Promise<void>,
  ): Promise<void> {
    reply.hijack();
    const always = {
      'x-request-id': request.id,
      ...(this.#isDraining && { connection: 'close' }),
    };
    const answer = httpReply(reply.raw, always, this.#parts.clock);
    const running = run(answer).catch((error: unknown) => {
      this.#log(request.id, error);
      if (reply.raw.headersSent) reply.raw.destroy();
      else refuse(answer, ourFault(), {});
    });
    this.#track(running);
    await running;
  }

  #track(work: Promise<void>): void {
    const leave = this.#running.enter(work);
    work.then(leave, leave);
  }

  #callerOf(headers: IncomingHttpHeaders, requestId: string): Caller {
    const { name, residency } = this.#authenticate(keyOf(headers));
    const asked = choiceField(headers, 'x-spillway-residency', residencyRules);
    const header = asText(headers['traceparent']);
    const trace = readTraceparent(header)?.trace ?? this.#parts.ids();
    const pin = asText(headers['x-spillway-backend']);
    const forbid = asText(headers['x-spillway-not']);
    return {
      name,
      residency: asked === 'local-only' ? asked : residency,
      trace,
      requestId,
      ...(pin !== undefined && { pin: textOfHeader(pin) }),
      ...(forbid !== undefined && { forbid: textOfHeader(forbid) }),
    };
  }

  #notFound(request: FastifyRequest, reply: FastifyReply): void {
    const path = pathOf(request);
    const routes = this.#routes.filter((route) => route.path.test(path));
    const allowed = [...new Set(routes.flatMap(({ methods }) => methods))].toSorted();
    if (request.method === 'OPTIONS' && allowed.length > 0) {
      void reply.code(204).header('allow', allowed.join(', ')).send();
      return;
    }
    const { error, headers } = notFound(request, allowed);
    this.#fail(error, reply.headers(headers));
  }

  #log(requestId: string, error: unknown): void {
    this.#parts.log?.(`${requestId}: ${String(error instanceof Error ? error.stack : error)}`);
  }

  #fail(error: unknown, reply: FastifyReply): void {
    const told = error instanceof ApiError ? error : fromFastify(error);
    if (told.status >= 500) this.#parts.log?.(faultOf(error));
    void reply.code(told.status).headers(errorHeaders(told)).send(errorBody(told));
  }
}

/** For the operator: where it broke, or, where that was foreseen, what lies behind it. */
const faultOf = (error: unknown): string => {
  if (!(error instanceof ApiError)) return String(error instanceof Error ? error.stack : error);
  const { message, cause } = error;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
};
