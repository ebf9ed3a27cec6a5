/**
 * Whether a fault can be reached at all: an address beyond the last session or turn, or a window
 * after the end, or a fault that another leaves nothing to do, would never act, and the run would
 * say nothing of what it was made for.
 */

import { type Phases, startsUntil } from '../load/phase.ts';
import type { SourceDocument } from '../system/document.ts';
import type { Mistake } from '../system/mistake.ts';
import type { PlannedFault } from '../target/fault/fault.ts';
import { faultConflicts } from '../target/fault/problem.ts';
import { parseDuration } from '../time/duration.ts';
import type { LoadedWorkload } from './scenario.ts';
import type { ScenarioFile } from './schema.ts';

/** Says which faults of a scenario can never act. */
export const reachMistakes = (
  file: ScenarioFile,
  faults: readonly PlannedFault[],
  phases: Phases,
  document: SourceDocument,
): readonly Mistake[] => {
  const unreached = faults.flatMap((fault) => {
    const problem = problemOf(fault, file.workloads, phases);
    return problem ? [document.mistake(placeOf(fault, file), ...problem)] : [];
  });
  const conflicts = faultConflicts(faults).flatMap(({ first, second, problem }) => {
    const [earlier, later] = [faults[first], faults[second]];
    if (!earlier || !later) return [];
    const hint = `Fault ${earlier.index + 1} of the list leaves it nothing: move one of the two in time, or remove it.`;
    return [document.mistake(['faults', later.index], problem, hint)];
  });
  return [...unreached, ...conflicts];
};

/** Where in the file a fault was planned. */
const placeOf = (
  { index, address }: PlannedFault,
  file: ScenarioFile,
): readonly (string | number)[] => {
  if (!address) return ['faults', index, 'at'];
  const spec = file.faults?.[index];
  const isMeant = (it: PlannedFault['address']): boolean =>
    it?.session === address.session && it.turn === address.turn && it.workload === address.workload;
  if (isMeant(spec?.address)) return ['faults', index, 'address'];
  return ['faults', index, 'addresses', spec?.addresses?.findIndex(isMeant) ?? 0];
};

const problemOf = (
  fault: PlannedFault,
  workloads: readonly LoadedWorkload[],
  phases: Phases,
): readonly [problem: string, hint: string] | undefined => {
  const { address } = fault;
  if (!address) {
    const endsAt = startsUntil(phases) + phases.cooldownMs;
    return fault.from < endsAt
      ? undefined
      : [
          `this never acts: the run ends after ${endsAt / 1000} s at the latest`,
          'Choose an earlier `at`, or make `phases` longer.',
        ];
  }
  const { workload, session, turn } = address;
  const meant = workload === undefined ? workloads : workloads.slice(workload, workload + 1);
  if (meant.length === 0)
    return [
      `this never acts: there is no workload ${workload}`,
      `Count from 0: there ${workloads.length === 1 ? 'is 1' : `are ${workloads.length}`}.`,
    ];
  const sessions = Math.max(...meant.map((it) => sessionsOf(it, phases)));
  if (session > sessions)
    return [`this never acts: session ${session} of ${sessions}`, `Choose one up to ${sessions}.`];
  const turns = Math.max(...meant.map(turnsOf));
  return turn > turns
    ? [`this never acts: turn ${turn} of ${turns}`, `Choose one up to ${turns}.`]
    : undefined;
};

/** Sessions that begin at most; without end where arrivals are left to chance. */
const sessionsOf = ({ load }: LoadedWorkload, phases: Phases): number => {
  if (load.kind !== 'scripted') return Number.POSITIVE_INFINITY;
  const everyMs = parseDuration(load.every) ?? 0;
  return everyMs === 0
    ? load.sessions
    : Math.min(load.sessions, Math.ceil(startsUntil(phases) / everyMs));
};

/** Turns of a session at most; a profile that is not told draws as many as it likes. */
const turnsOf = ({ turns, script }: LoadedWorkload): number => {
  if (turns !== undefined) return typeof turns === 'number' ? turns : turns[1];
  return script?.length ?? Number.POSITIVE_INFINITY;
};
