/** What the manifest says of the rows of a suite, arm by arm. */

import { expect, test } from 'vitest';

import { playable } from '../../src/run/lane-target.ts';
import { manifestOf } from '../../src/run/manifest.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { trialsOf } from '../../src/scenario/suite.ts';

const scenario = loadScenario('scenarios/failover-suite.yaml', {
  environment: {},
  isLocalOnly: false,
});
const { suite } = manifestOf(scenario, {
  spillway: '0.1.0',
  runId: 'abc',
  startedAt: new Date(0),
  command: '',
  clockResolutionMs: 0.001,
  plan: [],
});

test('an arm that fails in mid-stream by its file is to end with a clean error there', () => {
  const rows = suite?.rows ?? [];
  const continued = rows.filter(({ expect: wanted }) => wanted === 'continued');
  expect(continued.length).toBeGreaterThan(10);
  for (const { expectIn } of continued) expect(expectIn).toEqual({ fail: 'error' });
  for (const row of rows.filter((it) => !continued.includes(it)))
    expect(row).not.toHaveProperty('expectIn');
});

test('an arm plans no trials of what it cannot play', () => {
  const [whole, , relay] = scenario.arms.map((arm) =>
    arm.workloads.map((_, index) => arm.suite && trialsOf(playable(arm.suite, arm), index)),
  );
  const names = scenario.arms[0]?.workloads.map(({ name }) => name) ?? [];
  const ollama = names.indexOf('chat-ollama');
  expect(whole?.[ollama]).toBeGreaterThan(0);
  expect(relay?.[ollama]).toBe(0);
  expect(relay?.[0]).toBeGreaterThan(1000);
});
