/**
 * TLS in front of a simulated backend, which speaks plain HTTP itself: as a node behind Tailscale
 * Funnel, where TLS ends on the node and not before.
 */

import { connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';

export interface TlsFront {
  readonly port: number;
  close(): Promise<void>;
}

/** Opens it on a loopback port. */
export const openTlsFront = async (
  target: { readonly host: string; readonly port: number },
  identity: { readonly cert: string; readonly key: string },
): Promise<TlsFront> => {
  const open = new Set<Socket>();
  const join = (one: Socket, other: Socket): void => {
    open.add(one);
    one.pipe(other);
    one.on('error', () => other.destroy());
    one.on('close', () => {
      open.delete(one);
      other.destroy();
    });
  };
  const server = createServer({ ...identity, ALPNProtocols: ['http/1.1'] }, (client) => {
    const backend = connect({ ...target, noDelay: true });
    join(client, backend);
    join(backend, client);
  });
  // A handshake that fails is the client's to tell.
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
};
