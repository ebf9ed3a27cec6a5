/** LiteLLM's `config.yaml`: what it becomes, and that it then does what its documentation says. */

import { globSync } from 'node:fs';
import { basename } from 'node:path';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { describeRemarks, describeSystem } from '../../src/cli/describe-system.ts';
import { parseSource, readDocument, type SourceDocument } from '../../src/system/document.ts';
import type { Environment } from '../../src/system/environment.ts';
import { systemDocument } from '../../src/system/litellm.ts';
import type { Remark } from '../../src/system/mistake.ts';
import { resolveSystem } from '../../src/system/resolve.ts';

const environment: Environment = {
  AZURE_API_BASE: 'https://x.openai.azure.com',
  AZURE_API_KEY: 'azure-key',
  LITELLM_MASTER_KEY: 'sk-master',
  VLLM_KEY: 'vllm-key',
  HOSTED_KEY: 'hosted-key',
};

const resolve = (document: SourceDocument, from: Environment = environment) =>
  resolveSystem(systemDocument(document, from), from);

const parse = (text: string, from?: Environment) => resolve(parseSource(text, 'config.yaml'), from);

const mistakes = (text: string, from: Environment = {}): readonly string[] =>
  parse(text, from).mistakes.map(({ line, column, problem }) => `${line}:${column} ${problem}`);

const deployment = (params: string, info = ''): string =>
  `model_list: [{ model_name: m, litellm_params: { ${params} }, model_info: { ${info} } }]\n`;

/** Of what is said of a key, and not of the whole. */
const placesOf = (remarks: readonly Remark[]): readonly string[] =>
  remarks.map(({ path }) => path).filter((path) => path !== '');

const backendOf = (params: string, info = '', from: Environment = {}) =>
  parse(deployment(params, info), from).value?.backends[0];

describe('the samples', () => {
  const samples = globSync('test/system/litellm/*.yaml').toSorted();

  test('are six', () => {
    expect(samples).toHaveLength(6);
  });

  test.each(samples)('%s is told as the system it becomes', async (file) => {
    const { value, mistakes: wrong, remarks } = resolve(readDocument(file));
    expect(wrong).toEqual([]);
    const lines = value ? [...describeSystem(value), ...describeRemarks(remarks)] : [];
    const golden = `../golden/litellm/${basename(file, '.yaml')}.txt`;
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(golden);
  });
});

