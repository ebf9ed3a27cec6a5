/**
 * LiteLLM's `config.yaml` in place of a system file: translated key by key into the system file
 * that does the same, as far as Spillway can.
 *
 *     model_list ──▶ deployments ──▶ backends
 *                        └── groups ──fallbacks──▶ models with candidates in order
 *     router_settings over litellm_settings ──▶ breaker, strategy, deadlines
 *     general_settings ──▶ keys, default model
 *
 * What has no counterpart is a remark, at its place in the file: nothing is ignored in silence.
 * https://docs.litellm.ai/docs/proxy/config_settings
 */

import type { TSchema } from 'typebox';

import type { SourceDocument } from './document.ts';
import type { Environment } from './environment.ts';
import { type Deployment, type NamedDeployment, readDeployment } from './litellm-deployment.ts';
import { type Group, readGroups } from './litellm-group.ts';
import { type Path, type Reading, remarkAt, Section } from './litellm-section.ts';
import { generalReasons, readSettings, type Settings } from './litellm-setting.ts';
import type { Mistake, Remark } from './mistake.ts';
import type { BackendFile, SystemFile } from './schema.ts';
import { differences, isRecord } from './validation.ts';

/** The document as a system file: the same, unless it was written for LiteLLM. */
export const systemDocument = (
  document: SourceDocument,
  environment: Environment,
): SourceDocument => {
  const { value } = document;
  if (!isRecord(value) || value['model_list'] === undefined || value['backends'] !== undefined)
    return document;
  const variables = isRecord(value['environment_variables']) ? value['environment_variables'] : {};
  const reading: Reading = {
    document,
    // What the process was given wins, as it does in LiteLLM.
    environment: { ...textsOf(variables), ...withoutEmpty(environment) },
    mistakes: [],
    remarks: [],
  };
  return translated(document, translate(reading, value), reading);
};

interface Translation {
  readonly file: SystemFile;
  /** Where a part of the system file comes from. */
  readonly origins: readonly (readonly [path: Path, origin: Path])[];
}

const translate = (reading: Reading, value: Readonly<Record<string, unknown>>): Translation => {
  const whole = new Section(reading, value, []);
  whole.section('environment_variables');
  const settings = readSettings(whole);
  const deployments = whole.list('model_list').flatMap((entry, at) => {
    const path = ['model_list', at];
    const read = readDeployment(new Section(reading, isRecord(entry) ? entry : {}, path), settings);
    return read ? [read] : [];
  });
  const named = nameBackends(deployments);
  const groups = readGroups(reading, named, settings);
  if (groups.length === 0 && reading.mistakes.length === 0)
    whole.mistake('model_list', 'expected a model that Spillway can serve, found none', modelHint);
  const general = readGeneral(whole.section('general_settings'), settings, reading);
  whole.tellRest({ include: 'put the models into this file' });
  const file: SystemFile = {
    ...general,
    backends: Object.fromEntries(named.map(({ name, deployment }) => [name, deployment.backend])),
    models: Object.fromEntries(groups.map(({ name, model }) => [name, model])),
    ...(Object.keys(settings.breaker).length > 0 && { breaker: settings.breaker }),
  };
  return { file, origins: originsOf(named, groups) };
};

const modelHint = 'Add `- { model_name: local, litellm_params: { model: ollama_chat/qwen3:8b } }`.';

/**
 * One backend for each deployment, as LiteLLM has its limits and cooldowns; but one for all models
 * of an Ollama, which share its slots, unless they are treated differently.
 */
const nameBackends = (deployments: readonly Deployment[]): readonly NamedDeployment[] => {
  const taken = new Map<string, BackendFile>();
  return deployments.map((deployment) => {
    const { backend, backendName, id } = deployment;
    const isShared = (name: string): boolean =>
      backend.kind === 'ollama' &&
      id === undefined &&
      JSON.stringify(taken.get(name)) === JSON.stringify(backend);
    let name = backendName;
    for (let next = 2; taken.has(name) && !isShared(name); next++) name = `${backendName}-${next}`;
    taken.set(name, backend);
    return { name, deployment };
  });
};

