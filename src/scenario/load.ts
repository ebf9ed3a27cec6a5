/**
 * From the scenario file to the experiment: the system it names read as well, each variant resolved
 * on its own, and every mistake of both files collected before anything is said.
 */

import { dirname, join } from 'node:path';

import Value from 'typebox/value';

import { defaultPhases, type Phases } from '../load/phase.ts';
import { parseObjective } from '../metric/objective.ts';
import { metricById } from '../metric/table.ts';
import { readDocument, type SourceDocument } from '../system/document.ts';
import { type Environment, fillIn } from '../system/environment.ts';
import { FileError, type Mistake } from '../system/mistake.ts';
import { resolveSystem } from '../system/resolve.ts';
import type { System } from '../system/system.ts';
import { closest, isRecord } from '../system/validation.ts';
import { faultProblems, planFaults, worksOnTls } from '../target/fault/plan.ts';
import { parseDuration } from '../time/duration.ts';
import { workloadMistakes } from '../workload/check.ts';
import type { Arm, Scenario } from './scenario.ts';
import { type ScenarioFile, scenarioSchema } from './schema.ts';
import { withValues } from './variant.ts';

export interface LoadOptions {
  readonly environment: Environment;
  /** In place of the system the scenario names. */
  readonly systemFile?: string;
  readonly seed?: number;
  /** Clouds are taken out of every model. */
  readonly isLocalOnly: boolean;
  readonly target?: string;
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
  const shape = scenario.differencesFrom(scenarioSchema, withDefaultModel(scenario.value));
  const named = namedSystem(scenario, options);
  if (named === undefined) {
    const hint = 'Add `system: systems/hybrid-simulated.yaml`, or give --system.';
    throw new FileError([...shape, scenario.mistake([], 'no system is named', hint)]);
  }
  const system = readSystem(scenario, named, options, shape);
  const shared = { scenario, system, options };
  const written = variantsOf(scenario.value);
  const arms = written.map((variant, at) => resolveArm(variant, at, shared));
  const mistakes = unique([...shape, ...arms.flatMap((arm) => arm.mistakes)]);
  const values = arms.map((arm) => arm.value).filter((arm) => arm !== undefined);
  const first = arms[0]?.file;
  if (mistakes.length > 0 || first === undefined || values.length < arms.length)
    throw new FileError(mistakes);

  return {
    name: first.name,
    question: first.question,
    file,
    directory: dirname(file),
    seed: options.seed ?? first.seed ?? 1,
    thinkScale: first.thinkScale ?? 1,
    limits: limitsOf(first),
    phases: phasesOf(first),
    arms: values,
    objectives: first.objectives ?? [],
  };
};

const namedSystem = (scenario: SourceDocument, options: LoadOptions): string | undefined => {
  if (options.systemFile !== undefined) return options.systemFile;
  const named = property(scenario.value, 'system');
  return typeof named === 'string' ? join(dirname(scenario.file), named) : undefined;
};

const readSystem = (
  scenario: SourceDocument,
  file: string,
  options: LoadOptions,
  shape: readonly Mistake[],
): SourceDocument => {
  try {
    return readDocument(file);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const isOwn = options.systemFile === undefined;
    const pointed = error.mistakes.map((mistake) =>
      isOwn && mistake.line === undefined
        ? scenario.mistake(['system'], `${mistake.file}: ${mistake.problem}`, mistake.hint)
        : mistake,
    );
    throw new FileError([...shape, ...pointed]);
  }
};

interface Variant {
  readonly name: string;
  readonly set: Readonly<Record<string, unknown>>;
}

const variantsOf = (value: unknown): readonly Variant[] => {
  const variants = property(value, 'variants');
  if (!Array.isArray(variants) || variants.length === 0) return [{ name: 'main', set: {} }];
  return variants.map((variant: unknown, at) => {
    const name = property(variant, 'name');
    const set = property(variant, 'set');
    return {
      name: typeof name === 'string' ? name : `variant-${at}`,
      set: isRecord(set) ? set : {},
    };
  });
};

interface ResolvedArm {
  readonly value?: Arm;
  readonly file?: ScenarioFile;
  readonly mistakes: readonly Mistake[];
}

