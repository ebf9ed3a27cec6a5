/**
 * The step through a company's HTTP proxy: it is asked to CONNECT to the far end (RFC 9110, section
 * 9.3.6), and what follows on the socket is between us and that.
 */

import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import type { Fact } from './finding.ts';

export interface TunnelInput {
  /** The proxy, which `socket` is connected to: `http://user:password@proxy.example.com:3128`. */
  readonly proxy: URL;
  readonly socket: Socket;
  readonly host: string;
  readonly port: number;
  readonly ca?: readonly string[];
}

/** The socket to go on with, or why there is none. */
export type Tunnelled = { readonly socket: Socket } | { readonly fact: Fact };

/** More than any proxy has to say. */
const headBytesMax = 16 * 2 ** 10;

/** Asks for the tunnel; whoever waits sets the deadline. Rejects when the socket breaks. */
export const tunnel = async (input: TunnelInput): Promise<Tunnelled> => {
  const { proxy, host, port } = input;
  const socket = proxy.protocol === 'https:' ? await secured(input) : input.socket;
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  socket.write(
    [`CONNECT ${authority} HTTP/1.1`, `host: ${authority}`, ...credentialsOf(proxy), '\r\n'].join(
      '\r\n',
    ),
  );
  const status = Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(await headOf(socket))?.[1] ?? 0);
  if (status >= 200 && status < 300) return { socket };

  return { fact: { kind: 'tunnel-refused', proxy: proxy.host, target: authority, status } };
};

const credentialsOf = ({ username, password }: URL): readonly string[] => {
  if (username === '' && password === '') return [];
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return [`proxy-authorization: Basic ${Buffer.from(pair).toString('base64')}`];
};

const secured = ({ proxy, socket, ca }: TunnelInput): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const host = proxy.hostname.replaceAll(/[[\]]/g, '');
    const tls = connectTls({
      socket,
      host,
      ...(isIP(host) === 0 && { servername: host }),
      ...(ca && { ca: [...ca] }),
    });
    tls.once('secureConnect', () => resolve(tls)).on('error', reject);
  });

/** What the proxy says, to its first empty line; what follows is left on the socket. */
const headOf = (socket: Socket): Promise<string> =>
  new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const onData = (bytes: Buffer): void => {
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0 && head.length <= headBytesMax) return;
      socket.off('data', onData).pause();
      const early = head.subarray(end < 0 ? head.length : end + 4);
      if (early.length > 0) socket.unshift(early);
      resolve(head.subarray(0, Math.max(end, 0)).toString('latin1'));
    };
    socket.on('data', onData);
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the proxy closed the connection')));
  });
