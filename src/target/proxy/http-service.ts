/**
 * The routes of the proxy, and what surrounds each request: its name, its caller, its errors.
 *
 *     request ──▶ x-request-id ──▶ key ──▶ body ──▶ heart ──▶ reply
 *                     └── an error on the way is told in OpenAI's shape
 */

import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';

import { readTraceparent } from '../../protocol/trace.ts';
import { ApiError, errorBody, errorHeaders, serverError } from './api-error.ts';
import { type Authentication, keyAuthentication } from './authentication.ts';
import { refuse } from './delivery.ts';
import { httpReply } from './http-reply.ts';
import { asRecord, asText, parseJson } from './json.ts';
import type { Caller, ProxyParts } from './proxy.ts';
import { parseRequest } from './request.ts';
import type { Proxy } from './respond.ts';

export interface HttpServiceParts {
  readonly system: ProxyParts['system'];
  readonly clock: ProxyParts['clock'];
  readonly ids: ProxyParts['ids'];
  readonly proxy: Proxy;
  /** Told of our own faults, for people; never holds a prompt, an answer or a key. */
  readonly log?: (line: string) => void;
}

/** Conversations with images are long; longer than this is a mistake. */
const bodyBytesMax = 32 * 2 ** 20;
/** How long a client may take to send its request. */
const requestMsMax = 300_000;
/** Longer than the 60 s for which most clients and relays keep a connection. */
const keepAliveMs = 72_000;
/** How long running answers may take to end when the service closes. */
const closeMs = 2000;
/** Between two looks for connections that have become idle while closing. */
const sweepMs = 10;

/** Paths and the one method each has, to tell a wrong method from a wrong path. */
const methods: readonly (readonly [RegExp, string])[] = [
  [/^\/v1\/responses\/?$/, 'POST'],
  [/^\/v1\/responses\/[^/]+$/, 'GET, DELETE'],
  [/^\/v1\/models(?:\/[^/]+)?\/?$/, 'GET'],
  [/^\/health\/?$/, 'GET'],
];

interface Addressed {
  readonly Params: { readonly id: string };
}

export class HttpService {
  readonly #parts: HttpServiceParts;
  readonly #authenticate: Authentication;
  readonly #app: FastifyInstance;
  readonly #running = new Set<Promise<void>>();

