/**
 * Plays what a seed has drawn, and keeps all that a checker may ask for: the log, every call of
 * every backend, every byte a reader was sent, and when each answer was stored.
 */

import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';

import { type PlayedTurn, playSession } from '../../src/client/session-player.ts';
import type { LogEntry } from '../../src/log/entry.ts';
import { exchangeEntry } from '../../src/measurement/exchange-entry.ts';
import { traceId } from '../../src/protocol/trace.ts';
import { seededIds } from '../../src/random/id.ts';
import { type FaultyReaders, faultyReaders } from '../../src/target/fault/faulty-reader.ts';
import { armedEntries } from '../../src/target/fault/plan.ts';
import type { StateStore, Upstream } from '../../src/target/proxy/proxy.ts';
import type { ProxyHealth } from '../../src/target/proxy/respond.ts';
import { memoryLedger, type UsageRow } from '../../src/target/proxy/usage-ledger.ts';
import type { Clock } from '../../src/time/clock.ts';
import { estimateTokens } from '../../src/token/estimate.ts';
import { turnMarkPattern } from '../../src/workload/session.ts';
import { type QuirkAct, quirky } from './quirk.ts';
import { ask, type Manner, plainManner, storeTrouble } from './reader.ts';
import type { SwarmSession } from './swarm-session.ts';
import type { Swarm } from './swarm.ts';
import { resourceIn, Thread } from './thread.ts';
import { openWorld, type SeenCall, type World } from './world.ts';

/** One turn, as asked, answered and seen from behind. */
export interface SeenTurn extends PlayedTurn {
  readonly trace: string;
  readonly session: SwarmSession;
  readonly manner: Manner;
  readonly written: string;
  /** The turn that the words asked name: `s3 t2`; absent for a tool's result. */
  readonly mark?: string;
  readonly isRecovery: boolean;
  /** Whether the answer was in the store when its terminal event was written. */
  readonly isKeptFirst: boolean;
}

/** All that happened. */
export interface SwarmRun {
  readonly swarm: Swarm;
  readonly entries: readonly LogEntry[];
  readonly calls: readonly SeenCall[];
  readonly coldCalls: ReadonlySet<string>;
  readonly turns: readonly SeenTurn[];
  readonly quirks: readonly QuirkAct[];
  readonly ledger: readonly UsageRow[];
  /** Once everybody has gone. */
  readonly health: ProxyHealth;
  readonly recoveryAt: number;
  /** By the trace of a call that puts a conversation in short: that of the turn it was made for. */
  readonly compactions: ReadonlyMap<string, string>;
  /** By the trace of a turn that went on from another answer than its session's last: which. */
  readonly branches: ReadonlyMap<string, string>;
  /** By the trace of a request that asks for a turn once more: the turn's own. */
  readonly doubles: ReadonlyMap<string, string>;
  /** Timers that go on once all is closed and every deadline has passed. */
  readonly timersLeft: number;
  /** What was found wrong where no record shows it. */
  readonly oddities: readonly string[];
  /** Where the clock stood after each of its jumps. */
  readonly jumpedAt: readonly number[];
  /** What broke the world itself: something that waits for ever, or our own fault. */
  readonly crash?: string;
}

/**
 * No circuit stays open longer than five minutes and a tenth, after a probe that may wait a minute
 * for a load that hangs.
 */
const calmMs = 400_000;
/** No call is waited for as long as that, nor any answer. */
const deadlineMsMax = 1_000_000;
/** A virtual day. */
const horizonMs = 86_400_000;

