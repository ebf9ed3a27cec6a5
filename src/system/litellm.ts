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
import { withIncluded } from './litellm-include.ts';
import { type Deployment, type NamedDeployment, readDeployment } from './litellm-deployment.ts';
import { type Group, readGroups } from './litellm-group.ts';
import { type Path, type Reading, remarkAt, Section } from './litellm-section.ts';
import { generalReasons, readSettings, type Settings } from './litellm-setting.ts';
import type { Mistake, Remark } from './mistake.ts';
import { isPattern } from './model-name.ts';
import type { BackendFile, SystemFile } from './schema.ts';
import { differences, isRecord } from './validation.ts';

/** The document as a system file: the same, unless it was written for LiteLLM. */
export const systemDocument = (
  written: SourceDocument,
  environment: Environment,
): SourceDocument => {
  if (!isForLiteLlm(written.value)) return written;
  const document = withIncluded(written);
  const value = isRecord(document.value) ? document.value : {};
  const variables = isRecord(value['environment_variables']) ? value['environment_variables'] : {};
  const reading: Reading = {
    document,
    // What the process was given wins, as it does in LiteLLM.
    environment: { ...textsOf(variables), ...withoutEmpty(environment) },
    mistakes: [...(document.mistakes ?? [])],
    remarks: [],
  };
  return translated(document, translate(reading, value), reading);
};

/** Even without models of its own: those may be included, or have stood in a database. */
const isForLiteLlm = (value: unknown): boolean =>
  isRecord(value) &&
  value['backends'] === undefined &&
  ['model_list', 'litellm_settings', 'router_settings', 'general_settings', 'include'].some(
    (key) => value[key] !== undefined,
  );

interface Translation {
  readonly file: SystemFile;
  /** Where a part of the system file comes from. */
  readonly origins: readonly (readonly [path: Path, origin: Path])[];
}

const translate = (reading: Reading, value: Readonly<Record<string, unknown>>): Translation => {
  const whole = new Section(reading, value, []);
  whole.section('environment_variables');
  const settings = readSettings(whole);
  const credentials = readCredentials(whole);
  const deployments = whole.list('model_list').flatMap((entry, at) => {
    const path = ['model_list', at];
    const params = withCredential(isRecord(entry) ? entry : {}, credentials);
    const read = readDeployment(new Section(reading, params, path), settings);
    return read ? [read] : [];
  });
  const named = nameBackends(withoutTagged(reading, deployments, settings));
  const groups = readGroups(reading, named, settings);
  if (groups.length === 0 && reading.mistakes.length === 0)
    whole.mistake('model_list', 'expected a model that Spillway can serve, found none', modelHint);
  const general = readGeneral(whole.section('general_settings'), settings, reading);
  whole.tellRest(wholeReasons);
  tellDifferences(reading, whole, deployments);
  const candidatesMax = Math.max(0, ...groups.map(({ candidateCount }) => candidateCount));
  const file: SystemFile = {
    ...general,
    ...(candidatesMax > attemptsUsual && {
      attemptsMax: Math.min(candidatesMax, 1 + settings.fallbacksMax),
    }),
    backends: Object.fromEntries(named.map(({ name, deployment }) => [name, deployment.backend])),
    models: Object.fromEntries(groups.map(({ name, model }) => [name, model])),
    ...(Object.keys(settings.breaker).length > 0 && { breaker: settings.breaker }),
  };
  return { file, origins: originsOf(named, groups) };
};

/** What a request is given where the file does not say. */
const attemptsUsual = 2;

/** What stands beside the settings and has no counterpart. */
const wholeReasons: Readonly<Record<string, string>> = {
  callback_settings: 'see /metrics and the log',
  guardrails: 'what is asked and answered is not looked at',
  mcp_servers: 'clients bring their tools',
  mcp_tools: 'clients bring their tools',
  vector_store_registry: 'clients bring their tools',
  search_tools: 'clients bring their tools',
  files_settings: 'there is no /v1/files',
  finetune_settings: 'there is no fine-tuning',
};

type Fields = Readonly<Record<string, unknown>>;

/** `credential_list`: what deployments share, by name. */
const readCredentials = (whole: Section): ReadonlyMap<unknown, Fields> =>
  new Map(
    whole.list('credential_list').flatMap((entry) => {
      if (!isRecord(entry) || !isRecord(entry['credential_values'])) return [];
      return [[entry['credential_name'], entry['credential_values']] as const];
    }),
  );

