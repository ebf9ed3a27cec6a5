/**
 * A LiteLLM `config.yaml` that points at the shims of a suite, so that LiteLLM can be played
 * against the same faults.
 *
 * `documented` names backends and fallbacks and leaves all else as LiteLLM has it: two retries with
 * a back-off, 600 s, a cooldown of 5 s (https://docs.litellm.ai/docs/routing). `tuned` sets what
 * somebody would who knows that failover is what counts: no retry of the same backend, the
 * deadlines of the system file, and a cooldown after the first failure.
 */

import type { Arm, Scenario } from '../scenario/scenario.ts';
import type { Candidate } from '../system/system.ts';
import { UsageError } from './usage-error.ts';

export type LiteLlmManner = 'documented' | 'tuned';

const mannerText: Readonly<Record<LiteLlmManner, string>> = {
  documented: 'all but backends and fallbacks as by default',
  tuned: 'tuned for failover',
};

/** The file, for the first arm of a suite. Throws a `UsageError` where a backend has no port. */
export const liteLlmConfig = (scenario: Scenario, manner: LiteLlmManner): string => {
  const [arm] = scenario.arms;
  if (!arm?.suite)
    throw new UsageError(
      `${scenario.file}: expected a suite, found none`,
      'Name a scenario with `suite:`, such as scenarios/failover-suite.yaml.',
    );
  const models = arm.system.models.flatMap(({ name, candidates }) => {
    const [first, ...others] = candidates;
    // What is reached by TLS stands under a name that LiteLLM does not know.
    return first === undefined || isByTls(arm, first) ? [] : [{ name, first, others }];
  });
  const fallbacks = models.flatMap(({ name, others }) =>
    others.length === 0 ? [] : [`    - ${quoted(name)}: [${quoted(`${name}-fallback`)}]`],
  );
  const entries = models.flatMap(({ name, first, others }) => [
    ...entryOf(name, first, arm, manner),
    ...others.flatMap((it) => entryOf(`${name}-fallback`, it, arm, manner)),
  ]);
  return [
    `# LiteLLM before the shims of ${scenario.name}, ${mannerText[manner]}.`,
    '# litellm --config FILE --host 127.0.0.1 --port 4000',
    `# spillway run ${scenario.file} --target http://127.0.0.1:4000/v1`,
    'model_list:',
    ...entries,
    'router_settings:',
    ...(manner === 'tuned'
      ? ['  num_retries: 0', '  allowed_fails: 0', `  cooldown_time: ${openForS(arm)}`]
      : []),
    ...(fallbacks.length > 0 ? ['  fallbacks:', ...fallbacks] : []),
    'litellm_settings:',
    '  # Tells whose an attempt was, where OpenTelemetry is on; else one request at a time does.',
    '  forward_traceparent_to_llm_provider: true',
    'general_settings:',
    '  # The suite asks without a key. On the loopback only.',
    '  dangerously_permit_weak_or_unset_master_key: true',
    '',
  ].join('\n');
};

const openForS = ({ system }: Arm): number => system.breaker.openForMs / 1000;

const entryOf = (
  name: string,
  { backend: of, model }: Candidate,
  { system }: Arm,
  manner: LiteLlmManner,
): readonly string[] => {
  const backend = system.backends.find((it) => it.name === of);
  const port = backend?.simulate?.port;
  if (!backend || port === undefined)
    throw new UsageError(
      `${of}: expected a port that LiteLLM can be told of, found none`,
      'Give it one in the system file: `simulate: { port: 4101 }`.',
    );
  const isOllama = backend.wire === 'ollama';
  const timeoutS = backend.firstTokenMs / 1000;
  return [
    `  - model_name: ${quoted(name)}`,
    '    litellm_params:',
    `      model: ${quoted(`${isOllama ? 'ollama_chat' : 'openai'}/${model}`)}`,
    `      api_base: http://127.0.0.1:${port}${isOllama ? '' : '/v1'}`,
    '      api_key: simulated',
    ...(manner === 'tuned'
      ? [`      timeout: ${timeoutS}`, `      stream_timeout: ${timeoutS}`]
      : []),
  ];
};

const isByTls = ({ system }: Arm, { backend }: Candidate): boolean => {
  const simulate = system.backends.find(({ name }) => name === backend)?.simulate;
  return simulate?.kind === 'spark' && simulate.paths?.[0] === 'https';
};

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
