/** The hybrid without a run: what `serve` and `simulate` keep open until they are told to end. */

import { isDeepStrictEqual } from 'node:util';

import { seeded } from '../random/random.ts';
import { entropyIds } from '../random/id.ts';
import type { BackendSystem, System } from '../system/system.ts';
import { originNow, systemClock } from '../time/system-clock.ts';
import { openSimulatedBackend } from '../target/backend/simulated-backend.ts';
import type { BackendStageInfo, BackendStageInput } from './backend-stage.ts';
import { openLiveControl } from './live-control.ts';
import { liveOrders } from './live-order.ts';
import { openStage } from './open-stage.ts';
import { pricesOf } from './price.ts';
import type { ProxyReload, ProxyStageInfo, ProxyStageInput } from './proxy-stage.ts';
import { RunError } from './run-error.ts';
import type { StageEntry } from './stage.ts';

export interface Hybrid extends AsyncDisposable {
  readonly url: string;
  /**
   * Goes on with another file, and says what of it only a restart can bring about. Throws an error
   * with a `hint` when it cannot; then nothing has changed.
   */
  reload(system: System): readonly ('listen' | 'state' | 'log')[];
}

/** How the proxy shows itself, and whether it can be broken while it serves. */
export interface HybridManner extends Pick<ProxyStageInput, 'requestLog' | 'version'> {
  /** Where `spillway fault` is heard, and who is told of what it does. */
  readonly live?: { readonly folder: string; readonly tell: (line: string) => void };
}

/** Opens simulated backends in a thread of their own, and the proxy in front of all backends. */
export const openHybrid = async (system: System, manner: HybridManner = {}): Promise<Hybrid> => {
  await using opening = new AsyncDisposableStack();
  const { live, ...shown } = manner;
  const stage = { origin: originNow(), seed: entropyIds(), emit: () => undefined };
  const isSimulated = system.backends.some(({ simulate }) => simulate);
  const names = system.backends.map(({ name }) => name);
  const behind =
    isSimulated || live
      ? opening.use(
          await openStage<BackendStageInfo>(
            'backends',
            { system, faults: [], ...(live && { relayed: names }) } satisfies BackendStageInput,
            { ...stage, isThreaded: true, ...(live && { emit: (it) => sayEntry(it, live.tell) }) },
          ),
        )
      : undefined;
  const backends = behind?.info.backends ?? system.backends;
  if (live && behind) {
    behind.tell('begin', systemClock(stage.origin).now());
    const orders = liveOrders(names, (message, value) => behind.ask(message, value));
    opening.use(await openLiveControl(live.folder, orders));
  }
  const proxy = opening.use(
    await openStage<ProxyStageInfo>(
      'proxy',
      { system: { ...system, backends }, prices: pricesOf(system), areIdsSeeded: false, ...shown },
      { ...stage, isThreaded: false },
    ),
  );
  const opened = opening.move();
  return {
    url: proxy.info.url,
    reload(next) {
      const reachable = next.backends.map((backend) =>
        reachableAs(backend, system, backends, live !== undefined),
      );
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
  isLive: boolean,
): BackendSystem => {
  const before = backends.find(({ name }) => name === backend.name);
  if (!backend.simulate) return isLive ? throughShim(backend, before, opened) : backend;
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

/** What is broken by hand is reached as before, or it could be broken no more. */
const throughShim = (
  backend: BackendSystem,
  before: BackendSystem | undefined,
  opened: readonly BackendSystem[],
): BackendSystem => {
  const via = opened.find(({ name }) => name === backend.name)?.via;
  if (via && isDeepStrictEqual(before?.urls, backend.urls)) return { ...backend, via };
  throw new RunError(
    `backends.${backend.name}: the way to a backend cannot be changed while it is live`,
    'Restart to reach it as the file says.',
  );
};

/** What a fault armed by hand does, for who gives the talk. */
const sayEntry = (entry: StageEntry, tell: (line: string) => void): void => {
  if (entry.kind === 'act') tell(`${entry.backend}: ${entry.what} acted`);
  if (entry.kind === 'fault') tell(`${entry.backend}: ${entry.what} is over`);
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
