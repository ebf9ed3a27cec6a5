/**
 * The conductor: builds the world of each arm, owns its threads, drives it to its end, closes
 * everything, and leaves a run folder.
 *
 *     backends ──▶ shims ──▶ proxy ──▶ load ──▶ begin ──▶ … ──▶ done ──▶ close, in reverse
 *
 * Everything that happens is written to the log as it happens; the report is made from the log
 * alone, also when the run was interrupted.
 */

import { join } from 'node:path';

import { analyse } from '../analysis/analyse.ts';
import type { Analysis } from '../analysis/analysis.ts';
import type { LogEntry, Manifest, RunEnd } from '../log/entry.ts';
import { readLog } from '../log/reader.ts';
import { type LogWriter, openLogWriter } from '../log/writer.ts';
import { renderRun } from '../report/report.ts';
import type { Language } from '../report/word/language.ts';
import { seeded } from '../random/random.ts';
import type { Arm, Scenario } from '../scenario/scenario.ts';
import { type Suite, trialsOf } from '../scenario/suite.ts';
import { startsUntil } from '../load/phase.ts';
import { armedEntries, isReaderFault } from '../target/fault/plan.ts';
import { isProcessFault } from '../target/fault/process-fault.ts';
import { type Clock, within } from '../time/clock.ts';
import { originNow, resolutionMs, systemClock } from '../time/system-clock.ts';
import type { BackendStageInfo, BackendStageInput } from './backend-stage.ts';
import { type LoadStageInput, plannedStarts } from './load-stage.ts';
import { isSpending, manifestOf } from './manifest.ts';
import type { Answer } from './correspondence.ts';
import { openLiveControl } from './live-control.ts';
import { liveOrders } from './live-order.ts';
import { openLaneTarget, playable } from './lane-target.ts';
import { openStage, type StageHandle, type StageOptions } from './open-stage.ts';
import { pricesOf } from './price.ts';
import type { ProxyStageInfo } from './proxy-stage.ts';
import type { LoadStageInfo } from './opened-load.ts';
import { openRunFolder, writeFiles } from './run-folder.ts';
import type { SuiteLoadInput } from './suite-load.ts';
import type { StageEntry } from './stage.ts';

export interface RunOptions {
  /** Folder that run folders are made in. */
  readonly reports: string;
  readonly spillway: string;
  readonly runId: string;
  readonly command: string;
  readonly language: Language;
  readonly isThreaded: boolean;
  /** Replay against this proxy instead of our own. */
  readonly target?: string;
  readonly isLocalOnly: boolean;
  /** The folder in which `spillway fault` is heard meanwhile; nowhere when absent. */
  readonly live?: string;
  /** Sees every entry, for the progress display. */
  readonly watch: (entry: LogEntry, arm: string) => void;
  /** Aborted by Ctrl-C (`interrupted`) or SIGTERM (`terminated`). */
  readonly stop: AbortSignal;
}

export interface RunResult {
  readonly folder: string;
  readonly analysis: Analysis;
}

/** Time between the opening of an arm and its first instant, so that no start is late. */
const leadMs = 250;

/** Runs every arm of a scenario and renders what came of it. */
export const conduct = async (scenario: Scenario, options: RunOptions): Promise<RunResult> => {
  const origin = originNow();
  const clock = systemClock(origin);
  const startedAt = new Date(clock.wall());
  // Before anything is written: a load that cannot be planned leaves nothing behind.
  const plan = planOf(scenario);
  const folder = openRunFolder(options.reports, scenario.name, startedAt, options.runId);
  const log = await openLogWriter(join(folder, 'log.ndjson'));
  const manifest = manifestOf(scenario, {
    spillway: options.spillway,
    runId: options.runId,
    startedAt,
    command: options.command,
    ...(options.target !== undefined && { target: options.target }),
    isLive: options.live !== undefined,
    clockResolutionMs: resolutionMs(clock),
    plan,
  });
  log.write(manifest);
  let failure: unknown;
  let end: RunEnd | undefined;
  try {
    end = await runArms(scenario, options, { origin, clock, log });
  } catch (error) {
    failure = error;
  }
  const message = failure instanceof Error ? failure.message : undefined;
  const why: RunEnd = end ?? {
    kind: 'end',
    at: 0,
    why: 'failed',
    ...(message !== undefined && { message }),
  };
  log.write({ ...why, at: clock.now() });
  // When the disk is what failed, the run says so and not what came of it.
  await log.close();
  if (failure !== undefined) throw failure;

  return { folder, analysis: await renderFolder(folder, options.language) };
};

