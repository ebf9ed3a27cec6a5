/**
 * A proxy on the loopback over an Ollama of our own, which says what a function makes of the
 * talk.
 */

import { once } from 'node:events';
import http, { type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { WebSocket, type ClientOptions } from 'ws';

import { entropyIds } from '../../src/random/id.ts';
import { seeded } from '../../src/random/random.ts';
import type { System } from '../../src/system/system.ts';
import { asRecord, asText, type JsonObject, parseJson } from '../../src/target/proxy/json.ts';
import {
  openProxyServer,
  type ProxyServer,
  type ProxyServerOptions,
} from '../../src/target/proxy/server.ts';
import { systemClock } from '../../src/time/system-clock.ts';
import { type SocketAnswer, socketAnswers } from './socket-world.ts';

export const clock = systemClock();

export interface Said {
  readonly role: string;
  readonly content: string;
}

/** What the model says next; words are sent one by one, `gapMs` apart. */
export interface Reaction {
  readonly text: string;
  readonly gapMs?: number;
}

export type Model = (talk: readonly Said[]) => Reaction;

/** Says back all that users have said; slowly when the last of it asks for that. */
export const recall: Model = (talk) => {
  const said = talk.filter(({ role }) => role === 'user').map(({ content }) => content);
  return { text: said.join(' '), gapMs: said.at(-1)?.startsWith('slowly') === true ? 2000 : 0 };
};

const talkOf = (body: string): readonly Said[] => {
  const { messages } = asRecord(parseJson(body)) ?? {};
  return (Array.isArray(messages) ? messages : []).map((message: unknown) => ({
    role: asText(asRecord(message)?.['role']) ?? '',
    content: asText(asRecord(message)?.['content']) ?? '',
  }));
};

const play = async (response: ServerResponse, { text, gapMs = 0 }: Reaction): Promise<void> => {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  for (const word of text.match(/\S+\s*/g) ?? []) {
    if (gapMs > 0) await clock.sleep(gapMs);
    if (response.destroyed) return;
    response.write(`${JSON.stringify({ message: { content: word }, done: false })}\n`);
  }
  const last = { message: { content: '' }, done: true, done_reason: 'stop' };
  response.end(`${JSON.stringify({ ...last, prompt_eval_count: 9, eval_count: 2 })}\n`);
};

/** An Ollama with one model, which is loaded. */
export const fakeOllama = async (model: Model) => {
  const server = http.createServer((request, response) => {
    if (request.method === 'GET') {
      response.end('{"models":[{"name":"gpt-oss:120b"}]}');
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void play(response, model(talkOf(Buffer.concat(chunks).toString())));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

/** A system of one local backend with room for all. */
export const servedSystem = (url: string, more: Partial<System> = {}): System => ({
  listen: { host: '127.0.0.1', port: 0 },
  state: { kind: 'memory', retainDays: 30 },
  drainMs: 2000,
  keys: [],
  backends: [
    {
      name: 'spark',
      wire: 'ollama',
      urls: [url],
      residency: 'local',
      slots: 1000,
      connectMs: 1000,
      firstTokenMs: 10_000,
      stallMs: 10_000,
    },
  ],
  models: [{ name: 'm', candidates: [{ backend: 'spark', model: 'gpt-oss:120b' }] }],
  midStream: 'fail',
  commitOn: 'text',
  cold: 'spill',
  spill: { queueMax: 2, waitMsMax: 1500 },
  breaker: { hardFailures: 1, softFailures: 3, openForMs: 5000 },
  economics: { counterfactuals: [] },
  ...more,
});

/** What a proxy of such a system needs besides. */
export const optionsOf = (system: System): ProxyServerOptions => ({
  system,
  clock,
  random: seeded(1),
  ids: entropyIds,
  record: () => undefined,
  priceOf: () => undefined,
  maySpend: () => true,
  countTokens: (text) => Math.ceil(text.length / 4),
});

export interface ServedProxy extends AsyncDisposable {
  readonly proxy: ProxyServer;
  /** `http://127.0.0.1:PORT`, without the API's path. */
  readonly origin: string;
}

/** Opens both. */
export const servedProxy = async (
  model: Model,
  more: Partial<System> = {},
): Promise<ServedProxy> => {
  const ollama = await fakeOllama(model);
  const proxy = await openProxyServer(optionsOf(servedSystem(ollama.url, more)));
  return {
    proxy,
    origin: proxy.url.replace(/\/v1$/, ''),
    async [Symbol.asyncDispose]() {
      await proxy.close();
      await ollama[Symbol.asyncDispose]();
    },
  };
};

/** A client on a WebSocket, which keeps all that it is sent. */
export class SocketClient implements AsyncDisposable {
  readonly socket: WebSocket;
  readonly texts: string[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly #changed = new Set<() => void>();

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, options);
    this.socket.on('message', (data: Buffer) => {
      this.texts.push(data.toString());
      this.#wake();
    });
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#wake();
    });
    this.socket.on('error', () => undefined);
  }

  async opened(): Promise<this> {
    if (this.socket.readyState === WebSocket.CONNECTING) await once(this.socket, 'open');
    return this;
  }

  get answers(): readonly SocketAnswer[] {
    return socketAnswers(this.texts);
  }

  create(body: JsonObject = {}): void {
    this.socket.send(
      JSON.stringify({ type: 'response.create', model: 'm', input: 'Hello', ...body }),
    );
  }

  /** Sends, and waits for the answer. */
  async ask(body: JsonObject = {}): Promise<SocketAnswer> {
    const before = this.answers.length;
    this.create(body);
    return this.answer(before);
  }

  /** The answer of that number, once it is whole. */
  async answer(at: number): Promise<SocketAnswer> {
    for (;;) {
      const answer = this.answers[at];
      if (answer) return answer;
      if (this.closed) throw new Error(`closed with ${this.closed.code}`);
      await this.#change();
    }
  }

  async untilClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    while (!this.closed) await this.#change();
    return this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate();
    await this.untilClosed();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed.add(resolve);
    });
  }

  #wake(): void {
    for (const resolve of this.#changed) resolve();
    this.#changed.clear();
  }
}

/** The address of the socket of a proxy. */
export const socketUrl = ({ proxy }: ServedProxy): string =>
  `${proxy.url.replace(/^http/, 'ws')}/responses`;
