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
      'what a run may spend at clouds; of a served proxy, the master key in a calendar month',
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

const readStrategy = (router: Section): Settings['strategy'] => {
  const named = router.text('routing_strategy');
  if (named === undefined) return 'weighted';
  const known = Object.hasOwn(strategies, named) ? strategies[named] : undefined;
  if (known) return known;
  router.remark(
    'routing_strategy',
    `not supported: ${named}; the least busy deployment is asked, and each keeps to its rpm and tpm`,
  );
  return 'least-busy';
};

const oneProcess = 'limits and circuits are kept in this process, and need no Redis';
const noDatabase = 'there is no database';

const reasons: Readonly<Record<string, string>> = {
  redis_host: oneProcess,
  redis_port: oneProcess,
  redis_password: oneProcess,
  redis_url: oneProcess,
  routing_strategy_args: 'first-token times of the last minutes count',
  content_policy_fallbacks: 'a prompt that a content filter refused is not sent elsewhere',
  retry_policy: 'a request that fails is sent at most once more',
  model_group_retry_policy: 'a request that fails is sent at most once more',
  retry_after: 'the next candidate is asked at once',
  allowed_fails_policy: 'failures are counted as hard (not there) and soft',
  optional_pre_call_checks:
    'each turn carries its whole conversation, so any deployment can serve it',
  set_verbose: 'see the log on stderr',
  json_logs: 'see the log on stderr',
  drop_params: 'what a backend has no words for is left out anyway',
  modify_params: 'what a backend has no words for is left out anyway',
  callbacks: 'see /metrics and the log',
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
};
