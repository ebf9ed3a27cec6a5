/**
 * A relay before the proxy that changes nothing and keeps how each connection begins, to show
 * whether a client spoke over HTTP or over a WebSocket.
 */

import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface Tap extends AsyncDisposable {
  /** The proxy's base URL, through the relay. */
  readonly url: string;
  /** The first bytes of each connection: the head of its first request. */
  readonly heads: readonly string[];
}

export const tap = async (url: string): Promise<Tap> => {
  const { hostname, port, pathname } = new URL(url);
  const heads: string[] = [];
  const open = new Set<Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.once('data', (bytes) => heads.push(bytes.toString('latin1')));
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}${pathname}`,
    heads,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};
