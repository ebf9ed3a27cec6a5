/**
 * The hybrid in virtual time: the proxy's heart as it is, engines as they are, faults in front of
 * them, and no network.
 *
 *     reader ──▶ proxy ──▶ tap ──▶ fault shim ──▶ quirks ──▶ engine
 *                           └── sees every call: what the log does not tell
 */

import type { LogEntry } from '../../src/log/entry.ts';
import type { GenerationEvent } from '../../src/protocol/generation.ts';
import { seededIds } from '../../src/random/id.ts';
import { type Random, seeded } from '../../src/random/random.ts';
import type { System } from '../../src/system/system.ts';
import { BoxFaults } from '../../src/target/fault/box-fault.ts';
import type { PlannedFault } from '../../src/target/fault/fault.ts';
import { type VirtualShim, virtualShim } from '../../src/target/fault/virtual-shim.ts';
import type { BackendHealth } from '../../src/target/proxy/backend.ts';
import { memoryStore } from '../../src/target/proxy/memory-store.ts';
import type {
  ProxyParts,
  StateStore,
  Upstream,
  UpstreamCall,
} from '../../src/target/proxy/proxy.ts';
import { Proxy } from '../../src/target/proxy/respond.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';
import { estimateTokens } from '../../src/token/estimate.ts';
import { grouped } from './grouped.ts';
import { virtualPaths } from './virtual-path.ts';
import { virtualUpstream } from './virtual-upstream.ts';

/** One call of a backend, as it left the proxy. */
export interface SeenCall {
  readonly backend: string;
  readonly trace: string;
  readonly model: string;
  readonly at: number;
  /** To load a model; no user waits for it. */
  readonly isWarmUp: boolean;
  readonly outputTokensMax: number;
  /** What the proxy knew of the backend in that moment. */
  readonly health: BackendHealth | undefined;
  /** Users' calls open at this backend in that moment, this one among them. */
  readonly openCount: number;
  /** Undefined while it runs. */
  endedAt: number | undefined;
}

export interface WorldParts {
  readonly system: System;
  readonly faults: readonly PlannedFault[];
  readonly seed: string;
  /** Name of the arm, written into each entry. */
  readonly arm: string;
  /** Stands between a backend and its faults. */
  readonly quirks?: (upstream: Upstream, clock: VirtualClock, random: Random) => Upstream;
  /** For how long what a backend says is kept, to be told together; not at all where absent. */
  readonly groupMs?: number;
  readonly store?: (store: StateStore, clock: VirtualClock) => StateStore;
  readonly proxy?: Partial<Pick<ProxyParts, 'priceOf' | 'maySpend' | 'ledger'>>;
}

export interface World {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly proxy: Proxy;
  readonly store: StateStore;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly entries: readonly LogEntry[];
  readonly calls: readonly SeenCall[];
  /** Calls of a model that was not in memory: `BACKEND TRACE`. */
  readonly coldCalls: ReadonlySet<string>;
  readonly emit: (entry: object) => void;
  /** Arms a fault from now on, or disarms it. */
  readonly live: Pick<VirtualShim<UpstreamCall, unknown>, 'add' | 'remove'>;
  /** Closes all that was opened. */
  readonly close: () => Promise<void>;
}

