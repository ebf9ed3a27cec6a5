/** What stands before the slash in LiteLLM's names of models. */

import { expect, test } from 'vitest';

import { parseSource } from '../../src/system/document.ts';
import { systemDocument } from '../../src/system/litellm.ts';
import { providerOf } from '../../src/system/litellm-provider.ts';
import { resolveSystem } from '../../src/system/resolve.ts';

test.each([
  ['azure/mine', 'azure', 'mine'],
  ['azure/o_series/mine', 'azure', 'mine'],
  ['azure/gpt5_series/mine', 'azure', 'mine'],
  ['azure/responses/mine', 'azure', 'mine'],
  ['openai/responses/gpt-5', 'openai', 'gpt-5'],
  ['openai/openai/gpt-oss-120b', 'openai', 'openai/gpt-oss-120b'],
  ['hosted_vllm/Qwen/Qwen3-32B', 'hosted_vllm', 'Qwen/Qwen3-32B'],
  ['ollama_chat/*', 'ollama_chat', '*'],
  ['gpt-5-mini', 'openai', 'gpt-5-mini'],
  ['o4-mini', 'openai', 'o4-mini'],
  ['llama3', '', 'llama3'],
])('%s is of %s, where it is called %s', (model, provider, name) => {
  expect(providerOf(model, undefined)).toMatchObject({ provider, model: name });
});

test('a model and its server may be named apart', () => {
  expect(providerOf('mine', 'azure')).toMatchObject({ provider: 'azure', model: 'mine' });
  expect(providerOf('azure/mine', 'azure')).toMatchObject({ provider: 'azure', model: 'mine' });
  expect(providerOf('org/mine', 'openai')).toMatchObject({ provider: 'openai', model: 'org/mine' });
});

const resolve = (params: string) => {
  const text = `model_list: [{ model_name: m, litellm_params: { ${params} } }]`;
  return resolveSystem(systemDocument(parseSource(text, 'c.yaml'), {}), {});
};

test('`base_url` is where it is, as `api_base` is, and never the provider itself', () => {
  const { value, mistakes } = resolve(
    'model: openai/x, base_url: "http://10.0.0.1:8000/v1", api_key: k',
  );
  expect(mistakes).toEqual([]);
  expect(value?.backends[0]?.urls).toEqual(['http://10.0.0.1:8000/v1']);
});

test('an Azure without a key is told of tokens', () => {
  const { mistakes } = resolve('model: azure/x, api_base: "https://x.azure.com", tenant_id: t');
  expect(mistakes.map(({ hint }) => hint)).toEqual([
    expect.stringContaining('enable_azure_ad_token_refresh: true'),
  ]);
});

test('a hint names the keys of LiteLLM', () => {
  const { mistakes } = resolve('model: ollama_chat/x, api_base: "https://ollama.example"');
  expect(mistakes.map(({ hint }) => hint)).toEqual([expect.stringContaining('`api_key: none`')]);
});

test('what nobody knows, and what is reckoned otherwise, is said with its reason', () => {
  const { remarks } = resolve(
    'model: ollama/x, unheard_of: 1, input_cost_per_second: 1, supports_reasoning: true',
  );
  expect(remarks.filter(({ path }) => path !== '').map(({ problem }) => problem)).toEqual([
    'not supported: it has no effect here',
    'not supported: prices are by token of input, of cached input and of output',
    'not supported: only vision and function calling are minded',
  ]);
});
