/**
 * LiteLLM's settings of reliability: how long to wait, when to fall back, when to leave alone.
 *
 * They may stand in `router_settings` or in `litellm_settings`; where both have one, the router's
 * wins.
 */

import { retriesRemark, type SharedParams } from './litellm-deployment.ts';
import type { Section } from './litellm-section.ts';
import type { SystemFile } from './schema.ts';
import type { Strategy } from './system.ts';

/** A list of fallbacks, from either section. */
export interface FallbackSource {
  readonly section: Section;
  readonly key: string;
}

export interface Settings extends SharedParams {
  readonly breaker: NonNullable<SystemFile['breaker']>;
  /** For groups of several deployments. */
  readonly strategy: Exclude<Strategy, 'ordered'>;
  /** Says of the strategy what a group cannot do. */
  readonly remarkOnStrategy: (text: string) => void;
  readonly fallbacks?: FallbackSource | undefined;
  readonly contextFallbacks?: FallbackSource | undefined;
  readonly defaultFallbacks?: FallbackSource | undefined;
  /** Cloud money, in US dollars. */
  readonly budgetUsd?: number | undefined;
  /** How many groups may stand in for one. */
  readonly fallbacksMax: number;
  readonly aliases: Section;
}

/** LiteLLM's own default. */
const fallbacksMaxDefault = 5;

/** Longer than this no circuit stays open without a look. */
const openSecondsMax = 60;

/** Reads `router_settings` and `litellm_settings`. */
export const readSettings = (whole: Section): Settings => {
  const router = whole.section('router_settings');
  const general = whole.section('litellm_settings');
  const both: readonly Section[] = [router, general];
  const holder = (key: string): Section | undefined => both.find((section) => section.has(key));
  const numberOf = (key: string, min = 0): number | undefined => {
    // Both are read, so that neither is told as left out.
    const found = both.map((section) => section.number(key, min));
    return found.find((number) => number !== undefined);
  };
  const source = (key: string): FallbackSource | undefined => {
    const section = holder(key);
    for (const other of both) other.list(key);
    return section && { section, key };
  };
  const settings: Settings = {
    timeout: [numberOf('timeout'), numberOf('request_timeout')].find((it) => it !== undefined),
    streamTimeout: numberOf('stream_timeout'),
    isEntra: general.flag('enable_azure_ad_token_refresh') ?? false,
    isByTag: router.flag('enable_tag_filtering') ?? false,
    keepsLimits: keepsLimits(router),
    breaker: readBreaker(numberOf, holder, both),
    strategy: readStrategy(router),
    remarkOnStrategy: (text) => router.remark('routing_strategy', text),
    fallbacks: source('fallbacks'),
    contextFallbacks: source('context_window_fallbacks'),
    defaultFallbacks: source('default_fallbacks'),
    budgetUsd: general.number('max_budget'),
    fallbacksMax: numberOf('max_fallbacks') ?? fallbacksMaxDefault,
    aliases: router.section('model_group_alias'),
  };
  if (settings.budgetUsd !== undefined)
    general.remark(
      'max_budget',
      'what a run may spend at clouds; of a served proxy, the master key in a calendar month. A ' +
        'cloud whose price is not known is then not asked: give it `input_cost_per_token` and ' +
        '`output_cost_per_token`',
    );
  if (settings.timeout !== undefined && settings.streamTimeout !== undefined)
    for (const key of ['timeout', 'request_timeout'])
      holder(key)?.remark(key, 'a backend is always asked to stream: `stream_timeout` counts');
  if ((numberOf('num_retries') ?? 0) !== 1)
    holder('num_retries')?.remark('num_retries', retriesRemark);
  // A context window that is known is always minded: a prompt that cannot fit is never sent.
  if (router.flag('enable_pre_call_checks') === false)
    router.remark('enable_pre_call_checks', 'a prompt that cannot fit is never sent');
  for (const section of both) section.tellRest(reasons);
  return settings;
};

const readBreaker = (
  numberOf: (key: string, min?: number) => number | undefined,
  holder: (key: string) => Section | undefined,
  both: readonly Section[],
): Settings['breaker'] => {
  const seconds = numberOf('cooldown_time');
  const fails = numberOf('allowed_fails');
  const isOff = both.map((section) => section.flag('disable_cooldowns')).includes(true);
  if (fails !== undefined)
    holder('allowed_fails')?.remark(
      'allowed_fails',
      `failures in a row are counted, not failures in a minute: it takes ${fails + 1} to open the ` +
        'circuit; a backend that is not there opens it at once',
    );
  if (seconds !== undefined && seconds > openSecondsMax)
    holder('cooldown_time')?.remark(
      'cooldown_time',
      `after at most ${openSecondsMax} s the backend is probed, and serves again once it answers`,
    );
  if (isOff)
    holder('disable_cooldowns')?.remark(
      'disable_cooldowns',
      'a backend that says `retry-after` is left alone all the same',
    );
  return {
    ...(fails !== undefined && { softFailures: Math.floor(fails) + 1 }),
    ...(seconds !== undefined && { openForMs: Math.max(1, Math.round(seconds * 1000)) }),
    ...(isOff && { hardFailures: neverFailures, softFailures: neverFailures }),
  };
};

/** More failures in a row than any backend will have. */
const neverFailures = Number.MAX_SAFE_INTEGER;

const strategies: Readonly<Record<string, Settings['strategy']>> = {
  'simple-shuffle': 'weighted',
  'least-busy': 'least-busy',
  'latency-based-routing': 'lowest-latency',
  'cost-based-routing': 'cheapest',
};

