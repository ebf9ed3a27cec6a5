/**
 * From a run log to everything a report may say about it.
 *
 *     log ──▶ arms ──▶ figures of each exchange ──▶ rows, failovers, timeline, costs ──▶ verdict
 *
 * Nothing but the log is looked at, no clock is read, and chance comes from the run's own seed: the
 * same log gives the same analysis, whatever the order of its lines.
 */

import type { Manifest, RunEnd } from '../log/entry.ts';
import type { RunLog } from '../log/reader.ts';
import { advisoriesOf, type ArmResult } from './advisory.ts';
import type { Analysis } from './analysis.ts';
import { type ArmLog, armLogs } from './arm.ts';
import { lostRows } from './comparison.ts';
import { probePeriodOf } from './control.ts';
import { costOf, costRows } from './cost.ts';
import { distributionsOf } from './distribution.ts';
import { failbacksOf } from './failback.ts';
import { failoversOf } from './failover.ts';
import { failuresOf } from './failure.ts';
import { measure } from './figures.ts';
import { matrixOf, matrixRows } from './matrix.ts';
import { decideObjectives } from './objective.ts';
import { outageRows, outagesOf } from './outage.ts';
import { withPenalties } from './penalty.ts';
import { recoverableRows } from './recoverable.ts';
import { summaryRows } from './summary.ts';
import { timelineOf } from './timeline.ts';
import { tradeOffsOf } from './trade-off.ts';
import { invaliditiesOf, unexercised } from './validity.ts';
import { verdictOf } from './verdict.ts';

/** Computes the analysis of a run from its log. */
export const analyse = (log: RunLog): Analysis => {
  const { manifest, entries, isWhole } = log;
  const end = entries.find((entry): entry is RunEnd => entry.kind === 'end');
  const logs = armLogs(log);
  const knowsAttempts = (arm: ArmLog): boolean => tellsAttempts(manifest, arm);
  const arms = armResults(manifest, logs);
  const costs = arms.map(({ arm, all }) => costOf(manifest, arm, all, knowsAttempts(arm)));
  // In a suite each trial has a window of its own; how soon the primary is back is in the matrix.
  const failbacksIn = (arm: ArmLog) => (manifest.suite ? [] : failbacksOf(arm));
  const outages = arms.flatMap(({ arm, all, failovers }) =>
    outagesOf({
      arm,
      all,
      failovers,
      failbacks: failbacksIn(arm),
      periodMs: probePeriodOf(manifest.systems[arm.arm]),
    }),
  );
  const matrix = matrixOf(manifest, arms);
  const armRows = arms.flatMap(({ arm, all, failovers }, place) => {
    const cost = costs[place];
    const failbacks = failbacksIn(arm);
    const failures = failuresOf(arm.arm, all);
    const areAttemptsKnown = knowsAttempts(arm);
    return [
      ...outageRows(outages.filter((it) => it.arm === arm.arm)),
      ...recoverableRows(arm, all),
      ...summaryRows({ manifest, arm, all, failovers, failbacks, failures, areAttemptsKnown }),
      ...(cost ? costRows(cost, all, areAttemptsKnown) : []),
    ];
  });
  const rows = [...armRows, ...matrixRows(matrix)];
  const isFinished = end?.why === 'finished';
  const objectives = decideObjectives(manifest.objectives, manifest.arms, rows);
  const invalid = [
    ...arms.flatMap((result) => invaliditiesOf(result, manifest.suite, isFinished)),
    ...unexercised(matrix, isFinished),
  ];

  return {
    manifest,
    isSimulated: manifest.backends.some(({ isSimulated }) => isSimulated),
    isWhole,
    endedAt: end?.at ?? Math.max(0, ...logs.map(({ whole }) => whole.until)),
    verdict: verdictOf(end, objectives, invalid),
    advisories: advisoriesOf(log, end, arms, rows),
    rows,
    failovers: arms.flatMap(({ failovers }) => failovers),
    matrix,
    failbacks: logs.flatMap(failbacksIn),
    failures: arms.flatMap(({ arm, all }) => failuresOf(arm.arm, all)),
    outages,
    tradeOffs: tradeOffsOf(arms),
    lost: lostRows(matrix),
    timelines: arms.map(({ arm, all }) => timelineOf(arm, all)),
    distributions: arms.flatMap(({ arm, all, failovers }) => distributionsOf(arm, all, failovers)),
    costs,
    exchanges: arms.flatMap(({ all }) => all.map(({ figures }) => figures)),
    attempts: logs.flatMap(({ attempts }) => attempts),
  };
};

const armResults = (manifest: Manifest, logs: readonly ArmLog[]): ArmResult[] => {
  const { limits, backends } = manifest;
  const residencies = new Map(backends.map(({ name, residency }) => [name, residency]));
  return withPenalties(
    logs.map((arm) => {
      const areAttemptsKnown = tellsAttempts(manifest, arm);
      const all = measure(arm, { limits, residencies, areAttemptsKnown });
      return { arm, all, failovers: failoversOf(arm) };
    }),
  );
};

/** A proxy of others tells of no attempts. */
const tellsAttempts = ({ target, peers }: Manifest, { arm, attempts }: ArmLog): boolean =>
  attempts.length > 0 || (target === undefined && !peers?.some((it) => it.arm === arm));
