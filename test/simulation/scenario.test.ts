/**
 * Every scenario of the project, played whole in virtual time: it meets its own objectives, and its
 * faults act. On the wire this takes most of an hour.
 */

import { globSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { analyse } from '../../src/analysis/analyse.ts';
import type { LogEntry } from '../../src/log/entry.ts';
import { manifestOf } from '../../src/run/manifest.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { simulateArm } from './simulation.ts';

/** The one scenario that is for real addresses is played on the simulated hybrid. */
const systemOf = (file: string) =>
  file.endsWith('spark-azure.yaml')
    ? { systemFile: 'scenarios/systems/hybrid-simulated.yaml' }
    : {};

const files = globSync('scenarios/*.yaml').toSorted();

/** A suite is played trial by trial: see suite.test.ts. */
const plain = files.filter((file) => !/^suite:/m.test(readFileSync(file, 'utf8')));

test.each(plain)('%s meets its objectives', async (file) => {
  const scenario = loadScenario(file, {
    environment: {},
    isLocalOnly: false,
    ...systemOf(file),
  });
  const entries: LogEntry[] = [];
  for (const arm of scenario.arms) entries.push(...(await simulateArm(scenario, arm)));
  const { verdict } = analyse({
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
  expect(verdict.invalid).toEqual([]);
  const missed = verdict.objectives.filter(({ decision }) => decision !== 'met');
  expect(missed.map(({ text, arm, row }) => ({ text, arm, value: row?.value }))).toEqual([]);
});
