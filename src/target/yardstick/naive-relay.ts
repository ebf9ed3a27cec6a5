/**
 * The yardstick: a relay as simple gateways are built, to hold a proxy against.
 *
 *     primary ──fails──▶ 0.5 s ──▶ primary ──fails──▶ 1 s ──▶ primary ──fails──▶ fallback
 *
 * It tries the same backend three times, with a pause that doubles; gives up on one that says
 * nothing for 30 s; commits on the first byte; passes streams through as they come. It holds no
 * circuit, so each request pays for itself, and it cannot tell a stream that was cut from a whole
 * one. These are the defaults that failoverbench sets for every gateway it compares
 * (https://github.com/failoverbench/failoverbench: 2 retries, 30 s, 1 fallback).
 *
 * It speaks the Responses API to backends that speak it as well.
 */

import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

import type { Attempt } from '../../log/entry.ts';
import type { FailureReason } from '../../protocol/generation.ts';
import { readTraceparent, traceparent } from '../../protocol/trace.ts';
import type { IdSource } from '../../random/id.ts';
import type { BackendSystem, Candidate, System } from '../../system/system.ts';
import type { Clock } from '../../time/clock.ts';

export interface NaiveRelayParts {
  readonly system: Pick<System, 'backends' | 'models'>;
  /** Factor on its deadline and its pauses. */
  readonly scale: number;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** The run's arm is added by the receiver. */
  readonly record: (attempt: Omit<Attempt, 'arm'>) => void;
}

export interface NaiveRelay {
  /** Base URL, with `/v1`. */
  readonly url: string;
  close(): Promise<void>;
}

const silenceMsMax = 30_000;
const pauseMs = 500;
const triesOfFirst = 3;

/** Whether the relay can pass a request on to a backend. */
export const speaksResponses = ({ wire, api }: BackendSystem): boolean =>
  wire !== 'ollama' && api !== 'chat';

