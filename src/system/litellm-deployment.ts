/**
 * One entry of LiteLLM's `model_list`: a model, where it is served, and how much it may be asked.
 */

import { azureVersionHas } from './azure-version.ts';
import { isCloudTag } from './cloud-tag.ts';
import { isOwnHost, reachOf } from './host.ts';
import { type ProviderModel, providerOf } from './litellm-provider.ts';
import type { Path, Section } from './litellm-section.ts';
import { isPattern, starCount } from './model-name.ts';
import type { BackendFile } from './schema.ts';
import type { Candidate } from './system.ts';

export interface Deployment {
  /** The name clients ask for. */
  readonly group: string;
  /** `model_info.id`, by which fallbacks may name it. */
  readonly id?: string;
  /** What to call its backend, before names that collide are told apart. */
  readonly backendName: string;
  readonly backend: BackendFile;
  readonly candidate: Omit<Candidate, 'backend'>;
  /** Lower goes first. */
  readonly order: number;
  /** Its share of the requests, by the key that LiteLLM would take it from. */
  readonly shares: Readonly<Record<(typeof shareKeys)[number], number | undefined>>;
  /** By which LiteLLM would choose it, where the file has it do so. */
  readonly tags: readonly unknown[];
  /** Whether the file says how many requests it may be sent at once. */
  readonly isLimited: boolean;
  /** Where the entry stands. */
  readonly path: Path;
}

/** A deployment with the name of its backend. */
export interface NamedDeployment {
  readonly name: string;
  readonly deployment: Deployment;
}

/** In the order in which LiteLLM looks for them. */
export const shareKeys = ['weight', 'rpm', 'tpm'] as const;

/** What holds for every deployment that does not say otherwise. */
export interface SharedParams {
  /** Seconds. */
  readonly timeout?: number | undefined;
  readonly streamTimeout?: number | undefined;
  /** `enable_azure_ad_token_refresh`: tokens in place of keys. */
  readonly isEntra: boolean;
  /** Whether LiteLLM would go by tags. */
  readonly isByTag: boolean;
  /** Whether LiteLLM would hold a deployment to its rpm and tpm, and not share by them alone. */
  readonly keepsLimits: boolean;
}

/** Reads an entry; undefined when it is not served, which has then been said. */
export const readDeployment = (entry: Section, shared: SharedParams): Deployment | undefined => {
  const group = requiredText(entry, 'model_name', 'local');
  const params = entry.section('litellm_params');
  const info = entry.section('model_info');
  const model = requiredText(params, 'model', 'ollama_chat/qwen3:8b');
  if (group === undefined || model === undefined) return undefined;
  const provided = providerOf(model, params.text('custom_llm_provider'));
  const mode = info.text('mode') ?? 'chat';
  if (!isServed(group, provided, mode, params, info)) return undefined;
  const url = addressOf(params, provided);
  if (url === undefined) return undefined;

  const id = info.text('id');
  const name =
    provided.known?.kind === 'ollama'
      ? `ollama-${new URL(url).hostname}`
      : `${provided.provider}-${provided.model}`;
  const backend = backendOf({ params, info, provided, url, shared, mode });
  const deployment: Deployment = {
    group,
    ...(id !== undefined && { id }),
    backendName: slug(id ?? name),
    backend,
    candidate: candidateOf(provided.model, params, info),
    order: params.number('order') ?? Number.POSITIVE_INFINITY,
    shares: {
      weight: params.number('weight'),
      rpm: params.number('rpm', 1),
      tpm: params.number('tpm', 1),
    },
    tags: params.list('tags'),
    isLimited: params.has('max_parallel_requests'),
    path: entry.path,
  };
  if (deployment.tags.length > 0 && !shared.isByTag)
    params.remark('tags', 'not supported: without `enable_tag_filtering` they choose nothing');
  tellLimits(params, shared, backend.kind);
  if ((params.number('max_retries') ?? 0) > 0) params.remark('max_retries', retriesRemark);
  params.tellRest({ ...ofCosts(params), ...paramReasons });
  info.tellRest({ ...ofCosts(info), ...infoReasons });
  entry.tellRest({});
  return deployment;
};

