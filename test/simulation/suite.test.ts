/**
 * The failover suite in virtual time: every row on plain HTTP, a few times each, through the
 * proxy's heart. Nothing may be harmed in silence, whatever is broken.
 */

import { expect, test } from 'vitest';

import { driveTrials, planTrials } from '../../src/load/trial.ts';
import type { Exchange } from '../../src/log/entry.ts';
import { exchangeEntry } from '../../src/measurement/exchange-entry.ts';
import { numberedRuns } from '../../src/measurement/integrity.ts';
import { traceId } from '../../src/protocol/trace.ts';
import { seededIds } from '../../src/random/id.ts';
import { trialQuestion } from '../../src/run/suite-load.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import type { Arm } from '../../src/scenario/scenario.ts';
import type { Suite } from '../../src/scenario/suite.ts';
import type { PlannedFault } from '../../src/target/fault/fault.ts';
import { loadTokenizer } from '../../src/token/tokenizer.ts';
import { openWorkload } from '../../src/workload/workload.ts';
import { ask, plainManner } from './reader.ts';
import { openWorld } from './world.ts';

const scenario = loadScenario('scenarios/failover-suite.yaml', {
  environment: {},
  isLocalOnly: false,
  isQuick: true,
});

const armOf = (name: string): { readonly arm: Arm; readonly suite: Suite } => {
  const arm = scenario.arms.find((it) => it.name === name);
  if (!arm?.suite) throw new Error(`there is no arm ${name} with a suite`);
  return { arm, suite: arm.suite };
};

/** Moves a fault to the instant it is armed at. */
const from = (now: number, fault: PlannedFault): PlannedFault => ({ ...fault, from: now });

/** Whether a row needs the wire: a fresh proxy, TLS, or a body that says what was refused. */
const needsWire = (
  name: string,
  fresh: string | undefined,
  workload: string | undefined,
): boolean => fresh !== undefined || workload === 'chat-funnel' || name === 'context-length';

/** Plays the suite, but for the rows that need the wire. */
const play = async (name: string): Promise<readonly Exchange[]> => {
  const { arm, suite } = armOf(name);
  const tokenizer = await loadTokenizer();
  const world = openWorld({ system: arm.system, faults: [], seed: 'suite', arm: name });
  const { clock, random, proxy, emit, entries, live } = world;
  const workloads = await Promise.all(
    arm.workloads.map((spec, index) =>
      openWorkload(spec, {
        random,
        tokenizer,
        thinkScale: 1,
        directory: scenario.directory,
        index,
      }),
    ),
  );
  const salts = seededIds(random.fork('traces'));
  const armed = new Map<number, readonly PlannedFault[]>();
  let sessions = 0;
  const done = driveTrials({
    trials: planTrials(
      suite.rows.map(({ row, fresh, workload }) =>
        needsWire(row.name, fresh, arm.workloads[workload]?.name) ? 0 : row.repetitions,
      ),
      random.fork('trials'),
    ),
    lanes: 1,
    clock,
    signal: new AbortController().signal,
    phaseMsMax: (row) => suite.rows[row]?.phaseMsMax ?? 0,
    settleMs: suite.settleMs,
    settleMsMax: suite.settleMsMax,
    groupOf: (row) => suite.rows[row]?.plain ?? 0,
    freshOf: () => undefined,
    renew: async () => false,
    arm: async (_, { number, row }) => {
      const faults = (suite.rows[row]?.faults ?? []).map((fault) => from(clock.now(), fault));
      armed.set(number, faults);
      for (const fault of faults) live.add(fault);
    },
    disarm: async (_, { number }) => {
      for (const fault of armed.get(number) ?? []) live.remove(fault);
    },
    ask: async (_, trial, asked) => {
      const input = { suite, workloads: arm.workloads };
      const { question, index } = trialQuestion(trial, asked, ++sessions, { input, workloads });
      const trace = traceId(
        { arm: 0, workload: index, session: question.session, turn: 1 },
        salts(),
      );
      const caller = {
        name: 'anonymous',
        residency: 'local-first',
        requestId: 'r',
        trace,
      } as const;
      const scheduledAt = clock.now();
      const { record } = await ask({ question, caller, manner: plainManner }, proxy, clock);
      emit({
        ...exchangeEntry({ question, scheduledAt, record }, { isLocalOnly: false }),
        trial: asked,
      });
      return {
        isPrimary:
          record.outcome === 'completed' && /^p[^a]*$/.test(numberedRuns(record.text) ?? ''),
      };
    },
  });
  await clock.runUntil(done, 3_600_000);
  proxy.close();
  return entries.filter((entry) => entry.kind === 'exchange');
};

const rolesOf = (exchanges: readonly Exchange[], role: string): readonly Exchange[] =>
  exchanges.filter(({ trial }) => trial?.role === role);

test.each(['continue', 'fail'])('in arm %s nobody is left hanging, or misled', async (name) => {
  const exchanges = await play(name);
  const { suite } = armOf(name);
  const faulted = rolesOf(exchanges, 'faulted');
  expect(faulted.length).toBeGreaterThan(100);
  expect(faulted.filter(({ outcome }) => outcome === 'hung' || outcome === 'truncated')).toEqual(
    [],
  );
  const wrong = faulted.filter(({ outcome, integrity, trial }) => {
    const expected = suite.rows[trial?.row ?? 0]?.row.expect;
    const isWhole = outcome === 'completed';
    if (expected === 'transparent') return !isWhole || !/^[pa]1-24$/.test(integrity ?? '');
    return expected === 'error' && isWhole;
  });
  const named = wrong.map(({ trial, outcome, integrity }) => [
    suite.rows[trial?.row ?? 0]?.row.name,
    outcome,
    integrity,
  ]);
  expect(named).toEqual([]);
});

test('what is not broken is served by the primary, and the fallback alone by the fallback', async () => {
  const exchanges = await play('continue');
  for (const { integrity } of rolesOf(exchanges, 'control')) expect(integrity).toBe('p1-24');
  for (const { integrity, model } of rolesOf(exchanges, 'straight')) {
    expect(model).toBe('fallback-alone');
    expect(['a1-24', undefined]).toContain(integrity);
  }
});
