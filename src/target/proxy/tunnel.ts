/**
 * A way through an HTTP proxy: it is asked to CONNECT, and what follows on the socket is between us
 * and the far end (RFC 9110, section 9.3.6).
 *
 *     dial the proxy ──▶ (TLS, if the proxy wants it) ──▶ CONNECT host:port ──▶ 2xx ──▶ the socket
 *
 * There is no deadline here: who opens a tunnel has one over everything it takes to connect.
 */

import { connect as dialTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as dialTls } from 'node:tls';

export interface TunnelOptions {
  /** The proxy: `http://user:password@proxy.example.com:3128`. */
  readonly proxy: string;
  /** Dial this instead of the proxy's own host. */
  readonly via?: { readonly host: string; readonly port: number };
  /** The far end. */
  readonly host: string;
  readonly port: number;
  /** Certificates that a proxy with TLS is held to; the machine's own when absent. */
  readonly ca?: readonly string[];
  readonly lookup?: LookupFunction;
}

/** A proxy that cannot be reached, or does not let us through. */
class TunnelError extends Error {
  override readonly name = 'TunnelError';
  /** The code of what went wrong on the socket, if it was that. */
  readonly code: string | undefined;

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.code =
      cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
        ? cause.code
        : undefined;
  }
}

/** A proxy that has more to say than this is none. */
const headBytesMax = 16 * 2 ** 10;

/** Opens a tunnel. Gives the socket that is being dialled, which may be destroyed at any time. */
export const openTunnel = (
  options: TunnelOptions,
  done: (error: Error | null, socket: Socket | null) => void,
): Socket => {
  const url = new URL(options.proxy);
  const isTls = url.protocol === 'https:';
  const proxyHost = url.hostname.replaceAll(/[[\]]/g, '');
  const { lookup, ca } = options;
  const address = {
    host: options.via?.host ?? proxyHost,
    port: options.via?.port ?? Number(url.port === '' ? (isTls ? 443 : 80) : url.port),
    autoSelectFamily: true,
    ...(lookup ? { lookup } : {}),
  };
  const socket = isTls
    ? dialTls({
        ...address,
        ALPNProtocols: ['http/1.1'],
        ...(isIP(proxyHost) === 0 ? { servername: proxyHost } : {}),
        ...(ca ? { ca: [...ca] } : {}),
      })
    : dialTcp(address);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
  const fail = (message: string, cause?: unknown): void => {
    forget();
    socket.on('error', () => undefined);
    socket.destroy();
    done(new TunnelError(`the HTTP proxy ${url.host} ${message}`, cause), null);
  };
  const onError = (error: Error): void => fail(`cannot be reached: ${error.message}`, error);
  const onClose = (): void => fail('closed the connection');
  const onReady = (): void => void socket.write(connectRequest(url, options));
  let head = Buffer.alloc(0);
  const onData = (bytes: Buffer): void => {
    head = Buffer.concat([head, bytes]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) {
      if (head.length > headBytesMax) fail('does not speak HTTP');
      return;
    }
    const refusal = refusalOf(head.subarray(0, end).toString('latin1'), options);
    if (refusal !== undefined) return fail(refusal);
    forget();
    socket.pause();
    const early = head.subarray(end + 4);
    if (early.length > 0) socket.unshift(early);
    done(null, socket);
  };
  const forget = (): void => {
    socket.off('error', onError).off('close', onClose).off('data', onData);
  };
  socket.once(isTls ? 'secureConnect' : 'connect', onReady);
  socket.on('error', onError).on('close', onClose).on('data', onData);
  return socket;
};

const connectRequest = (proxy: URL, { host, port }: TunnelOptions): string => {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const name = decodeURIComponent(proxy.username);
  const password = decodeURIComponent(proxy.password);
  const credentials = Buffer.from(`${name}:${password}`).toString('base64');
  return [
    `CONNECT ${authority} HTTP/1.1`,
    `host: ${authority}`,
    ...(name === '' && password === '' ? [] : [`proxy-authorization: Basic ${credentials}`]),
    '\r\n',
  ].join('\r\n');
};

/** Why the proxy does not let us through; undefined when it does. */
const refusalOf = (head: string, { host, port }: TunnelOptions): string | undefined => {
  const status = Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(head)?.[1] ?? 0);
  if (status >= 200 && status < 300) return undefined;
  if (status === 0) return 'does not speak HTTP';
  if (status === 407) return 'wants to know who asks (407): write name and password into its URL';
  return `answered ${status} to CONNECT ${host}:${port}`;
};