/** What Spillway does where LiteLLM tries again. */
export const retriesRemark =
  'not supported as a count: a request that fails is sent once to each candidate in turn';

const tellLimits = (
  params: Section,
  { keepsLimits }: SharedParams,
  kind: BackendFile['kind'],
): void => {
  for (const key of ['rpm', 'tpm'] as const)
    if (params.has(key) && !keepsLimits)
      params.remark(
        key,
        'a share of the requests and no limit, as with LiteLLM unless `enable_pre_call_checks: true`',
      );
  if (params.has('rpm') && keepsLimits && kind === 'azure-openai')
    params.remark('rpm', 'kept to in every second and ten seconds as well, as Azure does');
  if (params.has('max_parallel_requests'))
    params.remark(
      'max_parallel_requests',
      'what exceeds it goes to the next candidate or waits, where LiteLLM answers 429',
    );
};

const requiredText = (section: Section, key: string, example: string): string | undefined => {
  if (!section.has(key))
    section.mistake(key, `expected \`${key}\`, which is missing`, `Write \`${key}: ${example}\`.`);
  return section.text(key);
};

/** Whether Spillway can serve it at all. What is left out is said, and the rest goes on. */
const isServed = (
  group: string,
  { provider, model, known }: ProviderModel,
  mode: string,
  params: Section,
  info: Section,
): boolean => {
  if (isPattern(model) && starCount(model) !== starCount(group)) {
    const text = 'left out: expected a `*` for each of `model_name`';
    params.remark('model', text);
    return false;
  }
  if (!known) {
    const told =
      provider === ''
        ? 'left out: no provider is named; write `openai/…`, say'
        : `left out: ${provider} has a wire of its own, which Spillway does not speak; reach it ` +
          'by openrouter/, or by a LiteLLM as litellm_proxy/';
    params.remark('model', told);
    return false;
  }
  if (params.has('mock_response')) {
    params.remark(
      'mock_response',
      'left out: see `spillway simulate` for answers that are made up',
    );
    return false;
  }
  if (mode === 'chat' || mode === 'responses') return true;
  info.remark('mode', `left out: Spillway does not serve \`${mode}\``);
  return false;
};

const addressOf = (params: Section, { provider, known }: ProviderModel): string | undefined => {
  const named =
    params.text('api_base') ??
    params.text('base_url') ??
    params.fromEnvironment(known?.baseVariables ?? []) ??
    known?.base;
  const hint = 'Write `api_base: http://spark:11434`, say.';
  if (named === undefined) {
    if (params.has('api_base')) return undefined;
    const variables = (known?.baseVariables ?? []).join(' or ');
    const or = variables === '' ? '' : `, or ${variables} in the environment,`;
    params.mistake('api_base', `expected \`api_base\`${or} for ${provider}, found neither`, hint);
  } else if (!URL.canParse(named) || !/^https?:$/.test(new URL(named).protocol)) {
    params.mistake('api_base', `expected a URL, found '${named}'`, hint);
    return undefined;
  }
  return named;
};

interface BackendParts {
  readonly params: Section;
  readonly info: Section;
  readonly provided: ProviderModel;
  readonly url: string;
  readonly shared: SharedParams;
  readonly mode: string;
}