  constructor(parts: HttpServiceParts) {
    this.#parts = parts;
    this.#authenticate = keyAuthentication(parts.system.keys);
    this.#app = fastify({
      bodyLimit: bodyBytesMax,
      requestTimeout: requestMsMax,
      keepAliveTimeout: keepAliveMs,
      forceCloseConnections: 'idle',
      exposeHeadRoutes: false,
      genReqId: () => `req_${parts.ids()}`,
      requestIdHeader: false,
      logger: false,
      routerOptions: { ignoreTrailingSlash: true, maxParamLength: 256 },
    });
    this.#install();
  }

  /** Listens; gives the port, which the operating system chose if 0 was asked for. */
  async listen(host: string, port: number): Promise<number> {
    await this.#app.listen({ host, port });
    const address = this.#app.server.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  /** Takes no more requests, lets the running ones end for a moment, then cuts them. */
  async close(): Promise<void> {
    const { clock } = this.#parts;
    const { server } = this.#app;
    const cutAt = clock.now() + closeMs;
    // A connection whose answer has ended is kept alive for another; there will be none.
    const sweep = (): void => {
      if (clock.now() >= cutAt) server.closeAllConnections();
      else server.closeIdleConnections();
      timer = clock.at(clock.now() + sweepMs, sweep);
    };
    let timer = clock.at(clock.now() + sweepMs, sweep);
    try {
      await this.#app.close();
      await Promise.all(this.#running);
    } finally {
      timer[Symbol.dispose]();
    }
  }

  #install(): void {
    const app = this.#app;
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
      const value = parseJson(String(body));
      if (value === undefined) done(notJson());
      else done(null, value);
    });
    app.addHook('onRequest', async (request, reply) => {
      reply.header('x-request-id', request.id);
      if (request.url.startsWith('/v1/')) this.#authenticate(request.headers.authorization);
    });
    app.setErrorHandler((error, _request, reply) => this.#fail(error, reply));
    app.setNotFoundHandler((request, reply) => {
      for (const [name, value] of Object.entries(upgradeHeaders(request)))
        reply.header(name, value);
      const allowed = methods.find(([path]) => path.test(pathOf(request)))?.[1];
      if (allowed !== undefined) reply.header('allow', allowed);
      this.#fail(notFound(request, allowed), reply);
    });

    const { proxy } = this.#parts;
    app.post('/v1/responses', (request, reply) => this.#respond(request, reply));
    app.get<Addressed>('/v1/responses/:id', (request) =>
      proxy.read(request.params.id, this.#callerOf(request)),
    );
    app.delete<Addressed>('/v1/responses/:id', (request) =>
      proxy.remove(request.params.id, this.#callerOf(request)),
    );
    app.get('/v1/models', (_request, reply) => reply.send(proxy.models()));
    app.get<Addressed>('/v1/models/:id', ({ params: { id } }, reply) => {
      const model = proxy.models().data.find((it) => it.id === id);
      if (!model) throw noModel(id);
      return reply.send(model);
    });
    app.get('/health', (_request, reply) => reply.send(proxy.health()));
  }

  async #respond(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const caller = this.#callerOf(request);
    const asked = parseRequest(request.body);
    reply.hijack();
    const answer = httpReply(reply.raw, { 'x-request-id': request.id }, this.#parts.clock);
    const running = this.#parts.proxy.respond(asked, caller, answer).catch((error: unknown) => {
      // The heart answers for everything it foresees; this it did not.
      this.#parts.log?.(`${request.id}: ${String(error instanceof Error ? error.stack : error)}`);
      if (reply.raw.headersSent) reply.raw.destroy();
      else refuse(answer, ourFault(), {});
    });
    this.#running.add(running);
    await running;
    this.#running.delete(running);
  }

  #callerOf(request: FastifyRequest): Caller {
    const { name, residency } = this.#authenticate(request.headers.authorization);
    const header = asText(request.headers['traceparent']);
    const trace = readTraceparent(header)?.trace ?? this.#parts.ids();
    return { name, residency, trace, requestId: request.id };
  }

  #fail(error: unknown, reply: FastifyReply): void {
    const told = error instanceof ApiError ? error : fromFastify(error);
    if (told.status >= 500) this.#parts.log?.(String(error instanceof Error ? error.stack : error));
    void reply.code(told.status).headers(errorHeaders(told)).send(errorBody(told));
  }
}

const notJson = (): ApiError =>
  new ApiError({
    status: 400,
    message: 'We could not parse the JSON body of your request. Expected a JSON object.',
  });

/** Fastify's own errors, in OpenAI's words. */
const fromFastify = (error: unknown): ApiError => {
  const status = asRecord(error)?.['statusCode'];
  switch (status) {
    case 413:
      return new ApiError({
        status,
        message: `The request body is too large: expected at most ${bodyBytesMax} bytes.`,
      });
    case 415:
      return new ApiError({
        status,
        message: 'Unsupported media type. Send JSON with `content-type: application/json`.',
      });
    case 400:
      return notJson();
    default:
      return ourFault();
  }
};

const ourFault = (): ApiError =>
  serverError('The proxy failed to answer. This is our fault, not yours.');

const noModel = (id: string): ApiError =>
  new ApiError({
    status: 404,
    code: 'model_not_found',
    param: 'model',
    message: `The model '${id}' does not exist.`,
  });

const pathOf = ({ url }: FastifyRequest): string => url.replace(/\?.*$/, '');

const isUpgrade = ({ headers }: FastifyRequest): boolean => headers.upgrade !== undefined;

/** RFC 9110, section 15.5.22: 426 must name what to speak instead. */
const upgradeHeaders = (request: FastifyRequest): Readonly<Record<string, string>> =>
  isUpgrade(request) ? { upgrade: 'HTTP/1.1', connection: 'upgrade' } : {};

const notFound = (request: FastifyRequest, allowed: string | undefined): ApiError => {
  const { method } = request;
  const path = pathOf(request);
  if (isUpgrade(request) && allowed !== undefined) {
    return new ApiError({
      status: 426,
      message: `WebSocket is not supported on ${path}. Use HTTP, with \`stream: true\` for events.`,
    });
  }
  return allowed === undefined
    ? new ApiError({ status: 404, message: `Invalid URL (${method} ${path})` })
    : new ApiError({ status: 405, message: `Not allowed to ${method} on ${path}.` });
};
