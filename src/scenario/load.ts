/**
 * From the scenario file to the experiment: the system it names read as well, each variant resolved
 * on its own, and every mistake of both files collected before anything is said.
 */

import { dirname, isAbsolute, join } from 'node:path';

import Value from 'typebox/value';

import { defaultPhases, type Phases } from '../load/phase.ts';
import { readDocument, type SourceDocument } from '../system/document.ts';
import { type Environment, fillIn } from '../system/environment.ts';
import { systemDocument } from '../system/litellm.ts';
import { FileError, type Mistake } from '../system/mistake.ts';
import { resolveSystem } from '../system/resolve.ts';
import type { System } from '../system/system.ts';
import { differences, isRecord } from '../system/validation.ts';
import { planFaults } from '../target/fault/plan.ts';
import { parseDuration } from '../time/duration.ts';
import { withArms } from './arm-choice.ts';
import { armMistakes, scenarioMistakes } from './check.ts';
import { namesOf, property } from './name.ts';
import { type Peer, readPeer } from './peer.ts';
import { reachMistakes } from './reach.ts';
import type { Arm, Scenario } from './scenario.ts';
import { type ScenarioFile, scenarioSchema } from './schema.ts';
import { hasSuite, withTrialLoad } from './suite-check.ts';
import { suiteOf } from './suite.ts';
import { type Placed, withValues } from './variant.ts';

export interface LoadOptions {
  readonly environment: Environment;
  /** In place of the system the scenario names. */
  readonly systemFile?: string;
  readonly seed?: number;
  /** Clouds are taken out of every model. */
  readonly isLocalOnly: boolean;
  readonly target?: string;
  /** The rows of a suite are played a few times only. */
  readonly isQuick?: boolean;
  /** Faults may run commands on this machine: who calls has told the user, or runs nothing. */
  readonly mayExecute?: boolean;
}

/** The part of a scenario that every arm shares. */
interface Shared {
  readonly scenario: SourceDocument;
  readonly system: SourceDocument;
  readonly options: LoadOptions;
}

/** Reads and resolves a scenario. Throws a `FileError` with every mistake. */
export const loadScenario = (file: string, options: LoadOptions): Scenario => {
  const scenario = readDocument(file);
  expectScenario(scenario);
  const system = readSystem(scenario, options);
  const shared = { scenario, system, options };
  const arms = playedVariants(scenario, options).map((variant, at) =>
    resolveArm(variant, at, shared),
  );
  const mistakes = unique([
    ...scenarioMistakes(scenario.value, {
      document: scenario,
      isForeign: options.target !== undefined,
    }),
    ...arms.flatMap((arm) => arm.mistakes),
  ]);
  const values = arms.map((arm) => arm.value).filter((arm) => arm !== undefined);
  const first = arms[0]?.file;
  if (mistakes.length > 0 || first === undefined || values.length < arms.length)
    throw new FileError(inOrder(mistakes));

  const whole: Scenario = {
    name: first.name,
    question: first.question,
    file,
    directory: dirname(file),
    systemFile: system.file,
    seed: options.seed ?? first.seed ?? 1,
    thinkScale: first.thinkScale ?? 1,
    limits: limitsOf(first),
    phases: phasesOf(first),
    arms: values,
    objectives: first.objectives ?? [],
  };
  return options.target === undefined
    ? whole
    : withArms(
        whole,
        values.map(({ name }) => name),
      );
};

/** One mistake instead of one for each key, where a system was given for a scenario. */
const expectScenario = (document: SourceDocument): void => {
  const system = ['backends', 'model_list'].find(
    (key) => property(document.value, key) !== undefined,
  );
  if (system === undefined || property(document.value, 'workloads') !== undefined) return;
  const hint = `Name a scenario; this file can be its system: --system ${document.file}`;
  throw new FileError([
    document.mistake([system], 'expected a scenario, found a system file', hint, true),
  ]);
};

