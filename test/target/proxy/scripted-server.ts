/**
 * An upstream written byte by byte on a raw socket, because an HTTP server cannot be made to break
 * its own framing.
 */

import { once } from 'node:events';
import net, { type Server, type Socket } from 'node:net';

import type { GenerationEvent } from '../../../src/protocol/generation.ts';
import { asRecord, type JsonObject, parseJson } from '../../../src/target/proxy/json.ts';
import type { UpstreamCall } from '../../../src/target/proxy/proxy.ts';
import type { BackendSystem } from '../../../src/system/system.ts';

/** What the server does with the `count`-th request (from 1) it has read whole. */
export type Script = (socket: Socket, request: string, count: number) => void;

export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly sockets: readonly Socket[];
  readonly requests: readonly string[];
}

/** Listens on a free port of the loopback. `onConnection` acts before anything is read. */
export const scriptedServer = async (
  script: Script,
  onConnection?: (socket: Socket) => void,
): Promise<ScriptedServer> => {
  const sockets: Socket[] = [];
  const requests: string[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onConnection?.(socket);
    let held = '';
    socket.on('data', (bytes) => {
      held += bytes.toString('utf8');
      for (let whole = wholeRequest(held); whole !== undefined; whole = wholeRequest(held)) {
        held = held.slice(whole.length);
        requests.push(whole);
        script(socket, whole, requests.length);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    sockets,
    requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};

/** The port that the operating system chose. */
export const portOf = (server: Server): number => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
};

const wholeRequest = (text: string): string | undefined => {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const length = Number(/content-length: (\d+)/i.exec(text.slice(0, headEnd))?.[1] ?? 0);
  const end = headEnd + 4 + length;
  return text.length >= end ? text.slice(0, end) : undefined;
};

/** The JSON that a request carried. */
export const bodyOf = (request: string | undefined): JsonObject => {
  const [, ...rest] = (request ?? '').split('\r\n\r\n');
  return asRecord(parseJson(rest.join('\r\n\r\n'))) ?? {};
};

export const head = (contentType: string, framing = 'transfer-encoding: chunked'): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${contentType}\r\n${framing}\r\n\r\n`;

export const chunk = (text: string): string =>
  `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

export const lastChunk = '0\r\n\r\n';

export const status = (code: number, body: string, headers: readonly string[] = []): string =>
  [
    `HTTP/1.1 ${code} Said So`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    body,
  ].join('\r\n');

export const backend = (wire: BackendSystem['wire'], urls: readonly string[]): BackendSystem => ({
  name: 'spark',
  wire,
  urls,
  apiKey: 'box-key-0123456789',
  residency: 'local',
  slots: 1,
  connectMs: 2000,
  firstTokenMs: 5000,
  stallMs: 5000,
});

export const call = (more: Partial<UpstreamCall> = {}): UpstreamCall => ({
  candidate: { backend: 'spark', model: 'gpt-oss:120b', numCtx: 8192 },
  input: [{ type: 'message', role: 'user', content: 'Say hello.' }],
  tools: [],
  toolChoice: 'auto',
  isParallelToolCalls: true,
  format: { type: 'text' },
  trace: '0af7651916cd43dd8448eb211c80319c',
  span: 'b7ad6b7169203331',
  ...more,
});

/** Everything an upstream says, joined: neighbouring pieces of one kind become one. */
export const collect = async (
  chunks: AsyncIterable<readonly GenerationEvent[]>,
): Promise<readonly GenerationEvent[]> => {
  const all: GenerationEvent[] = [];
  for await (const events of chunks)
    for (const event of events) {
      const last = all.at(-1);
      if (event.kind === 'text' && last?.kind === 'text')
        all[all.length - 1] = { kind: 'text', text: last.text + event.text };
      else all.push(event);
    }
  return all;
};

/** A signal that never aborts. */
export const never = (): AbortSignal => new AbortController().signal;