describe('a deployment', () => {
  test.each([
    ['model: ollama/llama3', 'ollama', 'http://localhost:11434', 'local'],
    [
      'model: ollama_chat/llama3, api_base: "http://spark:11434"',
      'ollama',
      'http://spark:11434',
      'local',
    ],
    [
      'model: ollama_chat/x, api_base: "https://s.t.ts.net", api_key: k',
      'ollama',
      'https://s.t.ts.net',
      'local',
    ],
    [
      'model: ollama_chat/x, api_base: "https://o.example", api_key: k',
      'ollama',
      'https://o.example',
      'cloud',
    ],
    [
      'model: hosted_vllm/x, api_base: "http://10.0.0.1:8000/v1"',
      'openai',
      'http://10.0.0.1:8000/v1',
      'local',
    ],
    [
      'model: hosted_vllm/x, api_base: "https://v.example/v1"',
      'openai',
      'https://v.example/v1',
      'cloud',
    ],
    ['model: "ollama/a:9b-cloud", api_base: "http://s"', 'ollama', 'http://s', 'cloud'],
    ['model: llamafile/x', 'openai', 'http://127.0.0.1:8080/v1', 'local'],
    ['model: openai/gpt-5, api_key: k', 'openai', 'https://api.openai.com/v1', 'cloud'],
    ['model: gpt-5, api_key: k', 'openai', 'https://api.openai.com/v1', 'cloud'],
    [
      'model: x, custom_llm_provider: openai, api_key: k',
      'openai',
      'https://api.openai.com/v1',
      'cloud',
    ],
    ['model: openai/x, api_base: "http://10.0.0.1/v1"', 'openai', 'http://10.0.0.1/v1', 'cloud'],
    [
      'model: openrouter/qwen/qwen3-32b, api_key: k',
      'openai',
      'https://openrouter.ai/api/v1',
      'cloud',
    ],
    [
      'model: azure/d, api_base: "https://x.azure.com", api_key: k',
      'azure-openai',
      'https://x.azure.com',
      'cloud',
    ],
  ])('{ %s } is %s at %s, %s', (params, wire, url, residency) => {
    expect(backendOf(params)).toMatchObject({ wire, urls: [url], residency });
  });

  const onAzure = 'model: azure/d, api_base: "https://x.openai.azure.com", api_key: k';
  test.each([
    ['model: hosted_vllm/x, api_base: "http://v:8000/v1"', '', 'chat'],
    [
      'model: hosted_vllm/x, api_base: "http://v:8000/v1"',
      'supported_endpoints: ["/v1/responses"]',
      'responses',
    ],
    ['model: hosted_vllm/x, api_base: "http://v:8000/v1"', 'mode: responses', 'responses'],
    ['model: openai/x, api_base: "http://v:8000/v1", api_key: k', '', 'chat'],
    ['model: openai/responses/x, api_base: "http://v:8000/v1"', '', 'responses'],
    ['model: openai/gpt-5, api_key: k', '', 'responses'],
    [`${onAzure}, api_version: 2024-10-21`, '', 'chat'],
    [`${onAzure}, api_version: 2024-02-01`, '', undefined],
  ])('{ %s } with { %s } is asked for %s', (params, info, api) => {
    expect(backendOf(params, info)?.api).toBe(api);
  });

  test('has the limits, deadlines, prices and abilities that the file gives it', () => {
    const params =
      'model: azure/d, api_base: os.environ/BASE, api_key: os.environ/KEY, ' +
      'api_version: 2025-04-01-preview, rpm: os.environ/RPM, tpm: 1000, max_parallel_requests: 4, ' +
      'timeout: 30, input_cost_per_token: 0.00000025';
    const info =
      'output_cost_per_token: 0.000002, cache_read_input_token_cost: 0.000000025, ' +
      'base_model: azure/gpt-5-mini, max_input_tokens: 272000, supports_vision: true';
    const from = { BASE: 'https://x.azure.com', KEY: 'secret', RPM: '60' };
    const kept = 'router_settings: { enable_pre_call_checks: true }';
    const { value } = parse(deployment(params, info) + kept, from);
    expect(value?.backends[0]).toMatchObject({
      name: 'azure-d',
      apiKey: 'secret',
      apiVersion: '2025-04-01-preview',
      requestsPerMinute: 60,
      tokensPerMinute: 1000,
      slots: 4,
      firstTokenMs: 30_000,
      price: { input: 0.25, cachedInput: 0.025, output: 2 },
    });
    expect(value?.models[0]?.candidates).toEqual([
      {
        backend: 'azure-d',
        model: 'd',
        priceModel: 'gpt-5-mini',
        contextTokensMax: 272_000,
        vision: true,
      },
    ]);
  });

  test.each([
    ['', undefined],
    ['router_settings: { enable_pre_call_checks: true }', 60],
    ['router_settings: { routing_strategy: usage-based-routing-v2 }', 60],
    ['router_settings: { optional_pre_call_checks: [enforce_model_rate_limits] }', 60],
  ])('is held to its rpm where LiteLLM would hold it: %s', (settings, rpm) => {
    const { value } = parse(`${deployment('model: ollama/x, rpm: 60')}${settings}`, {});
    expect(value?.backends[0]?.requestsPerMinute).toBe(rpm);
  });

  test('of one Ollama shares its slots with the others there, unless they are limited apart', () => {
    const entry = (name: string, more = ''): string =>
      `- { model_name: ${name}, litellm_params: { model: ollama_chat/${name}${more} } }\n`;
    const { value } = parse(
      `model_list:\n${entry('a')}${entry('b')}${entry('c', ', max_parallel_requests: 2')}`,
    );
    expect(value?.backends.map(({ name, slots }) => [name, slots])).toEqual([
      ['ollama-localhost', 1],
      ['ollama-localhost-2', 2],
    ]);
  });

  test.each([
    [{ AZURE_API_KEY: 'k' }, { apiKey: 'k' }],
    [{}, { entra: { kind: 'virtual-machine' } }],
  ])('of Azure without a key takes it from %o, else a token', (from, expected) => {
    const text = `${deployment('model: azure/d, api_base: "https://x.azure.com"')}
litellm_settings: { enable_azure_ad_token_refresh: true }`;
    expect(parse(text, from).value?.backends[0]).toMatchObject(expected);
  });
});