/** Builds the hybrid and arms its faults; nothing happens before the clock is moved. */
export const openWorld = (parts: WorldParts): World => {
  const clock = new VirtualClock();
  const random = seeded(parts.seed);
  const entries: LogEntry[] = [];
  const calls: SeenCall[] = [];
  const coldCalls = new Set<string>();
  const emit = (entry: object): void => {
    entries.push({ arm: parts.arm, ...entry } as LogEntry);
  };
  const boxes: BoxFaults[] = [];
  const shims = parts.system.backends.map((backend) => {
    const chance = random.fork(`backend ${backend.name}`);
    const onCold = (trace: string): void => void coldCalls.add(`${backend.name} ${trace}`);
    const upstream = virtualUpstream(backend, { clock, random: chance, emit, onCold });
    const quirky = parts.quirks?.(upstream, clock, random) ?? upstream;
    const { simulate, connectMs } = backend;
    const paths = (simulate?.kind === 'spark' && simulate.paths) || ['http'];
    const faults = parts.faults.filter((fault) => fault.backend === backend.name);
    const { name } = backend;
    const { box } = upstream;
    if (box) boxes.push(new BoxFaults({ name, box, faults, clock, emit }));
    return paths.map((path, at) =>
      virtualShim(quirky, {
        clock,
        random: random.fork(`faults ${backend.name}${at === 0 ? '' : ` path ${at + 1}`}`),
        faults: faults.filter((fault) => (fault.path ?? at + 1) === at + 1),
        connectMs,
        isTls: path === 'https',
        emit,
      }),
    );
  });
  const memory = memoryStore({ retainDays: 1, wall: () => clock.wall() });
  const store = parts.store?.(memory, clock) ?? memory;
  const healthOf = (name: string): BackendHealth | undefined =>
    proxy.health().backends.find((backend) => backend.name === name);
  const tap = (upstream: Upstream): Upstream => tapped(upstream, { clock, calls, healthOf });
  const upstreams: ReadonlyMap<string, Upstream> = new Map(
    shims.map((paths): [string, Upstream] => {
      const backend = virtualPaths(paths, clock);
      const { groupMs = 0 } = parts;
      return [backend.name, tap(groupMs > 0 ? grouped(backend, clock, groupMs) : backend)];
    }),
  );
  const proxy: Proxy = new Proxy({
    clock,
    random: random.fork('proxy'),
    ids: seededIds(random.fork('ids')),
    store,
    upstreams,
    system: parts.system,
    record: emit,
    tell: emit,
    priceOf: () => undefined,
    maySpend: () => true,
    countTokens: estimateTokens,
    ...parts.proxy,
  });
  for (const shim of shims.flat()) shim.arm(0);
  for (const box of boxes) box.arm(0);
  const shimsOf = ({ backend }: PlannedFault) =>
    shims.flat().filter(({ name }) => name === backend);
  const live: World['live'] = {
    add: (fault) => {
      for (const shim of shimsOf(fault)) shim.add(fault);
    },
    remove: (fault) => {
      for (const shim of shimsOf(fault)) shim.remove(fault);
    },
  };
  const close = async (): Promise<void> => {
    proxy.close();
    for (const box of boxes) box.close();
    for (const upstream of upstreams.values()) await upstream.close();
  };
  return { clock, random, proxy, store, upstreams, entries, calls, coldCalls, emit, live, close };
};

interface Tap {
  readonly clock: VirtualClock;
  readonly calls: SeenCall[];
  readonly healthOf: (backend: string) => BackendHealth | undefined;
}

/** The upstream, with every call of it written down. */
const tapped = (upstream: Upstream, { clock, calls, healthOf }: Tap): Upstream => ({
  name: upstream.name,
  probe: (signal) => upstream.probe(signal),
  close: () => upstream.close(),
  open: (call, signal) => {
    const isWarmUp = isWarmUpCall(call);
    const open = calls.filter(
      (it) => it.backend === upstream.name && it.endedAt === undefined && !it.isWarmUp,
    );
    const seen: SeenCall = {
      backend: upstream.name,
      trace: call.trace,
      model: call.candidate.model,
      at: clock.now(),
      isWarmUp,
      outputTokensMax: call.maxOutputTokens ?? 0,
      health: healthOf(upstream.name),
      openCount: open.length + (isWarmUp ? 0 : 1),
      endedAt: undefined,
    };
    calls.push(seen);
    const end = (): void => {
      seen.endedAt ??= clock.now();
    };
    signal.addEventListener('abort', end, { once: true });
    return followed(upstream.open(call, signal), end);
  },
});

async function* followed(
  events: AsyncIterable<readonly GenerationEvent[]>,
  end: () => void,
): AsyncGenerator<readonly GenerationEvent[]> {
  try {
    yield* events;
  } finally {
    end();
  }
}

/** The proxy's own call that loads a model: one token for `Hi`. */
const isWarmUpCall = ({ input, maxOutputTokens }: UpstreamCall): boolean => {
  const [first] = input;
  return maxOutputTokens === 1 && first?.type === 'message' && first.content === 'Hi';
};
