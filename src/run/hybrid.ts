/** The hybrid without a run: what `serve` and `simulate` keep open until they are told to end. */

import { isDeepStrictEqual } from 'node:util';

import { seeded } from '../random/random.ts';
import { entropyIds } from '../random/id.ts';
import type { BackendSystem, System } from '../system/system.ts';
import { originNow, systemClock } from '../time/system-clock.ts';
import { openSimulatedBackend } from '../target/backend/simulated-backend.ts';
import type { BackendStageInfo } from './backend-stage.ts';
import { openStage } from './open-stage.ts';
import { pricesOf } from './price.ts';
import type { ProxyReload, ProxyStageInfo, ProxyStageInput } from './proxy-stage.ts';
import { RunError } from './run-error.ts';

export interface Hybrid extends AsyncDisposable {
  readonly url: string;
  /**
   * Goes on with another file, and says what of it only a restart can bring about. Throws an error
   * with a `hint` when it cannot; then nothing has changed.
   */
  reload(system: System): readonly ('listen' | 'state' | 'log')[];
}

/** How the proxy shows itself. */
export type HybridManner = Pick<ProxyStageInput, 'requestLog' | 'version'>;

/** Opens simulated backends in a thread of their own, and the proxy in front of all backends. */
export const openHybrid = async (system: System, manner: HybridManner = {}): Promise<Hybrid> => {
  await using opening = new AsyncDisposableStack();
  const stage = { origin: originNow(), seed: entropyIds(), emit: () => undefined };
  const isSimulated = system.backends.some(({ simulate }) => simulate);
  const backends = isSimulated
    ? opening.use(
        await openStage<BackendStageInfo>(
          'backends',
          { system, faults: [] },
          { ...stage, isThreaded: true },
        ),
      ).info.backends
    : system.backends;
  const proxy = opening.use(
    await openStage<ProxyStageInfo>(
      'proxy',
      { system: { ...system, backends }, prices: pricesOf(system), areIdsSeeded: false, ...manner },
      { ...stage, isThreaded: false },
    ),
  );
  const opened = opening.move();
  return {
    url: proxy.info.url,
    reload(next) {
      const reachable = next.backends.map((backend) => reachableAs(backend, system, backends));
      const reload: ProxyReload = {
        system: { ...next, backends: reachable },
        prices: pricesOf(next),
      };
      proxy.tell('reload', reload);
      return (['listen', 'state', 'log'] as const).filter(
        (key) => !isDeepStrictEqual(next[key], system[key]),
      );
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};

/** A simulated backend keeps the server it has; another would have to be started. */
const reachableAs = (
  backend: BackendSystem,
  { backends }: System,
  opened: readonly BackendSystem[],
): BackendSystem => {
  if (!backend.simulate) return backend;
  const before = backends.find(({ name }) => name === backend.name);
  const server = opened.find(({ name }) => name === backend.name);
  const isSame =
    before?.wire === backend.wire && isDeepStrictEqual(before.simulate, backend.simulate);
  if (!server || !isSame)
    throw new RunError(
      `backends.${backend.name}: a simulated backend cannot be changed while it runs`,
      'Restart to have it simulated as the file says.',
    );
  const { simulate: _, ...real } = backend;
  return { ...real, urls: server.urls, ...(server.via && { via: server.via }) };
};

export interface Simulation extends AsyncDisposable {
  readonly backends: readonly { readonly name: string; readonly url: string }[];
}

/** Opens the simulated backends alone, on consecutive ports from the first. */
export const openSimulation = async (
  system: System,
  listen: { readonly host: string; readonly port: number },
): Promise<Simulation> => {
  await using opening = new AsyncDisposableStack();
  const clock = systemClock();
  const random = seeded(entropyIds());
  const backends: { readonly name: string; readonly url: string }[] = [];
  for (const backend of system.backends.filter(({ simulate }) => simulate)) {
    const server = await openSimulatedBackend(backend, {
      clock,
      random: random.fork(backend.name),
      emit: () => undefined,
      host: listen.host,
      port: listen.port === 0 ? 0 : listen.port + backends.length,
    });
    opening.defer(() => server.close());
    backends.push({ name: backend.name, url: server.url });
  }
  const opened = opening.move();
  return { backends, [Symbol.asyncDispose]: () => opened.disposeAsync() };
};