describe('what stands in several entries', () => {
  test('is said once, with the lines of the others', () => {
    const entry = '  - { model_name: m, litellm_params: { model: ollama/x, tags: [a] } }\n';
    const { remarks } = parse(`model_list:\n${entry.repeat(9)}`, {});
    expect(remarks.filter(({ path }) => path !== '')).toMatchObject([
      { line: 2, problem: expect.stringMatching(/ \(also in lines 3, 4, 5, 6, 7 and 3 more\)$/) },
    ]);
  });
});

describe('a pattern', () => {
  const list = (...entries: readonly string[]): string => `model_list: [${entries.join(', ')}]\n`;
  const entry = (name: string, model: string): string =>
    `{ model_name: '${name}', litellm_params: { model: '${model}', api_key: k } }`;
  const candidatesOf = (text: string) =>
    (parse(text, {}).value?.models ?? []).map(({ name, candidates, hidden }) => [
      name,
      candidates.map(({ model }) => model).join(' '),
      ...(hidden === true ? ['hidden'] : []),
    ]);

  test('is a model whose `*` is filled in when it is asked for', () => {
    const text = list(entry('ollama/*', 'ollama_chat/*'), entry('*', 'openai/gpt-5'));
    expect(candidatesOf(text)).toEqual([
      ['ollama/*', '*'],
      ['*', 'gpt-5'],
    ]);
  });

  test('may be fallen back to by a name that it covers, which may fall back as well', () => {
    const text = `${list(entry('o/*', 'ollama/*'), entry('c', 'openai/c'))}
router_settings: { fallbacks: [{ c: [o/x] }, { o/y: [c] }] }`;
    expect(candidatesOf(text)).toEqual([
      ['o/*', '*'],
      ['c', 'c x'],
      ['o/y', 'y c x', 'hidden'],
    ]);
  });

  test('of more stars than its name has is left out', () => {
    const { value, remarks } = parse(list(entry('m', 'openai/*'), entry('n', 'openai/n')), {});
    expect(value?.models.map(({ name }) => name)).toEqual(['n']);
    expect(remarks.map(({ problem }) => problem)).toContain(
      'left out: expected a `*` for each of `model_name`',
    );
  });
});

describe('a mistake', () => {
  test('stands where the file has it, each once', () => {
    expect(
      mistakes(`model_list:
  - model_name: a
    litellm_params: { model: ollama_chat/x, rpm: often }
  - litellm_params: { model: openai/y, api_key: os.environ/NOT_SET }
  - model_name: b
    litellm_params: { model: openai/c, api_key: k, timeout: [] }
  - model_name: d
    litellm_params: { model: azure/z }
  - model_name: e
    litellm_params: { model: ollama_chat/x, api_base: spark }
general_settings: { master_key: os.environ/ALSO_NOT_SET }
`),
    ).toEqual([
      "3:50 expected a number of at least 1, found 'often'",
      '4:5 expected `model_name`, which is missing',
      '6:61 expected a number of at least 0, found a list of 0',
      expect.stringMatching(/^8:\d+ expected `api_base`, or AZURE_API_BASE in the environment,/),
      "10:55 expected a URL, found 'spark'",
      '11:33 expected the environment variable ALSO_NOT_SET to be set, found nothing',
    ]);
  });

  test('of the system it becomes is shown at its origin', () => {
    const keyless = deployment('model: ollama_chat/x, api_base: "https://ollama.example"');
    expect(mistakes(keyless)).toEqual([
      expect.stringMatching(/^1:\d+ expected a key, since everybody can reach ollama\.example/),
    ]);
    const unknown = `${deployment('model: ollama_chat/x')}general_settings: { completion_model: y }\n`;
    expect(mistakes(unknown)).toEqual(["2:39 no model is called 'y'"]);
  });

  test('is a file of which nothing can be served', () => {
    expect(mistakes('model_list: []')).toEqual([
      '1:13 expected a model that Spillway can serve, found none',
    ]);
    expect(mistakes(deployment('model: bedrock/x'))).toEqual([
      '1:13 expected a model that Spillway can serve, found none',
    ]);
  });

  test('is no key that is not supported, though its variable is not set', () => {
    expect(
      mistakes(`${deployment('model: ollama/x')}router_settings: { redis_host: os.environ/REDIS }`),
    ).toEqual([]);
  });
});

