/**
 * What a run will come to, before it is run: sessions, samples behind each objective, and what it
 * can cost at most.
 */

import { costUsd } from '../economics/cost.ts';
import { startsUntil } from '../load/phase.ts';
import { type Prediction, predictWorkload } from '../load/predict.ts';
import { floorOf } from '../metric/floor.ts';
import { parseObjective } from '../metric/objective.ts';
import { metricOf } from '../metric/table.ts';
import { seeded } from '../random/random.ts';
import type { Arm, LoadedWorkload, Scenario } from '../scenario/scenario.ts';
import { readDocument } from '../system/document.ts';
import type { Mistake } from '../system/mistake.ts';
import { loadTokenizer, type Tokenizer } from '../token/tokenizer.ts';
import { trialsBehind, trialsOf } from '../scenario/suite.ts';
import type { Workload } from '../workload/session.ts';
import { playable } from './lane-target.ts';
import { openPlaced } from './placed-workload.ts';
import { priceMistakes } from './preflight.ts';
import { pricesOf } from './price.ts';

export interface WorkloadPrediction extends Prediction {
  readonly arm: string;
  readonly workload: string;
  /** If every request went to the dearest cloud candidate with the longest answer allowed. */
  readonly worstCaseUsd?: number;
}

export interface ObjectivePrediction {
  readonly text: string;
  readonly arm: string;
  /** Values expected behind it; undefined where it cannot be foreseen. */
  readonly samples?: number;
  readonly floor: number;
}

export interface RunPrediction {
  readonly workloads: readonly WorkloadPrediction[];
  readonly objectives: readonly ObjectivePrediction[];
  /** Objectives that this run would leave undecided, and models without a price. */
  readonly mistakes: readonly Mistake[];
}

/** What one answer takes, roughly: first token after 0.8 s, then 40 tokens a second. */
const turnMs = 4000;

/** Predicts a run. Throws a `FileError` where a workload cannot be opened. */
export const predictRun = async (scenario: Scenario): Promise<RunPrediction> => {
  const tokenizer = await loadTokenizer();
  const workloads: WorkloadPrediction[] = [];
  for (const arm of scenario.arms)
    for (const [index, workload] of arm.workloads.entries())
      workloads.push(await predictOne(scenario, arm, workload, index, tokenizer));
  const objectives = scenario.arms.flatMap((arm) => predictObjectives(scenario, arm, workloads));
  return {
    workloads,
    objectives,
    mistakes: [...priceMistakes(scenario), ...undecidable(scenario, objectives)],
  };
};

const predictOne = async (
  scenario: Scenario,
  arm: Arm,
  spec: LoadedWorkload,
  index: number,
  tokenizer: Tokenizer,
): Promise<WorkloadPrediction> => {
  const random = seeded(String(scenario.seed));
  const workload = await openPlaced(scenario, spec, index, { random, tokenizer });
  const prediction = arm.suite
    ? predictTrials(trialsOf(playable(arm.suite, arm), index), workload)
    : predictWorkload(workload, spec.load, scenario.phases, {
        random: random.fork(`starts ${spec.name}`),
        turnMs,
      });
  const worstCaseUsd = worstCaseOf(arm, spec, prediction);
  return {
    arm: arm.name,
    workload: spec.name,
    ...prediction,
    ...(worstCaseUsd !== undefined && { worstCaseUsd }),
  };
};

/** A trial asks for what is broken, for what is not, and of the fallback; then until all is well. */
const exchangesPerTrial = 8;

const predictTrials = (trials: number, workload: Workload): Prediction => {
  const [turn] = workload.session(1).turns;
  const exchanges = trials * exchangesPerTrial;
  return {
    sessions: trials,
    exchanges,
    inputTokens: exchanges * (turn?.promptTokens ?? 0),
    outputTokensMax: exchanges * (turn?.maxOutputTokens ?? 0),
  };
};

const worstCaseOf = (
  arm: Arm,
  spec: LoadedWorkload,
  { inputTokens, outputTokensMax }: Prediction,
): number | undefined => {
  const candidates = arm.system.models.find(({ name }) => name === spec.model)?.candidates ?? [];
  const costs = pricesOf(arm.system)
    .filter((price) =>
      candidates.some(({ backend, model }) => backend === price.backend && model === price.model),
    )
    .map((price) => costUsd(price, { inputTokens, outputTokens: outputTokensMax }));
  return costs.length > 0 ? Math.max(...costs) : undefined;
};

const predictObjectives = (
  scenario: Scenario,
  arm: Arm,
  workloads: readonly WorkloadPrediction[],
): readonly ObjectivePrediction[] =>
  scenario.objectives.flatMap((text) => {
    const objective = parseObjective(text);
    if ('error' in objective || (objective.arm ?? arm.name) !== arm.name) return [];
    const { floors } = metricOf(objective.id);
    const samples = samplesOf(objective, arm, workloads);
    return [
      {
        text,
        arm: arm.name,
        floor: floorOf(floors, objective.stat),
        ...(samples !== undefined && { samples }),
      },
    ];
  });

/** Failovers come from addressed faults; exchanges from the workloads; the rest is not foreseen. */
const samplesOf = (
  objective: { readonly id: string; readonly where: string },
  arm: Arm,
  workloads: readonly WorkloadPrediction[],
): number | undefined => {
  if (arm.suite) return trialsBehind(playable(arm.suite, arm), objective.where);
  const own = workloads.filter((it) => it.arm === arm.name);
  if (failoverIds.has(objective.id)) {
    const isCounted = arm.faults.length > 0 && arm.faults.every(({ address }) => address);
    if (arm.faults.length === 0) return 0;
    return isCounted ? arm.faults.length : undefined;
  }
  const named = /^workload=(.+)$/.exec(objective.where)?.[1];
  if (named === undefined && objective.where !== 'all') return undefined;
  return own
    .filter(({ workload }) => named === undefined || workload === named)
    .reduce((sum, { exchanges }) => sum + exchanges, 0);
};

const failoverIds: ReadonlySet<string> = new Set([
  'detect',
  'decide',
  'refill',
  'failover',
  'failover_ttft',
  'visible_gap',
]);

/** A prediction is rough: only what falls clearly below its floor is refused. */
const undecidable = (
  scenario: Scenario,
  objectives: readonly ObjectivePrediction[],
): readonly Mistake[] => {
  const document = readDocument(scenario.file);
  return objectives
    .filter(({ samples, floor }) => samples !== undefined && samples < floor)
    .map(({ text, arm, samples = 0, floor }) =>
      document.mistake(
        ['objectives', scenario.objectives.indexOf(text)],
        `expected at least ${floor} values behind \`${text}\`, found about ${samples}` +
          (scenario.arms.length > 1 ? ` in arm ${arm}` : ''),
        hintFor(scenario, samples, floor),
      ),
    );
};

const hintFor = (scenario: Scenario, samples: number, floor: number): string => {
  const isOpen = scenario.arms.some((arm) =>
    arm.workloads.some(({ load }) => load.kind !== 'scripted'),
  );
  if (samples === 0 || !isOpen)
    return 'Add sessions or faults, or choose a statistic that needs fewer values.';
  const steadyMs = startsUntil(scenario.phases) - scenario.phases.warmupMs;
  const minutes = Math.ceil((steadyMs * floor) / samples / 60_000);
  return `Make \`phases.steady\` about ${minutes} min, raise the load, or choose a statistic that needs fewer values.`;
};