/** The entry with what its credential says where it says nothing itself. */
const withCredential = (entry: Fields, credentials: ReadonlyMap<unknown, Fields>): Fields => {
  const params = entry['litellm_params'];
  if (!isRecord(params)) return entry;
  const { litellm_credential_name: name, ...own } = params;
  const credential = credentials.get(name);
  return credential ? { ...entry, litellm_params: { ...credential, ...own } } : entry;
};

const isDefault = ({ tags }: Deployment): boolean => tags.includes('default');

/**
 * Where LiteLLM goes by tags, a request without one is for those tagged `default`, if there are
 * any; and requests carry no tags here.
 */
const withoutTagged = (
  reading: Reading,
  deployments: readonly Deployment[],
  { isByTag }: Settings,
): readonly Deployment[] => {
  if (!isByTag) return deployments;
  return deployments.filter((it) => {
    const isOut = !isDefault(it) && deployments.some((o) => o.group === it.group && isDefault(o));
    if (isOut)
      remarkAt(
        reading,
        [...it.path, 'litellm_params', 'tags'],
        'left out: requests carry no tags here, and without one LiteLLM asks those tagged ' +
          '`default`; give it a `model_name` of its own',
      );
    return !isOut;
  });
};

/** What is different whatever the file says, as far as it concerns this one. */
const tellDifferences = (
  reading: Reading,
  whole: Section,
  deployments: readonly Deployment[],
): void => {
  const tell = (text: string): void => remarkAt(reading, [], text);
  const backends = deployments.map(({ backend }) => backend);
  tell(
    'a request that fails is sent once to each candidate in turn, without pauses, where LiteLLM ' +
      'asks the same one again; nobody else is asked where it is called wrong (400) or filtered',
  );
  tell(
    'when nobody can serve, the answer is 503 with `retry-after`, where LiteLLM passes on 429 or ' +
      '500; an answer names the model that was asked for, whoever gave it',
  );
  if (backends.some(({ firstTokenMs }) => firstTokenMs === undefined))
    tell(
      'without a `timeout` a first token is waited for 20 s, longer for a long prompt or a model ' +
        'that is being loaded; LiteLLM waits 600 s',
    );
  if (deployments.some(({ backend, isLimited }) => backend.kind === 'ollama' && !isLimited))
    tell(
      'an Ollama is sent one request at a time: set `max_parallel_requests` to its ' +
        'OLLAMA_NUM_PARALLEL; others wait, and while it is full or loads the model, fallbacks serve',
    );
  if (whole.has('model_list') && deployments.some(({ group }) => isPattern(group)))
    tell('/v1/models lists a pattern as it stands, where LiteLLM lists the models it knows of');
};

const modelHint =
  'Add `- { model_name: local, litellm_params: { model: ollama_chat/qwen3:8b } }`; models that ' +
  'LiteLLM keeps in its database are not read.';

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
  if (defaultModel !== undefined)
    general.remark(
      'completion_model',
      'the model of a request that names none; LiteLLM asks it whatever a request names',
    );
  general.tellRest(generalReasons);
  const isOpen = key === undefined || key === '';
  if (key === 'sk-1234')
    remarkAt(
      reading,
      general.has('master_key') ? [...general.path, 'master_key'] : [],
      'everybody knows `sk-1234` from the examples: take another key',
    );
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
  [['attemptsMax'], ['router_settings']],
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
  // Where a hint names a key of ours, LiteLLM's files have another.
  const mistake: SourceDocument['mistake'] = (path, problem, hint, isKey) =>
    document.mistake(
      originOf(path, origins),
      problem,
      hint.replaceAll('`allowKeyless: true`', '`api_key: none`'),
      isKey,
    );
  return {
    file: document.file,
    value: file,
    mistakes: inOrder(mistakes),
    remarks: together(inOrder(remarks)),
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

/** What is said of a key in many entries is said once, with the lines of the others. */
const together = (remarks: readonly Remark[]): readonly Remark[] => {
  const alike = Map.groupBy(
    remarks,
    ({ file, path, problem }) => `${file} ${path.replaceAll(/\[\d+\]/g, '[]')} ${problem}`,
  );
  return [...alike.values()].flatMap(([first, ...others]) => {
    if (!first || others.length === 0) return first ?? [];
    const lines = others.slice(0, linesMax).map(({ line }) => line);
    const rest = others.length > linesMax ? ` and ${others.length - linesMax} more` : '';
    const also = `also in line${others.length === 1 ? '' : 's'} ${lines.join(', ')}${rest}`;
    return [{ ...first, problem: `${first.problem} (${also})` }];
  });
};

const linesMax = 5;

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