/** Plays it. */
export const runSwarm = async (swarm: Swarm): Promise<SwarmRun> => {
  const quirks: QuirkAct[] = [];
  const ledger = memoryLedger();
  const stored = new Set<string>();
  const world = openWorld({
    system: swarm.system,
    faults: swarm.faults,
    seed: `swarm ${swarm.seed}`,
    arm: 'main',
    groupMs: swarm.groupMs,
    quirks: (upstream, clock, random) =>
      quirky(upstream, {
        quirks: swarm.quirks,
        clock,
        random: random.fork('quirks'),
        note: (act) => quirks.push(act),
      }),
    store: (store, clock) => watchedStore(store, { swarm, clock, stored }),
    proxy: {
      ledger,
      priceOf: (backend, _model, usage) => {
        const isCloud = backend === 'azure';
        return isCloud && usage ? usage.inputTokens * 2e-6 + usage.outputTokens * 8e-6 : undefined;
      },
      maySpend: () => spentUsd() < swarm.spendMaxUsd,
    },
  });
  const { clock, proxy, emit } = world;
  let paidUsd = 0;
  let countedTo = 0;
  /** An attempt is paid for as it ends. */
  const spentUsd = (): number => {
    for (; countedTo < world.entries.length; countedTo++) {
      const entry = world.entries[countedTo];
      if (entry?.kind === 'attempt') paidUsd += entry.costUsd ?? 0;
    }
    return paidUsd;
  };
  const turns: SeenTurn[] = [];
  const seen = (turn: SeenTurn): void => {
    turns.push(turn);
    const { name, residency } = turn.session.key;
    const isLocalOnly = residency === 'local-only' || turn.manner.isLocalOnly;
    emit(exchangeEntry(turn, { key: name, isLocalOnly }));
  };
  const readers = faultyReaders({
    faults: swarm.faults,
    clock,
    random: world.random.fork('readers'),
    emit,
  });
  readers.arm(0);
  const jumpedAt: number[] = [];
  for (const { at, ms } of swarm.jumps)
    clock.at(at, () => {
      clock.jump(ms);
      jumpedAt.push(clock.now());
    });
  const oddities: string[] = [];
  const odd = (what: string): void => void oddities.push(what);
  armReloads(swarm, world);
  if (swarm.stopAt !== undefined) clock.at(swarm.stopAt, () => proxy.stop());
  const compactions = new Map<string, string>();
  const branches = new Map<string, string>();
  const doubles = new Map<string, string>();
  const place = {
    readers,
    odd,
    compactions,
    branches,
    doubles,
    world,
    stored,
    seen,
    salts: seededIds(world.random.fork('traces')),
  };
  for (const fault of armedEntries(swarm.faults, {
    name: 'main',
    origin: 0,
    endsAt: swarm.faultsUntil,
  }))
    emit(fault);
  emit({ kind: 'phase', name: 'steady', at: 0 });
  let recoveryAt = Number.POSITIVE_INFINITY;
  let crash: string | undefined;
  const play = async (): Promise<void> => {
    await Promise.all(swarm.sessions.map((session) => playOne(session, place, false)));
    recoveryAt = Math.max(clock.now(), swarm.faultsUntil) + calmMs;
    await clock.sleep(recoveryAt - clock.now());
    // Apart, since a quota of requests has a share for each second.
    for (const session of swarm.recovery)
      await playOne({ ...session, startsAt: clock.now() + 1500 }, place, true);
  };
  try {
    await clock.runUntil(play(), horizonMs);
  } catch (error) {
    crash = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  emit({ kind: 'phase', name: 'done', at: clock.now() });
  const health = proxy.health();
  await world.close();
  await clock.advanceTo(clock.now() + deadlineMsMax);
  return {
    swarm,
    entries: world.entries,
    calls: world.calls,
    coldCalls: world.coldCalls,
    turns,
    quirks,
    ledger: await ledger.rows({ from: '2000-01-01', to: '2100-01-01' }),
    health,
    recoveryAt,
    jumpedAt,
    oddities,
    timersLeft: clock.armedCount,
    compactions,
    branches,
    doubles,
    ...(crash === undefined ? {} : { crash }),
  };
};

interface Place {
  readonly world: World;
  readonly stored: ReadonlySet<string>;
  readonly seen: (turn: SeenTurn) => void;
  readonly salts: () => string;
  readonly readers: FaultyReaders;
  readonly odd: (what: string) => void;
  readonly compactions: Map<string, string>;
  readonly branches: Map<string, string>;
  readonly doubles: Map<string, string>;
}

/** As `UpstreamSet` does, a backend that is described otherwise is reached anew. */
const armReloads = ({ system, reloads }: Swarm, { clock, proxy, upstreams }: World): void => {
  let current = { system, upstreams };
  for (const { at, system: next } of reloads)
    clock.at(at, () => {
      const described = next.backends.map((backend): [string, Upstream] => {
        const { name } = backend;
        const upstream = current.upstreams.get(name);
        assert.ok(upstream, `no upstream ${name}`);
        const before = current.system.backends.find((it) => it.name === name);
        return [name, isDeepStrictEqual(before, backend) ? upstream : { ...upstream }];
      });
      current = { system: next, upstreams: new Map(described) };
      void proxy.adopt(current);
    });
};

const playOne = async (session: SwarmSession, place: Place, isRecovery: boolean): Promise<void> => {
  const { clock, proxy } = place.world;
  const thread = new Thread({
    kind: session.thread,
    world: place.world,
    odd: (what) => place.odd(`s${session.plan.number}: ${what}`),
    branched: (trace, id) => void place.branches.set(trace, id),
  });
  const told = new Map<object, Omit<SeenTurn, keyof PlayedTurn>>();
  let turnOfPlan = 0;
  await playSession(session.plan, {
    clock,
    model: session.model,
    startsAt: session.startsAt,
    countTokens: estimateTokens,
    signal: new AbortController().signal,
    ask: async (question) => {
      const mark = typeof question.input === 'string' ? markOf(question.input) : undefined;
      if (mark !== undefined) turnOfPlan++;
      const manner = session.manners[turnOfPlan - 1] ?? plainManner;
      const { session: number, turn } = question;
      const trace = traceId({ arm: 0, workload: 0, session: number, turn }, place.salts());
      const { pin, forbid } = manner;
      const names = { ...(pin && { pin }), ...(forbid && { forbid }) };
      const caller = { ...session.key, ...names, trace, requestId: 'r' };
      const beside = {
        ...caller,
        trace: traceId({ arm: 0, workload: 1, session: number, turn }, place.salts()),
      };
      if (manner.isCompacting === true) place.compactions.set(beside.trace, trace);
      if (manner.isDoubled === true) place.doubles.set(beside.trace, trace);
      let isKeptFirst = true;
      const onFrame = (frame: string): void => {
        const resource = resourceIn(frame);
        if (resource?.['store'] === true && !place.stored.has(String(resource['id'])))
          isKeptFirst = false;
      };
      const send = thread.send(manner, beside);
      const onTokens = place.readers.reader(trace);
      const asking = { question, caller, manner, onFrame, onTokens, send };
      const { record, written } = await ask(asking, proxy, clock);
      told.set(record, {
        trace,
        session,
        manner,
        written,
        isRecovery,
        isKeptFirst,
        ...(mark === undefined ? {} : { mark }),
      });
      return record;
    },
    onExchange: (played) => {
      const more = told.get(played.record);
      if (more) place.seen({ ...played, ...more });
    },
  });
  thread.close();
};

const markOf = (prompt: string): string | undefined => {
  const [, session, turn] = [...prompt.matchAll(turnMarkPattern)][0] ?? [];
  return session === undefined ? undefined : `s${session} t${turn}`;
};

/** A store that takes its time, fails at times, and remembers what it holds. */
const watchedStore = (
  store: StateStore,
  { swarm, clock, stored }: { swarm: Swarm; clock: Clock; stored: Set<string> },
): StateStore => {
  const { delayMs, failRatio, lookFailRatio } = swarm.store;
  const trouble = (ratio: number) => {
    let calls = 0;
    return async (): Promise<void> => {
      calls++;
      if (delayMs > 0) await clock.sleep(delayMs);
      const fails = ratio > 0 && calls % Math.round(1 / ratio) === 0;
      if (fails && clock.now() < swarm.faultsUntil) throw new Error(storeTrouble);
    };
  };
  const [putting, looking] = [trouble(failRatio), trouble(lookFailRatio)];
  return {
    ...store,
    put: async (response) => {
      await putting();
      await store.put(response);
      stored.add(response.id);
    },
    chain: async (id) => {
      await looking();
      return store.chain(id);
    },
  };
};