/** Opens it on a free port of the loopback. */
export const openNaiveRelay = async (parts: NaiveRelayParts): Promise<NaiveRelay> => {
  const agent = new Agent({ keepAlive: true });
  const server = createServer((asked, reply) => {
    serve(asked, reply, parts, agent).catch(() => reply.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
};

const serve = async (
  asked: IncomingMessage,
  reply: ServerResponse,
  parts: NaiveRelayParts,
  agent: Agent,
): Promise<void> => {
  const body = await bodyOf(asked);
  const { model: name } = body;
  const model = parts.system.models.find((it) => it.name === name);
  const trace = readTraceparent(String(asked.headers['traceparent']))?.trace ?? parts.ids();
  const tries = (model?.candidates ?? []).flatMap((candidate, place) =>
    Array.from({ length: place === 0 ? triesOfFirst : 1 }, () => candidate),
  );
  let said = 'no model of that name';
  for (const [at, candidate] of tries.entries()) {
    const isRetry = at > 0 && tries[at - 1] === candidate;
    if (isRetry) await parts.clock.sleep(pauseMs * 2 ** (at - 1) * parts.scale);
    if (reply.destroyed) return;
    const tried = new Try(candidate, { body, trace, number: at + 1, reply, parts, agent });
    said = await tried.run();
    if (tried.isCommitted) return;
  }
  reply.writeHead(model ? 502 : 404, { 'content-type': 'application/json' });
  reply.end(
    JSON.stringify({ error: { message: said, type: 'server_error', code: 'bad_gateway' } }),
  );
};

interface TryGround {
  readonly body: Readonly<Record<string, unknown>>;
  readonly trace: string;
  readonly number: number;
  readonly reply: ServerResponse;
  readonly parts: NaiveRelayParts;
  readonly agent: Agent;
}

/** One try of one backend. */
class Try {
  /** Whether a byte of the answer has gone to the client: there is no way back. */
  isCommitted = false;
  readonly #candidate: Candidate;
  readonly #ground: TryGround;
  readonly #ended = Promise.withResolvers<string>();
  readonly #startedAt: number;
  #timer: Disposable | undefined;
  #localPort: number | undefined;
  #isOver = false;

  constructor(candidate: Candidate, ground: TryGround) {
    this.#candidate = candidate;
    this.#ground = ground;
    this.#startedAt = ground.parts.clock.now();
  }

  /** Resolves with what went wrong, or with nothing. */
  run(): Promise<string> {
    const { parts, body, trace, agent, reply } = this.#ground;
    const backend = parts.system.backends.find(({ name }) => name === this.#candidate.backend);
    const base = backend?.urls[0] ?? '';
    const { pathname, hostname, port } = new URL(base);
    const via = backend?.via?.[base];
    const path = pathname.endsWith('/v1') ? pathname : '/openai/v1';
    const call = request({
      host: via?.host ?? hostname,
      port: via?.port ?? Number(port),
      path: `${path}/responses`,
      method: 'POST',
      agent,
      headers: {
        'content-type': 'application/json',
        ...(backend?.apiKey !== undefined && { 'api-key': backend.apiKey }),
        traceparent: traceparent(trace, parts.ids().slice(0, 16)),
      },
    });
    this.#expect(() => call.destroy(silence));
    call.on('socket', (socket) => {
      const connected = (): void => {
        this.#localPort = socket.localPort;
      };
      if (socket.connecting) socket.once('connect', connected);
      else connected();
    });
    call.on('error', (error) =>
      this.#end(error.message, this.#localPort === undefined ? noWay(error) : reasonOf(error)),
    );
    call.on('response', (answer) => this.#pass(answer));
    reply.once('close', () => call.destroy());
    call.end(JSON.stringify({ ...body, model: this.#candidate.model }));
    return this.#ended.promise;
  }

  #pass(answer: IncomingMessage): void {
    const { reply } = this.#ground;
    const status = answer.statusCode ?? 502;
    if (status === 400 || status === 413 || status === 422) {
      // The request is at fault: nobody else would take it.
      this.isCommitted = true;
      reply.writeHead(status, { 'content-type': answer.headers['content-type'] ?? '' });
    } else if (status >= 400) {
      answer.resume();
      this.#end(`answered ${status}`, 'status');
      return;
    }
    answer.on('data', (bytes: Buffer) => {
      if (this.#isOver) return;
      if (!reply.headersSent)
        reply.writeHead(status, { 'content-type': answer.headers['content-type'] ?? '' });
      this.isCommitted = true;
      reply.write(bytes);
      this.#expect(() => answer.destroy(silence));
    });
    answer.on('error', (error) => {
      reply.destroy();
      this.#end(error.message, reasonOf(error));
    });
    answer.on('end', () => {
      if (this.isCommitted) reply.end();
      if (this.isCommitted) this.#end('');
      else this.#end('answered nothing', 'truncated');
    });
  }

  #expect(giveUp: () => void): void {
    const { clock, scale } = this.#ground.parts;
    this.#timer?.[Symbol.dispose]();
    this.#timer = clock.at(clock.now() + silenceMsMax * scale, giveUp);
  }

  #end(problem: string, reason?: FailureReason): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.[Symbol.dispose]();
    const { parts, trace, number } = this.#ground;
    const { backend, model } = this.#candidate;
    const residency = parts.system.backends.find(({ name }) => name === backend)?.residency;
    parts.record({
      kind: 'attempt',
      trace,
      attempt: number,
      cause: number === 1 ? 'first' : 'failover',
      backend,
      model,
      residency: residency ?? 'cloud',
      startedAt: this.#startedAt,
      endedAt: parts.clock.now(),
      outcome: problem === '' ? 'served' : 'failed',
      ...(reason && { reason }),
      ...(this.#localPort !== undefined && { localPort: this.#localPort }),
      tokensReceived: 0,
      tokensForwarded: 0,
    });
    this.#ended.resolve(problem);
  }
}

const reasonOf = (error: NodeJS.ErrnoException): FailureReason => {
  if (error === silence) return 'first-token-deadline';
  return error.code === 'ECONNRESET' ? 'reset' : 'closed';
};

/** Why there was no connection. */
const noWay = ({ code }: NodeJS.ErrnoException): FailureReason =>
  code === 'ECONNREFUSED' ? 'refused' : 'unreachable';

const silence = new Error('said nothing in time');

const bodyOf = async (asked: IncomingMessage): Promise<Readonly<Record<string, unknown>>> => {
  const parts: Buffer[] = [];
  for await (const part of asked) parts.push(Buffer.from(part));
  const body: unknown = JSON.parse(Buffer.concat(parts).toString() || '{}');
  return typeof body === 'object' && body !== null ? { ...body } : {};
};