/** Rpm and tpm are shares to LiteLLM, unless one of these has them looked at before a call. */
const keepsLimits = (router: Section): boolean =>
  router.flag('enable_pre_call_checks') === true ||
  router.text('routing_strategy')?.startsWith('usage-based-routing') === true ||
  router.list('optional_pre_call_checks').includes('enforce_model_rate_limits');

const readStrategy = (router: Section): Settings['strategy'] => {
  const named = router.text('routing_strategy');
  if (named === undefined) return 'weighted';
  const known = Object.hasOwn(strategies, named) ? strategies[named] : undefined;
  if (known) return known;
  router.remark(
    'routing_strategy',
    `not supported: ${named}; requests are shared by \`weight\`, \`rpm\` or \`tpm\`, else evenly`,
  );
  return 'weighted';
};

const oneProcess = 'limits and circuits are kept in this process, and need no Redis';
const noDatabase = 'there is no database';

const oneKey = 'keys and their limits are named in a spillway.yaml';
const onceEach = 'a request that fails is sent once to each candidate in turn';
const inLog = 'see the log on stderr, where no prompt is';

const reasons: Readonly<Record<string, string>> = {
  telemetry: 'nothing is sent to anybody',
  turn_off_message_logging: inLog,
  redact_user_api_key_info: inLog,
  redact_messages_in_exceptions: inLog,
  service_callback: 'see /metrics and the log',
  default_team_settings: oneKey,
  default_internal_user_params: oneKey,
  default_key_generate_params: oneKey,
  upperbound_key_generate_params: oneKey,
  max_user_budget: oneKey,
  max_internal_user_budget: oneKey,
  internal_user_budget_duration: oneKey,
  forward_traceparent_to_llm_provider: '`traceparent` is always passed on',
  enable_weighted_failover: 'a request that fails goes to the next candidate in any case',
  default_litellm_params: 'write them at each deployment',
  default_max_parallel_requests: 'write `max_parallel_requests` at each deployment',
  ssl_verify: 'certificates are always checked; name a `caFile` in a spillway.yaml',
  guardrails: 'what is asked and answered is not looked at',
  debug_level: inLog,
  tag_filtering_match_any: 'requests carry no tags here',
  redis_host: oneProcess,
  redis_port: oneProcess,
  redis_password: oneProcess,
  redis_url: oneProcess,
  routing_strategy_args: 'first-token times of the last minutes count',
  content_policy_fallbacks: 'a prompt that a content filter refused is not sent elsewhere',
  retry_policy: onceEach,
  model_group_retry_policy: onceEach,
  retry_after: 'the next candidate is asked at once',
  allowed_fails_policy: 'failures are counted as hard (not there) and soft',
  optional_pre_call_checks:
    'each turn carries its whole conversation, so any deployment can serve it',
  set_verbose: inLog,
  json_logs: inLog,
  drop_params: 'what a backend has no words for is left out anyway',
  modify_params: 'what a backend has no words for is left out anyway',
  callbacks: 'see /metrics and the log',
  callback_settings: 'see /metrics and the log',
  provider_budget_config: 'give keys a budget in a spillway.yaml',
  success_callback: 'see /metrics and the log',
  failure_callback: 'see /metrics and the log',
  budget_duration: 'budgets are of a calendar month',
  cache: 'answers are never served from a cache',
  cache_params: 'answers are never served from a cache',
};

/** Why keys of `general_settings` have no effect. */
export const generalReasons: Readonly<Record<string, string>> = {
  database_url: `${noDatabase}; state is kept in memory, or in SQLite by a spillway.yaml`,
  database_connection_pool_limit: noDatabase,
  store_model_in_db: noDatabase,
  store_prompts_in_spend_logs: 'conversations are kept as state, and never in a log',
  disable_responses_id_security: 'a response is found by the key that made it only',
  background_health_checks: 'a backend is probed while its circuit is open',
  health_check_interval: 'a backend is probed while its circuit is open',
  max_parallel_requests:
    'limit keys in a spillway.yaml, or `max_parallel_requests` of a deployment',
  global_max_parallel_requests: 'limit `max_parallel_requests` of each deployment',
  alerting: 'see /metrics',
  alerting_threshold: 'see /metrics',
  alert_types: 'see /metrics',
  key_management_system: 'secrets are taken from the environment',
  public_routes: 'only /health and /ready need no key',
  dangerously_permit_weak_or_unset_master_key:
    'beyond this machine it listens only with keys, unless forced',
  salt_key: noDatabase,
  database_connection_timeout: noDatabase,
  proxy_batch_write_at: noDatabase,
  disable_spend_logs: noDatabase,
  disable_error_logs: noDatabase,
  allow_requests_on_db_unavailable: noDatabase,
  use_redis_transaction_buffer: noDatabase,
  ui_access_mode: 'there is no UI to sign in to; see /diagnostics',
  enable_jwt_auth: oneKey,
  custom_auth: oneKey,
  user_header_name: 'use is counted by key',
  user_header_mappings: 'use is counted by key',
  litellm_key_header_name: 'a key is taken from `Authorization`, `api-key` or `x-api-key`',
  forward_client_headers_to_llm_api: "clients' headers are not passed on",
  pass_through_endpoints: 'there are no pass-through routes',
  enforce_user_param: 'use is counted by key',
  allowed_routes: 'there are few routes: see the README',
};
