/**
 * The heart of the proxy, whole, in virtual time: what the wire shows in a minute is seen here in
 * an instant, and the same to the last digit each time.
 */

import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import type { LogEntry } from '../../src/log/entry.ts';
import { manifestOf } from '../../src/run/manifest.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { simulateArm } from './simulation.ts';

const load = (name: string): Scenario =>
  loadScenario(`scenarios/${name}.yaml`, { environment: {}, isLocalOnly: false });

const simulate = async (scenario: Scenario): Promise<readonly LogEntry[]> => {
  const arms = await Promise.all(scenario.arms.map((arm) => simulateArm(scenario, arm)));
  return arms.flat();
};

const analysisOf = (scenario: Scenario, entries: readonly LogEntry[]) =>
  analyse({
    manifest: manifestOf(scenario, {
      spillway: 'test',
      runId: 'test',
      startedAt: new Date(0),
      command: 'test',
      clockResolutionMs: 0.001,
      plan: [],
    }),
    entries: [...entries, { kind: 'end', at: 3_600_000, why: 'finished' }],
    isWhole: true,
    cutLines: 0,
  });

test('in the quickstart every answer that dies half-way is continued, and nothing is lost', async () => {
  const scenario = load('quickstart');
  const entries = await simulate(scenario);
  const { failovers } = analysisOf(scenario, entries);

  expect(failovers.map(({ outcome }) => outcome)).toEqual(Array(6).fill('continued'));
  for (const row of failovers) {
    expect(row).toMatchObject({ from: 'spark', to: 'azure', tokensLost: 0, tokensRepeated: 0 });
    // No wire: the fault is seen and the fallback asked at the very instant.
    expect(row).toMatchObject({ detectMs: 0, decideMs: 0 });
    expect(row.refillMs).toBeGreaterThan(100);
    expect(row.failoverMs).toBe(row.refillMs);
  }
  const exchanges = entries.filter((entry) => entry.kind === 'exchange');
  expect(exchanges).toHaveLength(21);
  expect(exchanges.every(({ outcome }) => outcome === 'completed')).toBe(true);
});

test('the same seed twice gives the same log, to the last digit', async () => {
  const scenario = load('quickstart');
  const [once, again] = [await simulate(scenario), await simulate(scenario)];
  expect(JSON.stringify(again)).toBe(JSON.stringify(once));
});

test('another seed gives another run', async () => {
  const scenario = load('quickstart');
  const other = await simulate({ ...scenario, seed: 8 });
  expect(JSON.stringify(other)).not.toBe(JSON.stringify(await simulate(scenario)));
});

test('with `midStream: fail` the same deaths end in a clean error, never in silence', async () => {
  const scenario = load('spark-dies-mid-answer');
  const { failovers } = analysisOf(scenario, await simulate(scenario));
  const outcomes = (arm: string) =>
    new Set(failovers.filter((row) => row.arm === arm).map(({ outcome }) => outcome));
  expect([...outcomes('fail')]).toEqual(['error']);
  expect([...outcomes('continue')]).toEqual(['continued']);
});

test('silence lasts exactly as long as its deadline', async () => {
  const scenario = load('spark-goes-silent');
  const { failovers } = analysisOf(scenario, await simulate(scenario));
  expect(failovers.length).toBeGreaterThan(8);
  for (const { arm, detectMs, outcome } of failovers) {
    expect(outcome).toBe('transparent');
    expect(detectMs).toBeCloseTo(arm === 'first-token-5s' ? 5000 : 10_000, 6);
  }
});

test('a continuation that goes wrong is caught, whatever way it goes wrong', async () => {
  const scenario = load('bad-continuation');
  const { failovers } = analysisOf(scenario, await simulate(scenario));
  for (const arm of scenario.arms.map(({ name }) => name)) {
    const outcomes = failovers.filter((row) => row.arm === arm).map(({ outcome }) => outcome);
    expect({ arm, outcomes }).toEqual({
      arm,
      outcomes: Array(6).fill(arm === 'well' || arm === 'repeat' ? 'continued' : 'error'),
    });
  }
});

test('a Spark that is only slow is left alone', async () => {
  const scenario = load('spark-slow');
  const entries = await simulate(scenario);
  expect(entries.filter((entry) => entry.kind === 'act')).toHaveLength(6);
  expect(analysisOf(scenario, entries).failovers.map(({ outcome }) => outcome)).toEqual(
    Array(6).fill('waited'),
  );
});

test.each(['spark-restarts', 'spark-wedged'])(
  'what a box does in %s shows as failovers',
  async (name) => {
    const scenario = load(name);
    const { failovers } = analysisOf(scenario, await simulate(scenario));
    expect(failovers.length).toBeGreaterThan(0);
    for (const row of failovers) expect(row).toMatchObject({ from: 'spark', to: 'azure' });
  },
);