const readGeneral = (
  general: Section,
  { budgetUsd }: Settings,
  reading: Reading,
): Pick<SystemFile, 'keys' | 'defaultModel' | 'economics'> => {
  const key = general.text('master_key') ?? reading.environment['LITELLM_MASTER_KEY'];
  const defaultModel = general.text('completion_model');
  general.tellRest(generalReasons);
  const isOpen = key === undefined || key === '';
  const budget = budgetUsd !== undefined && budgetUsd > 0 ? { monthlyBudgetUsd: budgetUsd } : {};
  const keys = isOpen ? 'without a `master_key` nobody is asked for one' : 'see `--host`';
  const text = `listens on 127.0.0.1:4000, where LiteLLM listens on every address; ${keys}`;
  remarkAt(reading, [], text);
  return {
    ...(!isOpen && { keys: [{ name: 'master', key, role: 'admin', ...budget }] }),
    ...(defaultModel !== undefined && { defaultModel }),
    ...(budgetUsd !== undefined && { economics: { spendMaxUsd: budgetUsd } }),
  };
};

/** Keys of a backend, and where they stand in an entry of the list. */
const backendOrigins: readonly (readonly [key: string, origin: Path])[] = [
  ['url', ['litellm_params', 'api_base']],
  ['apiKey', ['litellm_params', 'api_key']],
  ['auth', ['litellm_params', 'api_key']],
  ['apiVersion', ['litellm_params', 'api_version']],
  ['slots', ['litellm_params', 'max_parallel_requests']],
];

const originsOf = (
  named: readonly NamedDeployment[],
  groups: readonly Group[],
): Translation['origins'] => [
  ...named.flatMap(({ name, deployment: { path } }) => [
    [['backends', name], path] as const,
    ...backendOrigins.map(
      ([key, origin]) =>
        [
          ['backends', name, key],
          [...path, ...origin],
        ] as const,
    ),
  ]),
  ...groups.map(({ name, path }) => [['models', name], path] as const),
  [['breaker'], ['router_settings']],
  [['keys'], ['general_settings', 'master_key']],
  [['economics'], ['litellm_settings', 'max_budget']],
  [['defaultModel'], ['general_settings', 'completion_model']],
];

/** The translation behind the face of a document; mistakes are shown where they come from. */
const translated = (
  document: SourceDocument,
  { file, origins }: Translation,
  { mistakes, remarks }: Reading,
): SourceDocument => {
  const mistake: SourceDocument['mistake'] = (path, problem, hint, isKey) =>
    document.mistake(originOf(path, origins), problem, hint, isKey);
  return {
    file: document.file,
    value: file,
    mistakes: inOrder(mistakes),
    remarks: inOrder(remarks),
    mistake,
    differencesFrom: (schema: TSchema, changed: unknown = file): readonly Mistake[] =>
      // A file that could not be read as LiteLLM's has mistakes enough.
      mistakes.length > 0
        ? []
        : differences(schema, changed).map(({ path, problem, hint, isKey }) =>
            mistake(path, problem, hint, isKey),
          ),
  };
};

/** By their places, each once: a key that several things depend on is read several times. */
const inOrder = <T extends Remark>(told: readonly T[]): readonly T[] =>
  [...new Map(told.map((it) => [`${it.path} ${it.problem}`, it])).values()].toSorted(
    (one, other) => (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0),
  );

/** Where the deepest known part of a path comes from. */
const originOf = (path: Path, origins: Translation['origins']): Path => {
  const within = origins
    .filter(([start]) => start.every((part, at) => path[at] === part))
    .toSorted(([one], [other]) => other.length - one.length);
  return within[0]?.[1] ?? path;
};

const textsOf = (group: Readonly<Record<string, unknown>>): Environment =>
  Object.fromEntries(
    Object.entries(group).flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [],
    ),
  );

const withoutEmpty = (environment: Environment): Environment =>
  Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