const backendOf = (parts: BackendParts): BackendFile => {
  const { params, info, provided, url, shared } = parts;
  const kind = provided.known?.kind ?? 'openai';
  const isRelayed = isCloudTag(provided.model);
  const isServer = provided.known?.isModelServer === true && isOwnHost(new URL(url));
  const isLocal = isServer && !isRelayed;
  if (isServer && isRelayed)
    params.remark('model', "counts as a cloud: the Ollama there passes it on to Ollama's own");
  if (kind === 'openai' && !isLocal && reachOf(new URL(url)) !== 'public')
    params.remark(
      'api_base',
      `counts as a cloud, since ${provided.provider} may pass on what it is sent; ` +
        'write hosted_vllm/ if the model runs there',
    );
  const slots = params.number('max_parallel_requests', 1) ?? (kind === 'ollama' ? 1 : 64);
  const rpm = params.number('rpm', 1);
  const tpm = params.number('tpm', 1);
  const timeout = params.number('timeout');
  const streamTimeout = params.number('stream_timeout') ?? shared.streamTimeout;
  if (timeout !== undefined && streamTimeout !== undefined)
    params.remark('timeout', 'a backend is always asked to stream: `stream_timeout` counts');
  const seconds = streamTimeout ?? timeout ?? shared.timeout;
  const price = priceOf(params, info);
  if (isLocal && Object.values(price.price ?? {}).some((usd) => usd > 0))
    params.remark('model', 'its costs are not counted: what is served at home costs nothing');
  return {
    kind,
    url,
    ...keyOf(parts),
    ...versionOf(params, kind),
    ...apiOf(parts),
    residency: isLocal ? 'local' : 'cloud',
    slots: Math.floor(slots),
    ...(rpm !== undefined && shared.keepsLimits && { requestsPerMinute: Math.floor(rpm) }),
    ...(tpm !== undefined && shared.keepsLimits && { tokensPerMinute: Math.floor(tpm) }),
    ...(seconds !== undefined && { firstTokenMs: Math.max(1, Math.round(seconds * 1000)) }),
    ...(isLocal ? {} : price),
  };
};

const keyOf = ({
  params,
  provided: { known, provider },
  url,
  shared,
}: BackendParts): Pick<BackendFile, 'apiKey' | 'auth'> => {
  const apiKey = params.text('api_key') ?? params.fromEnvironment(known?.keyVariables ?? []);
  if (apiKey !== undefined) return { apiKey };
  // What was written and could not be read has been told.
  if (params.has('api_key')) return {};
  if (known?.kind === 'azure-openai' && shared.isEntra) return { auth: 'entra' };
  if (known?.isModelServer === true || reachOf(new URL(url)) !== 'public') return {};
  const variables = (known?.keyVariables ?? []).join(' or ');
  const or = variables === '' ? '' : `, or ${variables} in the environment,`;
  params.mistake(
    'api_key',
    `expected \`api_key\`${or} for ${provider}, found neither`,
    'Write `api_key: os.environ/NAME`, and set it in the environment.' +
      (known?.kind === 'azure-openai' ? ` ${entraHint}` : ''),
  );
  return {};
};

const entraHint =
  'For tokens of Entra write `litellm_settings: { enable_azure_ad_token_refresh: true }`, and set ' +
  'AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET there.';

/** Azure's API before v1 has the Responses API in its last versions only, and chat before. */
const versionOf = (
  params: Section,
  kind: BackendFile['kind'],
): Pick<BackendFile, 'api' | 'apiVersion'> => {
  if (kind !== 'azure-openai') return {};
  const apiVersion = params.text('api_version') ?? params.fromEnvironment(['AZURE_API_VERSION']);
  if (apiVersion === undefined || apiVersion === 'v1') return {};
  if (azureVersionHas('responses', apiVersion)) return { apiVersion };
  if (azureVersionHas('chat', apiVersion)) return { apiVersion, api: 'chat' };
  params.remark('api_version', `${apiVersion} is too old: Azure's v1 API is asked`);
  return {};
};

/** Every compatible server has chat completions; the Responses API only those that say so. */
const apiOf = ({
  params,
  info,
  provided,
  url,
  mode,
}: BackendParts): { readonly api?: 'responses' | 'chat' } => {
  const endpoints = info.list('supported_endpoints');
  if (provided.known?.kind !== 'openai') return {};
  const isOpenai = new URL(url).hostname === 'api.openai.com';
  const isNative =
    isOpenai ||
    mode === 'responses' ||
    endpoints.includes('/v1/responses') ||
    params.text('model')?.includes('/responses/') === true;
  return { api: isNative ? 'responses' : 'chat' };
};

