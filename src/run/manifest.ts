/** The first line of the run log: what is run, with what, on what. */

import { cpus, totalmem } from 'node:os';

import { basisOf as profileBasis, engineProfile } from '../engine/profile.ts';
import type { Manifest, PeerConfig, SuiteRow } from '../log/entry.ts';
import { definitions } from '../metric/table.ts';
import { describeScenario } from '../scenario/describe.ts';
import type { Arm, Scenario } from '../scenario/scenario.ts';
import type { Suite } from '../scenario/suite.ts';
import { speaksResponses } from '../target/yardstick/naive-relay.ts';
import { withoutSecrets } from '../system/resolve.ts';
import type { BackendSystem, System } from '../system/system.ts';
import { counterfactualPrices, pricesOf } from './price.ts';

export interface ManifestFacts {
  readonly spillway: string;
  readonly runId: string;
  readonly startedAt: Date;
  readonly command: string;
  readonly target?: string;
  /** Faults could be injected by hand. */
  readonly isLive?: boolean;
  readonly clockResolutionMs: number;
  readonly plan: Manifest['plan'];
}

export const manifestOf = (scenario: Scenario, facts: ManifestFacts): Manifest => {
  const systems = scenario.arms.map(({ system }) => system);
  const backends = new Map(
    systems.flatMap((system) => system.backends.map((backend) => [backend.name, backend])),
  );
  const economics = systems[0]?.economics;
  const suite = scenario.arms[0]?.suite;
  const box = economics?.box;
  const peers = scenario.arms.flatMap(({ name, peer }): readonly PeerConfig[] => {
    if (!peer) return [];
    const { url: _, ...shown } = peer;
    return [{ arm: name, ...shown }];
  });
  return {
    kind: 'manifest',
    format: 1,
    spillway: facts.spillway,
    runId: facts.runId,
    name: scenario.name,
    question: scenario.question,
    startedAt: facts.startedAt.toISOString(),
    seed: scenario.seed,
    command: facts.command,
    arms: scenario.arms.map(({ name }) => name),
    description:
      describeScenario(scenario) + (facts.isLive === true ? '; faults injected by hand' : ''),
    scenario: {
      file: scenario.file,
      thinkScale: scenario.thinkScale,
      arms: scenario.arms.map(({ name, workloads, faults }) => ({ name, workloads, faults })),
    },
    systems: Object.fromEntries(
      scenario.arms.map(({ name, system }) => [name, withoutSecrets(system)]),
    ),
    backends: [...backends.values()].map(backendFacts),
    placement: facts.target === undefined ? 'edge: the proxy beside the load' : 'foreign target',
    ...(facts.target !== undefined && { target: facts.target }),
    phases: scenario.phases,
    thinkScale: scenario.thinkScale,
    limits: scenario.limits,
    objectives: scenario.objectives,
    counterfactuals: systems[0] ? counterfactualPrices(systems[0]) : [],
    prices: systems.flatMap(pricesOf).filter(isFirst),
    economics: {
      ...(economics?.fx && {
        usdJpy: economics.fx.usdJpy,
        fxAsOf: economics.fx.asOf,
        fxSource: economics.fx.source,
      }),
      ...box,
    },
    definitions: definitions(),
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / 2 ** 30),
      platform: `${process.platform} ${process.arch}`,
      node: process.version,
    },
    clockResolutionMs: facts.clockResolutionMs,
    plan: facts.plan,
    ...(peers.length > 0 && { peers }),
    ...(suite && {
      suite: { rows: suiteRows(scenario.arms), deadlineScale: suite.deadlineScale },
    }),
  };
};

/** The rows; where not every arm can play one, those that can; and what each was told to do. */
const suiteRows = (arms: readonly Arm[]): readonly SuiteRow[] =>
  (arms[0]?.suite?.rows ?? []).map(({ row }, at) => {
    const able = arms.filter((arm) => arm.suite && playsRow(arm, arm.suite, at));
    const ending = row.expect === 'continued' ? arms.filter(isToldToFail) : [];
    return {
      ...row,
      ...(able.length < arms.length && { arms: able.map(({ name }) => name) }),
      ...(ending.length > 0 && {
        expectIn: Object.fromEntries(ending.map(({ name }) => [name, 'error'])),
      }),
    };
  });

/** Our own proxy ends an answer with a clean error where its file says so; others are not asked. */
const isToldToFail = ({ proxy, system }: Arm): boolean =>
  proxy === undefined && system.midStream === 'fail';

const backendFacts = (backend: BackendSystem): Manifest['backends'][number] => {
  const { simulate } = backend;
  const profiles = simulate?.kind === 'spark' ? simulate.profiles : [];
  return {
    name: backend.name,
    residency: backend.residency,
    isSimulated: simulate !== undefined,
    isPriced: backend.residency === 'cloud',
    wire: backend.wire,
    ...(profiles.length > 0 && {
      profile: profiles.join(', '),
      profileBasis: profiles.map(basisOf).join('; '),
    }),
  };
};

const basisOf = (name: string): string => {
  const profile = engineProfile(name);
  return profile ? `${name}: ${profileBasis(profile)}` : `${name}: unknown`;
};

/**
 * Whether an arm can play a row of its suite: the yardstick asks for Responses alone, and somebody
 * else's proxy must have been told of a port.
 */
export const playsRow = (
  { system, workloads, proxy }: Arm,
  { rows }: Suite,
  at: number,
): boolean => {
  if (proxy === undefined) return true;
  const asked = workloads[rows[at]?.workload ?? 0]?.model;
  const model = system.models.find(({ name }) => name === asked);
  return (model?.candidates ?? []).every(({ backend }) =>
    system.backends.some(
      (it) =>
        it.name === backend &&
        (proxy === 'foreign' ? it.simulate?.port !== undefined : speaksResponses(it)),
    ),
  );
};

/** Whether the backends of a system include a cloud that costs real money. */
export const isSpending = (system: System): boolean =>
  system.backends.some(
    (backend) => backend.residency === 'cloud' && backend.simulate === undefined,
  );

const isFirst = <T>(item: T, at: number, items: readonly T[]): boolean =>
  items.findIndex((other) => JSON.stringify(other) === JSON.stringify(item)) === at;