const readSystem = (scenario: SourceDocument, options: LoadOptions): SourceDocument => {
  if (options.systemFile !== undefined)
    return systemDocument(readDocument(options.systemFile), options.environment);
  const shape = scenario.differencesFrom(
    scenarioSchema,
    withTrialLoad(withDefaultModel(scenario.value)),
  );
  const named = property(scenario.value, 'system');
  if (typeof named !== 'string') {
    const hint = 'Add `system: systems/hybrid-simulated.yaml`, or give --system.';
    const absent = named === undefined ? [scenario.mistake([], 'no system is named', hint)] : [];
    throw new FileError([...shape, ...absent]);
  }
  const file = resolveBeside(scenario.file, named);
  try {
    return systemDocument(readDocument(file), options.environment);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const pointed = error.mistakes.map((mistake) =>
      mistake.line === undefined
        ? scenario.mistake(['system'], `${mistake.file}: ${mistake.problem}`, mistake.hint)
        : mistake,
    );
    throw new FileError([...shape, ...pointed]);
  }
};

/** A path in a file is relative to that file; said relative to here, as the user would. */
const resolveBeside = (file: string, path: string): string =>
  isAbsolute(path) ? path : join(dirname(file), path);

interface Variant {
  readonly name: string;
  readonly set: Readonly<Record<string, unknown>>;
  readonly proxy?: 'naive-retry' | 'foreign';
  readonly peer?: Peer;
  readonly mistakes?: readonly Mistake[];
}

const variantsOf = (document: SourceDocument): readonly Variant[] => {
  const variants = property(document.value, 'variants');
  if (!Array.isArray(variants) || variants.length === 0) return [{ name: 'main', set: {} }];
  return variants.map((variant: unknown, at) => {
    const name = property(variant, 'name');
    const set = property(variant, 'set');
    const { value: peer, mistakes } = readPeer(variant, at, document);
    return {
      mistakes,
      name: typeof name === 'string' ? name : `variant-${at}`,
      set: isRecord(set) ? set : {},
      ...(property(variant, 'proxy') === 'naive-retry' && { proxy: 'naive-retry' as const }),
      ...(property(variant, 'peer') !== undefined && { proxy: 'foreign' as const }),
      ...(peer && { peer }),
    };
  });
};

/** Variants differ in our own proxy: a suite against another one is played once. */
const playedVariants = (document: SourceDocument, { target }: LoadOptions): readonly Variant[] =>
  target !== undefined && hasSuite(document.value)
    ? [{ name: 'target', set: {}, proxy: 'foreign' }]
    : variantsOf(document);

interface ResolvedArm {
  readonly value?: Arm;
  readonly file?: ScenarioFile;
  readonly mistakes: readonly Mistake[];
}

const resolveArm = (variant: Variant, at: number, shared: Shared): ResolvedArm => {
  const { scenario, system, options } = shared;
  const changed = withValues({ scenario: scenario.value, system: system.value }, variant.set);
  const lost = changed.lost.map((path) =>
    scenario.mistake(
      ['variants', at, 'set', path],
      `\`${path}\` leads nowhere`,
      'Begin with `system.` for the system file, or with a key of this file; lists by index or name.',
      true,
    ),
  );
  const documents = {
    scenario: pointingAt(scenario, scenario, at, changed.placed, 'scenario'),
    system: pointingAt(system, scenario, at, changed.placed, 'system'),
  };
  const resolved = resolveSystem(documents.system, options.environment, changed.source.system);
  const base = resolved.value;
  const used = base && options.isLocalOnly ? withoutClouds(base) : base;
  const names = namesOf(used, changed.source.system);
  const filled = fillIn(
    withTrialLoad(withDefaultModel(changed.source.scenario, names.models[0])),
    options.environment,
    documents.scenario,
  );
  const mistakes = [
    ...(variant.mistakes ?? []),
    ...lost,
    ...filled.mistakes,
    ...documents.scenario.differencesFrom(scenarioSchema, filled.value),
    ...resolved.mistakes,
    ...armMistakes(filled.value, {
      document: documents.scenario,
      names,
      isLocalOnly: options.isLocalOnly,
      isForeign: options.target !== undefined || variant.proxy === 'foreign',
      mayExecute: options.mayExecute === true || options.environment['SPILLWAY_ALLOW_EXEC'] === '1',
      ...(used && { system: used }),
    }),
  ];
  if (!used || !Value.Check(scenarioSchema, filled.value)) return { mistakes };
  const file = filled.value;
  const seed = String(options.seed ?? file.seed ?? 1);
  const suite = suiteOf(file, used, { seed, isQuick: options.isQuick === true });
  const faults = suite ? [] : planFaults(file.faults ?? [], seed);
  return {
    file,
    mistakes: [...mistakes, ...reachMistakes(file, faults, phasesOf(file), documents.scenario)],
    value: {
      name: variant.name,
      system: used,
      workloads: file.workloads,
      faults,
      ...(variant.proxy && { proxy: variant.proxy }),
      ...(variant.peer && { peer: variant.peer }),
      ...(suite && { suite }),
    },
  };
};

