/**
 * What a suite is played against: a proxy and backends for each lane, or somebody else's proxy
 * before backends of ours.
 */

import type { Arm } from '../scenario/scenario.ts';
import type { Suite } from '../scenario/suite.ts';
import type { BackendStageInfo, BackendStageInput } from './backend-stage.ts';
import { isSpending, playsRow } from './manifest.ts';
import { openStage, type StageHandle, type StageOptions } from './open-stage.ts';
import { pricesOf } from './price.ts';
import type { NaiveStageInput } from './naive-stage.ts';
import type { ProxyStageInfo, ProxyStageInput } from './proxy-stage.ts';

export interface LaneTarget {
  /** Base URLs of the proxies, one for each lane. */
  readonly urls: readonly string[];
  readonly backends: StageHandle<readonly BackendStageInfo[]>;
  /** Absent where the proxy is somebody else's. */
  readonly proxies?: StageHandle<readonly ProxyStageInfo[]>;
  /** Everything in which faults are armed. */
  readonly armed: readonly Pick<StageHandle<unknown>, 'tell'>[];
  /** Rejects when a thread that serves is lost. */
  readonly crashed: Promise<void>;
}

/** Opens the lanes of an arm. A foreign proxy has one, at the ports that the system file names. */
export const openLaneTarget = async (
  arm: Arm,
  stage: StageOptions,
  world: AsyncDisposableStack,
  foreign?: string,
): Promise<LaneTarget> => {
  const { system, suite } = arm;
  const lanes = foreign === undefined ? (suite?.lanes ?? 1) : 1;
  const relayed = system.backends.map(({ name }) => name);
  const shimPorts = Object.fromEntries(
    system.backends.flatMap(({ name, simulate }) =>
      foreign === undefined || simulate?.port === undefined ? [] : [[name, simulate.port]],
    ),
  );
  const backends = world.use(
    await openStage<readonly BackendStageInfo[]>(
      'backends',
      Array.from({ length: lanes }, (): BackendStageInput => ({
        system,
        faults: [],
        relayed,
        shimPorts,
      })),
      stage,
    ),
  );
  if (foreign !== undefined)
    return { urls: [foreign], backends, armed: [backends], crashed: quiet(backends.done) };
  const proxies = world.use(
    await openStage<readonly ProxyStageInfo[]>(
      arm.proxy === undefined ? 'proxy' : 'naive',
      backends.info.map((lane) => proxyInput(arm, lane, lanes)),
      stage,
    ),
  );
  return {
    urls: proxies.info.map(({ url }) => url),
    backends,
    proxies,
    armed: [backends, proxies],
    crashed: quiet(Promise.race([backends.done, proxies.done])),
  };
};

const proxyInput = (
  { system, suite, proxy }: Arm,
  { backends }: BackendStageInfo,
  lanes: number,
): ProxyStageInput | NaiveStageInput => {
  const reached = { ...system, backends };
  if (proxy === 'naive-retry') return { system: reached, scale: suite?.deadlineScale ?? 1 };
  const { spendMaxUsd = 0 } = system.economics;
  return {
    system: {
      ...reached,
      listen: { host: '127.0.0.1', port: 0 },
      state: { ...system.state, kind: 'memory' },
    },
    prices: pricesOf(system),
    areIdsSeeded: true,
    ...(isSpending(system) && { spendMaxUsd: spendMaxUsd / lanes }),
  };
};

/** The suite as an arm can play it. */
export const playable = (suite: Suite, arm: Arm): Suite => ({
  ...suite,
  rows: suite.rows.map((it, at) =>
    playsRow(arm, suite, at) ? it : { ...it, row: { ...it.row, repetitions: 0 } },
  ),
});

/** Nobody may be waiting yet when the run is stopped while it opens. */
const quiet = (promise: Promise<void>): Promise<void> => {
  promise.catch(() => undefined);
  return promise;
};