/** Renders a run folder from its log alone. */
export const renderFolder = async (folder: string, language: Language): Promise<Analysis> => {
  const log = await readLog(join(folder, 'log.ndjson'));
  const analysis = analyse(log);
  const files = await renderRun(analysis, { language });
  const manifest = `${JSON.stringify(log.manifest, undefined, 2)}\n`;
  writeFiles(folder, new Map([['manifest.json', manifest], ...files]));
  return analysis;
};

interface RunGround {
  readonly origin: bigint;
  readonly clock: Clock;
  readonly log: LogWriter;
}

const runArms = async (
  scenario: Scenario,
  options: RunOptions,
  ground: RunGround,
): Promise<RunEnd> => {
  for (const [index, arm] of scenario.arms.entries()) {
    try {
      const end = await runArm(scenario, arm, index, options, ground);
      if (end) return end;
    } catch (error) {
      // Who asked to stop wants what was measured, even where something would not close in time.
      if (!options.stop.aborted) throw error;
      return endOf(options.stop);
    }
  }
  return { kind: 'end', at: ground.clock.now(), why: 'finished' };
};

/** Runs one arm; an end means that the run is over before its time. */
const runArm = async (
  scenario: Scenario,
  arm: Arm,
  index: number,
  options: RunOptions,
  { origin, clock, log }: RunGround,
): Promise<RunEnd | undefined> => {
  if (options.stop.aborted) return endOf(options.stop);
  const spent = Promise.withResolvers<RunEnd>();
  const emit = (entry: StageEntry): void => {
    if (entry.kind === 'end') {
      spent.resolve(entry);
      return;
    }
    const named: LogEntry = { arm: arm.name, ...entry };
    log.write(named);
    options.watch(named, arm.name);
  };
  const stage = {
    origin,
    // The arms of a run are paired: same sessions, same starts, same faults.
    seed: String(scenario.seed),
    isThreaded: options.isThreaded,
    emit,
    stop: options.stop,
  };
  await using world = new AsyncDisposableStack();
  const ground = { arm, index, options, stage, world };
  const { target, load } = await (arm.suite
    ? openSuite(scenario, arm.suite, ground)
    : openPlain(scenario, ground));
  if (options.live !== undefined && target.backends) {
    const names = arm.system.backends.map(({ name }) => name);
    const { backends } = target;
    // Faults of the scenario keep their places.
    const first = 1 + Math.max(-1, ...arm.faults.map((fault) => fault.index));
    const orders = liveOrders(names, (message, value) => backends.ask(message, value), first);
    world.use(await openLiveControl(options.live, orders));
  }
  const beginAt = clock.now() + leadMs;
  for (const stage of target.armed) stage.tell('begin', beginAt);
  const endsAt = beginAt + startsUntil(scenario.phases) + scenario.phases.cooldownMs;
  for (const fault of armedEntries(arm.faults, { name: arm.name, origin: beginAt, endsAt }))
    emit(fault);
  load.tell('begin', beginAt);

  const stop = AbortSignal.any([options.stop, log.failed]);
  // Awaited here: the world is closed when this function returns.
  const { crashed } = target;
  return await awaitEnd(load, stop, { spent: spent.promise, crashed }, clock);
};

interface ArmGround {
  readonly arm: Arm;
  readonly index: number;
  readonly options: RunOptions;
  readonly stage: StageOptions;
  readonly world: AsyncDisposableStack;
}

interface OpenedArm {
  readonly target: Omit<Target, 'proxy'>;
  readonly load: StageHandle<LoadStageInfo>;
}

/** Sessions through one proxy, while faults come as they are planned. */
const openPlain = async (scenario: Scenario, ground: ArmGround): Promise<OpenedArm> => {
  const { arm, options, stage, world } = ground;
  const all = arm.system.backends.map(({ name }) => name);
  const relayed = options.live === undefined ? relayedIn(scenario) : all;
  const target = await openTarget(arm, relayed, options, stage, world);
  const input: LoadStageInput = {
    ...loadOf(scenario, ground),
    url: target.proxy,
    phases: scenario.phases,
    thinkScale: scenario.thinkScale,
    isLocalOnly: options.isLocalOnly,
    faults: arm.faults.filter(isReaderFault),
  };
  return { target, load: world.use(await openStage<LoadStageInfo>('load', input, stage)) };
};

/** Trials through a proxy for each lane; they arm their faults themselves. */
const openSuite = async (
  scenario: Scenario,
  suite: Suite,
  ground: ArmGround,
): Promise<OpenedArm> => {
  const { arm, options, stage, world } = ground;
  const target = await openLaneTarget(arm, stage, world, options.target ?? arm.peer?.url);
  const input: SuiteLoadInput = {
    ...loadOf(scenario, ground),
    urls: target.urls,
    suite: playable(suite, arm),
  };
  const answer: Answer = (message, value) =>
    message === 'renew'
      ? (target.proxies?.ask(message, value) ?? Promise.resolve())
      : target.backends.ask(message, value);
  const load = await openStage<LoadStageInfo>('suite-load', input, { ...stage, answer });
  return { target, load: world.use(load) };
};