/** A document that points at the variant where the variant set what is wrong. */
const pointingAt = (
  document: SourceDocument,
  scenario: SourceDocument,
  at: number,
  placed: readonly Placed[],
  file: Placed['file'],
): SourceDocument => {
  const own = placed.filter((it) => it.file === file);
  const mistake: SourceDocument['mistake'] = (path, problem, hint, isKey) => {
    const setter = own.find((it) =>
      it.path.slice(0, it.ownFrom).every((part, depth) => part === path[depth]),
    );
    if (!setter) return document.mistake(path, problem, hint, isKey);
    const here = ['variants', at, 'set', setter.key, ...path.slice(setter.path.length)];
    return scenario.mistake(here, problem, hint, isKey);
  };
  return {
    ...document,
    mistake,
    differencesFrom: (schema, changed = document.value) =>
      differences(schema, changed).map(({ path, problem, hint, isKey }) =>
        mistake(path, problem, hint, isKey),
      ),
  };
};

/** A workload that names no model asks the first one of the system. */
const withDefaultModel = (value: unknown, model = 'default'): unknown => {
  const workloads = property(value, 'workloads');
  if (!Array.isArray(workloads)) return value;
  const filled = workloads.map((workload: unknown) =>
    typeof workload === 'object' && workload !== null && !('model' in workload)
      ? { ...workload, model }
      : workload,
  );
  return { ...(isRecord(value) && value), workloads: filled };
};

/** The system with every cloud taken out of every model. */
const withoutClouds = (system: System): System => {
  const locals = new Set(
    system.backends.filter(({ residency }) => residency === 'local').map(({ name }) => name),
  );
  return {
    ...system,
    backends: system.backends.filter(({ name }) => locals.has(name)),
    models: system.models
      .map((model) => ({
        ...model,
        candidates: model.candidates.filter(({ backend }) => locals.has(backend)),
      }))
      .filter(({ candidates }) => candidates.length > 0),
  };
};

const limitsOf = (file: ScenarioFile): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(file.limits ?? {}).map(([id, duration]) => [id, parseDuration(duration) ?? 0]),
  );

/** Scripted sessions end by themselves: their `steady` is only the longest they may take. */
const phasesOf = (file: ScenarioFile): Phases => {
  // A suite ends with its last trial.
  if (file.suite) return { warmupMs: 0, steadyMs: suiteMsMax, cooldownMs: 0 };
  const isScripted = file.workloads.every(({ load }) => load.kind === 'scripted');
  const fallback = isScripted
    ? { warmupMs: 0, steadyMs: 600_000, cooldownMs: 20_000 }
    : defaultPhases;
  const { warmup, steady, cooldown } = file.phases ?? {};
  return {
    warmupMs: warmup === undefined ? fallback.warmupMs : (parseDuration(warmup) ?? 0),
    steadyMs: steady === undefined ? fallback.steadyMs : (parseDuration(steady) ?? 0),
    cooldownMs: cooldown === undefined ? fallback.cooldownMs : (parseDuration(cooldown) ?? 0),
  };
};

/** Longer than any suite. */
const suiteMsMax = 24 * 3_600_000;

const unique = (mistakes: readonly Mistake[]): readonly Mistake[] => [
  ...new Map(mistakes.map((mistake) => [JSON.stringify(mistake), mistake])).values(),
];

/** As a reader meets them: by file, from its first line to its last. */
const inOrder = (mistakes: readonly Mistake[]): readonly Mistake[] =>
  [...Map.groupBy(mistakes, ({ file }) => file).values()].flatMap((ofFile) =>
    ofFile.toSorted(
      (one, other) =>
        (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0),
    ),
  );
