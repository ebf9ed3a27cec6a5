/** The file for LiteLLM, read back as YAML and by our own reader of such files. */

import { expect, test } from 'vitest';
import { parse } from 'yaml';

import { liteLlmConfig } from '../../src/cli/litellm-config.ts';
import { loadScenario } from '../../src/scenario/load.ts';

const suite = loadScenario('scenarios/failover-suite.yaml', {
  environment: {},
  isLocalOnly: false,
});
const read = (manner: 'documented' | 'tuned'): unknown => parse(liteLlmConfig(suite, manner));

const entry = (name: string, model: string, port: number, more = {}) => ({
  model_name: name,
  litellm_params: {
    model,
    api_base: `http://127.0.0.1:${port}/v1`,
    api_key: 'simulated',
    ...more,
  },
});

test('as documented, only backends and fallbacks are set', () => {
  const config = read('documented');
  expect(config).toHaveProperty('router_settings', {
    fallbacks: [
      { 'gpt-oss-120b': ['gpt-oss-120b-fallback'] },
      { 'gpt-oss-120b-ollama': ['gpt-oss-120b-ollama-fallback'] },
    ],
  });
  expect(config).toHaveProperty('litellm_settings.forward_traceparent_to_llm_provider', true);
  expect(config).toHaveProperty('model_list.0', entry('gpt-oss-120b', 'openai/gpt-oss-120b', 4101));
});

test('tuned, it has the deadlines of the system and does not ask again', () => {
  const config = read('tuned');
  const deadlines = { timeout: 2, stream_timeout: 2 };
  expect(config).toHaveProperty(
    'model_list.1',
    entry('gpt-oss-120b-fallback', 'openai/gpt-5-mini', 4103, deadlines),
  );
  expect(config).toMatchObject({
    router_settings: { num_retries: 0, allowed_fails: 0, cooldown_time: 0.5 },
  });
});

test('the files that peers were measured with are those that are printed', async () => {
  for (const [manner, file] of [
    ['documented', 'litellm-defaults.yaml'],
    ['tuned', 'litellm-tuned.yaml'],
  ] as const)
    await expect(liteLlmConfig(suite, manner)).toMatchFileSnapshot(`../../scenarios/peers/${file}`);
});
