/**
 * Connections to one server of the Responses API, kept open between turns as an application would.
 *
 * undici's own deadlines are off: they tick twice a second, and how long a turn may take is the
 * scenario's business, on the run's clock.
 */

import { Pool } from 'undici';

/** Where turns are sent. */
export interface ResponsesClient {
  readonly pool: Pool;
  /** Path of the endpoint: `/v1/responses`. */
  readonly path: string;
  /** Destroys every connection, in use or idle. */
  close(): Promise<void>;
}

/** Ample: the load is bounded by its own `inFlightMax`, and never waits here for a connection. */
const connectionsMaxDefault = 4096;

/** Below the idle time after which servers close, so that no turn meets a socket just closed. */
const idleMs = 4000;

/** Opens the client for a base URL, such as `http://127.0.0.1:4000/v1`. Connects when asked. */
export const responsesClient = (
  baseUrl: string,
  { connectionsMax = connectionsMaxDefault }: { readonly connectionsMax?: number } = {},
): ResponsesClient => {
  const { origin, pathname } = new URL(baseUrl);
  const pool = new Pool(origin, {
    connections: connectionsMax,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: idleMs,
    connect: { timeout: 0 },
  });

  return {
    pool,
    path: `${pathname.replace(/\/+$/, '')}/responses`,
    close: () => pool.destroy(),
  };
};