/** What is asked, however it is played. */
const loadOf = ({ directory }: Scenario, { arm, index }: ArmGround) => ({
  armIndex: index,
  workloads: arm.workloads,
  keys: arm.system.keys,
  directory,
});

interface Target {
  readonly proxy: string;
  /** Absent where the target is somebody else's. */
  readonly backends?: Pick<StageHandle<unknown>, 'ask'>;
  /** Everything in which faults are armed as the arm begins. */
  readonly armed: readonly Pick<StageHandle<unknown>, 'tell'>[];
  /** Rejects when a thread that serves is lost. */
  readonly crashed: Promise<void>;
}

/** Backends that some arm has a fault for: in every arm a shim stands before them. */
const relayedIn = ({ arms }: Scenario): readonly string[] => [
  ...new Set(
    arms.flatMap(({ faults }) =>
      faults.filter((fault) => !isProcessFault(fault)).map(({ backend }) => backend),
    ),
  ),
];

/** Opens backends, shims and proxy, unless the target is somebody else's. */
const openTarget = async (
  arm: Arm,
  relayed: readonly string[],
  options: RunOptions,
  stage: StageOptions,
  world: AsyncDisposableStack,
): Promise<Target> => {
  if (options.target !== undefined)
    return { proxy: options.target, armed: [], crashed: new Promise(() => undefined) };
  const backends = world.use(
    await openStage<BackendStageInfo>(
      'backends',
      { system: arm.system, faults: arm.faults, relayed } satisfies BackendStageInput,
      stage,
    ),
  );
  const { spendMaxUsd } = arm.system.economics;
  const proxy = world.use(
    await openStage<ProxyStageInfo>(
      'proxy',
      {
        system: {
          ...arm.system,
          listen: { host: '127.0.0.1', port: 0 },
          backends: backends.info.backends,
        },
        prices: pricesOf(arm.system),
        areIdsSeeded: true,
        ...(Object.keys(backends.info.names).length > 0 && {
          names: { names: backends.info.names, faults: arm.faults },
        }),
        ...(isSpending(arm.system) && { spendMaxUsd: spendMaxUsd ?? 0 }),
      },
      stage,
    ),
  );
  // What only serves is never done; it can only fail.
  const crashed = Promise.race([backends.done, proxy.done]);
  // Nobody may be waiting yet when the run is stopped while it opens.
  crashed.catch(() => undefined);
  return { proxy: proxy.info.url, backends, armed: [backends, proxy], crashed };
};

/** Waits until the load is done, the user stops it, or the spend limit is reached. */
const awaitEnd = async (
  load: StageHandle<LoadStageInfo>,
  stop: AbortSignal,
  { spent, crashed }: { readonly spent: Promise<RunEnd>; readonly crashed: Promise<void> },
  clock: Clock,
): Promise<RunEnd | undefined> => {
  const stopped = Promise.withResolvers<RunEnd>();
  const leave = (): void => stopped.resolve(endOf(stop));
  // Asked to stop while the arm was opening, it stops before it begins.
  if (stop.aborted) leave();
  stop.addEventListener('abort', leave, { once: true });
  try {
    const end = await Promise.race([
      load.done.then(() => undefined),
      stopped.promise,
      spent,
      crashed.then(() => undefined),
    ]);
    if (!end) return undefined;
    load.tell('stop');
    // What is in flight is cancelled and logged as such.
    await within(clock, stopMsMax, 'stopping the load', load.done);
    return end;
  } finally {
    stop.removeEventListener('abort', leave);
  }
};

const stopMsMax = 5000;

/** What the load of each arm will be, as far as it is fixed before the run. */
const planOf = (scenario: Scenario): Manifest['plan'] =>
  scenario.arms.flatMap((arm) =>
    arm.workloads.map((workload, index) => ({
      arm: arm.name,
      workload: workload.name,
      loop: workload.load.kind,
      sessions: arm.suite
        ? trialsOf(playable(arm.suite, arm), index)
        : plannedStarts(workload, scenario.phases, seeded(String(scenario.seed))).length,
    })),
  );

const endOf = (stop: AbortSignal): RunEnd => ({
  kind: 'end',
  at: 0,
  why: stop.reason === 'terminated' ? 'terminated' : 'interrupted',
});
