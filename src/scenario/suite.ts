/**
 * The failover suite: each entry of `faults:` is a row, which is played again and again, one
 * exchange at a time, armed for that exchange alone.
 *
 *     suite: { loud: 60, silent: 20, deadlineScale: 0.1, straight: fallback-alone }
 *     faults:
 *       - { row: reset-mid-stream, backend: spark, kind: reset, expect: continued }
 */

import type { SuiteRow } from '../log/entry.ts';
import type { System } from '../system/system.ts';
import type { PlannedFault } from '../target/fault/fault.ts';
import { backendsOf, planFaults } from '../target/fault/plan.ts';
import { parseDuration } from '../time/duration.ts';
import type { LoadedWorkload } from './scenario.ts';
import type { RowSpec, ScenarioFile } from './schema.ts';

/** A row, and what is armed for it. */
export interface SuitePlanRow {
  readonly row: SuiteRow;
  readonly faults: readonly PlannedFault[];
  /** Index of the workload whose first turn is asked. */
  readonly workload: number;
  /** Index of the workload that tells whether the primary of the same model serves again. */
  readonly plain: number;
  readonly fresh?: 'before' | 'after';
  /** A wait of up to so long before each trial, drawn by the seed, so that no phase is favoured. */
  readonly phaseMsMax: number;
}

/** A suite as resolved for one arm. */
export interface Suite {
  readonly rows: readonly SuitePlanRow[];
  readonly deadlineScale: number;
  readonly lanes: number;
  /** Model whose only candidate is the fallback. */
  readonly straight: string;
  /** The client gives an answer up as hung after this. */
  readonly patienceMs: number;
  /** Pause between two exchanges that ask whether the primary serves again. */
  readonly settleMs: number;
  /** How long it is asked at most. */
  readonly settleMsMax: number;
}

/** Trials that are asked with a workload, by its index. */
export const trialsOf = ({ rows }: Suite, workload: number): number =>
  rows.filter((it) => it.workload === workload).reduce((sum, { row }) => sum + row.repetitions, 0);

/** Trials behind a figure, as far as its place tells: `rows=loud`, `row=NAME`, `role=control`. */
export const trialsBehind = ({ rows }: Suite, where: string): number | undefined => {
  const [key, name] = where.split('=');
  const own = rows.filter(({ row }) => {
    if (key === 'row') return row.name === name;
    if (name === 'loud') return !row.isSilent;
    return name === 'silent' ? row.isSilent : true;
  });
  const isKnown = key === 'row' || key === 'rows' || where === 'role=control';
  return isKnown ? own.reduce((sum, { row }) => sum + row.repetitions, 0) : undefined;
};

/** Resolves the suite of an arm; undefined where the file has none. */
export const suiteOf = (
  file: ScenarioFile,
  system: System,
  { seed, isQuick }: { readonly seed: string; readonly isQuick: boolean },
): Suite | undefined => {
  const { suite, workloads, faults = [] } = file;
  if (!suite) return undefined;
  return {
    rows: faults.map((spec, index) => rowOf(spec, index, { file, system, seed, isQuick })),
    deadlineScale: suite.deadlineScale ?? 1,
    lanes: suite.lanes ?? 1,
    straight: suite.straight ?? workloads[0]?.model ?? '',
    patienceMs: msOf(suite.patience, defaultPatienceMs),
    settleMs: msOf(suite.settleEvery, defaultSettleMs),
    settleMsMax: msOf(suite.settleFor, defaultSettleMsMax),
  };
};

const msOf = (written: string | 0 | undefined, fallback: number): number =>
  (written === undefined ? undefined : parseDuration(written)) ?? fallback;

const defaultPatienceMs = 15_000;
const defaultSettleMs = 50;
const defaultSettleMsMax = 20_000;

interface Ground {
  readonly file: ScenarioFile;
  readonly system: System;
  readonly seed: string;
  readonly isQuick: boolean;
}

const rowOf = (
  spec: RowSpec,
  index: number,
  { file, system, seed, isQuick }: Ground,
): SuitePlanRow => {
  const { suite, workloads } = file;
  const asked = Math.max(
    0,
    workloads.findIndex(({ name }) => name === spec.workload),
  );
  const deadline = spec.deadline;
  const backend = system.backends.find(({ name }) => name === backendsOf(spec)[0]);
  const deadlineMs = deadline === undefined ? undefined : backend?.[deadline];
  const isSilent = deadline !== undefined;
  // Everything is planned as from the beginning; a trial moves it to when it is armed.
  const faults = planFaults([{ ...spec, at: '0 s' }], `${seed} ${index}`);
  return {
    row: {
      name: spec.row ?? `row-${index + 1}`,
      fault: index,
      what: spec.form === undefined ? spec.kind : `${spec.kind} (${spec.form})`,
      backend: backendsOf(spec).join(', '),
      catalogue: spec.catalogue ?? [],
      isSilent,
      expect: spec.expect ?? 'transparent',
      repetitions: isQuick ? (isSilent ? 1 : 2) : repetitionsOf(suite, isSilent),
      ...(deadlineMs !== undefined && { deadlineMs }),
    },
    faults: faults.map((fault) => ({ ...fault, index })),
    workload: asked,
    plain: plainOf(workloads, asked),
    ...(spec.fresh && { fresh: spec.fresh }),
    phaseMsMax: isSilent ? system.breaker.openForMs : 0,
  };
};

const repetitionsOf = (suite: ScenarioFile['suite'], isSilent: boolean): number =>
  isSilent ? (suite?.silent ?? defaultSilent) : (suite?.loud ?? defaultLoud);

/** An upper bound of the 95th percentile from order statistics takes 59 values. */
const defaultLoud = 60;
const defaultSilent = 20;

/** The first workload of the same model. */
const plainOf = (workloads: readonly LoadedWorkload[], asked: number): number =>
  Math.max(
    0,
    workloads.findIndex(({ model }) => model === workloads[asked]?.model),
  );