describe('a setting', () => {
  test('of the router wins over the general one', () => {
    const text = `${deployment('model: ollama/x')}
router_settings: { cooldown_time: 7, timeout: 3 }
litellm_settings: { cooldown_time: 8, request_timeout: 4, allowed_fails: 4 }`;
    expect(parse(text, {}).value).toMatchObject({
      breaker: { openForMs: 7000, softFailures: 5 },
      backends: [{ firstTokenMs: 3000 }],
    });
  });

  test('of the environment in the file yields to the environment', () => {
    const text = `${deployment('model: ollama/x')}
general_settings: { master_key: os.environ/KEY }
environment_variables: { KEY: from-the-file }`;
    expect(parse(text, {}).value?.keys[0]?.key).toBe('from-the-file');
    expect(parse(text, { KEY: 'given' }).value?.keys[0]?.key).toBe('given');
  });

  test('of money limits a run, and the master key', () => {
    const text = `${deployment('model: ollama/x')}
general_settings: { master_key: k }
litellm_settings: { max_budget: 12.5, budget_duration: 30d }`;
    const { value, remarks } = parse(text, {});
    expect(value).toMatchObject({
      economics: { spendMaxUsd: 12.5 },
      keys: [{ name: 'master', role: 'admin', monthlyBudgetUsd: 12.5 }],
    });
    expect(placesOf(remarks)).toEqual([
      'litellm_settings.max_budget',
      'litellm_settings.budget_duration',
    ]);
  });

  test('that nobody knows is told, wherever it stands', () => {
    const text = `model_list:
  - { model_name: m, a: 1, litellm_params: { model: ollama/x, b: 1 }, model_info: { c: 1 } }
router_settings: { d: 1 }
litellm_settings: { e: 1 }
general_settings: { master_key: k, f: 1 }
g: 1`;
    expect(placesOf(parse(text, {}).remarks)).toEqual([
      'model_list[0].a',
      'model_list[0].litellm_params.b',
      'model_list[0].model_info.c',
      'router_settings.d',
      'litellm_settings.e',
      'general_settings.f',
      'g',
    ]);
  });
});

test('another document stays what it is', () => {
  const own = parseSource('backends: {}\nmodels: {}\n', 's.yaml');
  expect(systemDocument(own, {})).toBe(own);
});

test('a variant of a scenario may change the system it becomes', () => {
  const document = systemDocument(parseSource(deployment('model: ollama/x'), 'c.yaml'), {});
  const changed = { ...(document.value as object), midStream: 'continue' };
  expect(resolveSystem(document, {}, changed).value?.midStream).toBe('continue');
  const wrong = resolveSystem(document, {}, { ...changed, cold: 'never' });
  expect(wrong.mistakes.map(({ problem }) => problem)).toEqual([
    "expected one of 'spill', 'wait', found 'never'",
  ]);
});

test('whatever stands under the keys becomes a system or mistakes, and never an error of ours', () => {
  const params = fc.dictionary(
    fc.constantFrom('model', 'api_base', 'api_key', 'rpm', 'order', 'weight', 'timeout', 'x'),
    fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom('ollama/x', 'azure/x', 'os.environ/X')),
  );
  const entry = fc.record({
    model_name: fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 1 })),
    litellm_params: fc.oneof(params, fc.jsonValue({ maxDepth: 1 })),
    model_info: fc.jsonValue({ maxDepth: 1 }),
  });
  const settings = fc.dictionary(
    fc.constantFrom('fallbacks', 'default_fallbacks', 'cooldown_time', 'model_group_alias', 'x'),
    fc.jsonValue({ maxDepth: 3 }),
  );
  const file = fc.record({
    model_list: fc.oneof(fc.array(entry), fc.jsonValue({ maxDepth: 2 })),
    router_settings: fc.oneof(settings, fc.jsonValue({ maxDepth: 1 })),
    general_settings: fc.jsonValue({ maxDepth: 1 }),
    environment_variables: fc.jsonValue({ maxDepth: 1 }),
  });
  fc.assert(
    fc.property(file, (value) => {
      const { value: system, mistakes: wrong } = parse(JSON.stringify(value), {});
      expect(system === undefined).toBe(wrong.length > 0);
    }),
    { numRuns: 300 },
  );
});

test('a secret of the environment is in no mistake', () => {
  const text = deployment('model: ollama/x, rpm: os.environ/SECRET');
  expect(mistakes(text, { SECRET: 'very-secret' })).toEqual([
    expect.stringContaining('found something else in os.environ/SECRET'),
  ]);
});