/** USD per token there, USD per million tokens here. */
const priceOf = (params: Section, info: Section): Pick<BackendFile, 'price'> => {
  const cost = (key: string): number | undefined => {
    const perToken = [params.number(key), info.number(key)].find((it) => it !== undefined);
    return perToken === undefined ? undefined : Number((perToken * 1e6).toPrecision(12));
  };
  const input = cost('input_cost_per_token');
  const output = cost('output_cost_per_token');
  const cachedInput = cost('cache_read_input_token_cost');
  if (input === undefined && output === undefined) return {};
  return {
    price: {
      input: input ?? 0,
      ...(cachedInput !== undefined && { cachedInput }),
      output: output ?? 0,
    },
  };
};

const candidateOf = (model: string, params: Section, info: Section): Deployment['candidate'] => {
  const baseModel = (info.text('base_model') ?? params.text('base_model'))?.replace(/^.*\//, '');
  const numCtx = params.number('num_ctx', 1);
  const contextTokensMax = info.number('max_input_tokens', 1);
  const vision = info.flag('supports_vision');
  const tools = info.flag('supports_function_calling');
  return {
    model,
    ...(numCtx !== undefined && { numCtx }),
    ...(contextTokensMax !== undefined && { contextTokensMax }),
    ...(baseModel !== undefined && { priceModel: baseModel }),
    ...(vision !== undefined && { vision }),
    ...(tools !== undefined && { tools }),
  };
};

const slug = (text: string): string =>
  text
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .toLowerCase();

/** Of the many ways to reckon a price, and the many things that a model may be able to do. */
const ofCosts = ({ keys }: Section): Readonly<Record<string, string>> =>
  Object.fromEntries(
    keys.flatMap((key) => {
      if (/cost_per|_cost$/.test(key))
        return [[key, 'prices are by token of input, of cached input and of output']];
      return key.startsWith('supports_')
        ? [[key, 'only vision and function calling are minded']]
        : [];
    }),
  );

const paramReasons: Readonly<Record<string, string>> = {
  azure_ad_token: 'a token that is not renewed; use `enable_azure_ad_token_refresh: true`',
  tenant_id: 'set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET in the environment',
  client_id: 'set AZURE_CLIENT_ID in the environment',
  client_secret: 'set AZURE_CLIENT_SECRET in the environment',
  drop_params: 'what a backend has no words for is left out anyway',
  max_tokens: 'clients set `max_output_tokens`',
  max_completion_tokens: 'clients set `max_output_tokens`',
  temperature: 'clients set it',
  top_p: 'clients set it',
  stop: 'clients set it',
  seed: 'clients set it',
  reasoning_effort: 'clients set it',
  stream: 'clients set it',
  keep_alive: 'set OLLAMA_KEEP_ALIVE at the server',
  litellm_credential_name: 'no entry of `credential_list` has this name',
  extra_headers: 'no headers are added',
  headers: 'no headers are added',
  extra_body: 'nothing is added to what is asked',
  organization: 'use a key of the organization',
  thinking: 'clients set it',
  additional_drop_params: 'what a backend has no words for is left out anyway',
  use_in_pass_through: 'there are no pass-through routes',
  max_budget: 'give keys a budget in a spillway.yaml',
  num_retries: 'a request that fails is sent once to each candidate in turn',
  budget_duration: 'budgets are of a calendar month',
  cooldown_time: 'one time for all: `router_settings.cooldown_time`',
  ssl_verify: 'certificates are always checked; name a `caFile` in a spillway.yaml',
};

const infoReasons: Readonly<Record<string, string>> = {
  max_tokens: '`max_input_tokens` says how long a prompt may be',
  max_output_tokens: 'clients set `max_output_tokens`',
  db_model: 'there is no database',
  team_id: 'there are no teams; keys name their models in a spillway.yaml',
  health_check_model: 'a backend is asked for its models, which costs nothing',
  disable_background_health_check: 'a backend is probed while its circuit is open',
  tier: 'there are no teams or tiers',
  access_groups: 'keys name their models in a spillway.yaml',
};
