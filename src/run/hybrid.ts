/** The hybrid without a run: what `serve` and `simulate` keep open until they are told to end. */

import { seeded } from '../random/random.ts';
import { entropyIds } from '../random/id.ts';
import type { System } from '../system/system.ts';
import { originNow, systemClock } from '../time/system-clock.ts';
import { openSimulatedBackend } from '../target/backend/simulated-backend.ts';
import type { BackendStageInfo } from './backend-stage.ts';
import { openStage } from './open-stage.ts';
import { pricesOf } from './price.ts';
import type { ProxyStageInfo } from './proxy-stage.ts';

export interface Hybrid extends AsyncDisposable {
  readonly url: string;
}

/** Opens simulated backends in a thread of their own, and the proxy in front of all backends. */
export const openHybrid = async (system: System): Promise<Hybrid> => {
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
      { system: { ...system, backends }, prices: pricesOf(system), areIdsSeeded: false },
      { ...stage, isThreaded: false },
    ),
  );
  const opened = opening.move();
  return { url: proxy.info.url, [Symbol.asyncDispose]: () => opened.disposeAsync() };
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
