/** Servers on the loopback, on ports that the system chooses. */

import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/** Listens; disposing closes. */
export const listening = async (server: Server) => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Every server here listens on a port.
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: async () => void server.close() };
};
