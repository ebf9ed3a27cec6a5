/**
 * Opens the server behind `url: simulated`, on a real socket, so that nothing downstream can tell.
 *
 * `simulate.kind` decides which: a Spark speaks Ollama's wire, a cloud the Responses API.
 */

import assert from 'node:assert/strict';

import type { BackendSystem } from '../../system/system.ts';
import type { FaultedBox } from '../fault/kind/kind.ts';
import { simulatedAzure } from './simulated-azure.ts';
import { simulatedOllama } from './simulated-ollama.ts';
import type { SimulatedServer, SimulationContext } from './simulated-server.ts';

export interface SimulatedBackendContext extends SimulationContext {
  /** Any free port unless given. */
  readonly port?: number;
  /** Loopback unless given. */
  readonly host?: string;
}

export interface SimulatedBackend {
  /** What the system file would have as `url`: with `/v1` where the wire is OpenAI's. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** The machine itself, for what may happen to it. */
  readonly box?: FaultedBox;
  close(): Promise<void>;
  load(): { readonly running: number; readonly queued: number };
}

/** A port that is taken, or an address that is not ours. */
class SimulatedBackendError extends Error {
  override readonly name = 'SimulatedBackendError';
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** Opens it; requests still being served when it closes are cut off. */
export const openSimulatedBackend = async (
  backend: BackendSystem,
  context: SimulatedBackendContext,
): Promise<SimulatedBackend> => {
  const { host = '127.0.0.1', port = 0 } = context;
  const server = serverOf(backend, context);
  try {
    await server.app.listen({ host, port });
  } catch (error) {
    await server.app.close();
    const why = error instanceof Error ? error.message : String(error);
    throw new SimulatedBackendError(
      `cannot open the simulated backend ${backend.name}: ${why}`,
      'Choose another port, or stop what listens there.',
      { cause: error },
    );
  }
  const address = server.app.server.address();
  assert.ok(address !== null && typeof address === 'object', 'a listening server has an address');
  const base = `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;

  return {
    url: backend.wire === 'openai' ? `${base}/v1` : base,
    host,
    port: address.port,
    ...(server.box && { box: server.box }),
    close: () => server.app.close(),
    load: () => server.load(),
  };
};

const serverOf = (backend: BackendSystem, context: SimulationContext): SimulatedServer => {
  const { simulate } = backend;
  assert.ok(simulate, `backend ${backend.name} is not a simulated one`);
  switch (simulate.kind) {
    case 'spark':
      return simulatedOllama(backend, simulate, context);
    case 'cloud':
      return simulatedAzure(backend, simulate, context);
  }
};