const resolveArm = (variant: Variant, at: number, shared: Shared): ResolvedArm => {
  const { scenario, system, options } = shared;
  const sources = withValues({ scenario: scenario.value, system: system.value }, variant.set);
  const lost = sources.lost.map((path) =>
    scenario.mistake(
      ['variants', at, 'set', path],
      `\`${path}\` leads nowhere`,
      'Begin with `system.` for the system file, or with a key of this file; lists by index or name.',
      true,
    ),
  );
  const changed = sources.source;
  const resolved = resolveSystem(system, options.environment, changed.system);
  const base = resolved.value;
  const filled = fillIn(
    withDefaultModel(changed.scenario, base?.models[0]?.name),
    options.environment,
    scenario,
  );
  const shape = scenario.differencesFrom(scenarioSchema, filled.value);
  const mistakes = [...lost, ...filled.mistakes, ...shape, ...resolved.mistakes];
  if (mistakes.length > 0 || !base || !Value.Check(scenarioSchema, filled.value))
    return { mistakes };
  const file = filled.value;
  const used = options.isLocalOnly ? withoutClouds(base) : base;
  const wrong = [
    ...crossCheck(file, used, shared),
    ...(at === 0 ? checkOnce(file, shared) : []),
  ];
  return {
    file,
    mistakes: wrong,
    value: {
      name: variant.name,
      system: used,
      workloads: file.workloads,
      faults: planFaults(file.faults ?? []),
    },
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

/** Names in the scenario that must be there in the system. */
const crossCheck = (file: ScenarioFile, system: System, shared: Shared): readonly Mistake[] => {
  const { scenario, options } = shared;
  const mistakes: Mistake[] = [];
  const missing = (path: readonly (string | number)[], what: string, name: string, names: readonly string[]): void => {
    if (names.includes(name)) return;
    const where = options.isLocalOnly ? ' once the clouds are taken out' : '';
    const list = names.length > 0 ? `There ${names.length === 1 ? 'is' : 'are'}: ${names.join(', ')}.` : `The system has none${where}.`;
    const problem = `the system has no ${what} called '${name}'${where}`;
    mistakes.push(scenario.mistake(path, problem, closest(name, names) ?? list));
  };
  for (const [at, workload] of file.workloads.entries()) {
    missing(['workloads', at, 'model'], 'model', workload.model, system.models.map((it) => it.name));
    if (workload.key !== undefined)
      missing(['workloads', at, 'key'], 'key', workload.key, system.keys.map((it) => it.name));
    else if (system.keys.length > 0 && options.target === undefined)
      mistakes.push(
        scenario.mistake(
          ['workloads', at],
          'expected a `key`, since the system has keys, found none',
          `Add \`key: ${system.keys[0]?.name}\`.`,
        ),
      );
  }
  const backends = system.backends.map(({ name }) => name);
  for (const [at, fault] of (file.faults ?? []).entries())
    missing(['faults', at, 'backend'], 'backend', fault.backend, backends);
  for (const fault of planFaults(file.faults ?? [])) {
    const backend = system.backends.find(({ name }) => name === fault.backend);
    if (backend?.urls[0]?.startsWith('https:') && !worksOnTls(fault))
      mistakes.push(
        scenario.mistake(
          ['faults', fault.index],
          `\`${fault.action.kind}\` cannot be placed by turn or token on ${backend.name}, which is reached by TLS`,
          'Use a window with `at` and `for`, or a plaintext address on the tailnet.',
        ),
      );
  }
  return mistakes;
};

/** What does not depend on the arm. */
const checkOnce = (file: ScenarioFile, { scenario, options }: Shared): readonly Mistake[] => {
  const mistakes: Mistake[] = [];
  for (const [at, fault] of (file.faults ?? []).entries())
    for (const { key, problem, hint } of faultProblems(fault))
      mistakes.push(scenario.mistake(['faults', at, key], problem, hint));
  if (options.target !== undefined && (file.faults ?? []).length > 0)
    mistakes.push(
      scenario.mistake(
        ['faults'],
        'faults stand between our own proxy and its backends, which --target leaves out',
        'Replay a scenario without faults, or leave --target away.',
      ),
    );
  for (const [at, workload] of file.workloads.entries())
    for (const { path, problem, hint } of workloadMistakes(workload))
      mistakes.push(scenario.mistake(['workloads', at, ...partsOf(path)], problem, hint));
  for (const [at, text] of (file.objectives ?? []).entries()) {
    const parsed = parseObjective(text);
    if ('error' in parsed)
      mistakes.push(scenario.mistake(['objectives', at], parsed.error, parsed.hint));
  }
  for (const id of Object.keys(file.limits ?? {})) {
    if (metricById(id)?.unit === 'ms') continue;
    const hint = closest(id, limitIds) ?? `Use one of ${limitIds.join(', ')}.`;
    mistakes.push(scenario.mistake(['limits', id], `no duration is called '${id}'`, hint, true));
  }
  const names = file.workloads.map(({ name }) => name);
  for (const [at, name] of names.entries())
    if (names.indexOf(name) < at)
      mistakes.push(
        scenario.mistake(
          ['workloads', at, 'name'],
          `two workloads are called '${name}'`,
          'Give each its own name.',
        ),
      );
  return mistakes;
};

/** `script[0].think` → `script`, 0, `think`. */
const partsOf = (path: string): readonly (string | number)[] =>
  path
    .split(/[.[\]]+/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));

const limitIds = ['ttft', 'ttfo', 'tpot', 'e2e'] as const;

const limitsOf = (file: ScenarioFile): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(file.limits ?? {}).map(([id, duration]) => [id, parseDuration(duration) ?? 0]),
  );

/** Scripted sessions end by themselves: their `steady` is only the longest they may take. */
const phasesOf = (file: ScenarioFile): Phases => {
  const isScripted = file.workloads.every(({ load }) => load.kind === 'scripted');
  const fallback = isScripted ? { warmupMs: 0, steadyMs: 600_000, cooldownMs: 20_000 } : defaultPhases;
  const { warmup, steady, cooldown } = file.phases ?? {};
  return {
    warmupMs: warmup === undefined ? fallback.warmupMs : (parseDuration(warmup) ?? 0),
    steadyMs: steady === undefined ? fallback.steadyMs : (parseDuration(steady) ?? 0),
    cooldownMs: cooldown === undefined ? fallback.cooldownMs : (parseDuration(cooldown) ?? 0),
  };
};

const unique = (mistakes: readonly Mistake[]): readonly Mistake[] => [
  ...new Map(mistakes.map((mistake) => [JSON.stringify(mistake), mistake])).values(),
];

const property = (value: unknown, name: string): unknown =>
  isRecord(value) ? value[name] : undefined;
