/** The system file: what it means, and what is said when it is wrong. */

import { globSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { parseSource, readDocument } from '../../src/system/document.ts';
import { FileError } from '../../src/system/mistake.ts';
import { resolveSystem, withoutSecrets } from '../../src/system/resolve.ts';
import { systemText } from '../../src/system/template.ts';

const resolve = (text: string, environment: Record<string, string> = {}) =>
  resolveSystem(parseSource(text, 'spillway.yaml'), environment);

const mistakes = (text: string): readonly string[] =>
  resolve(text).mistakes.map(
    ({ line, column, path, problem }) => `${line}:${column} ${path}: ${problem}`,
  );

const simulated = `backends:
  spark: { kind: ollama, url: simulated }
models:
  gpt-oss-120b:
    - { backend: spark, model: 'gpt-oss:120b' }
`;

describe('a system file', () => {
  test('has defaults for all it does not say', () => {
    const { value, mistakes: found } = resolve(simulated);
    expect(found).toEqual([]);
    expect(value).toMatchObject({
      listen: { host: '127.0.0.1', port: 4000 },
      state: { kind: 'memory', retainDays: 30 },
      midStream: 'fail',
      commitOn: 'text',
      breaker: { hardFailures: 1, softFailures: 3, openForMs: 5000 },
      backends: [{ name: 'spark', residency: 'local', slots: 1, urls: [] }],
    });
  });

  test('gives long prompts more time, and asks at home what costs money elsewhere', () => {
    const text = `backends:
  spark: { kind: ollama, url: http://127.0.0.1:11434 }
  azure: { kind: openai, url: https://example.com/v1, firstTokenMs: 5000, suspectMs: 3000 }
  silent: { kind: ollama, url: http://127.0.0.1:11435, firstTokenMsMax: 30000, suspectMs: 0 }
models:
  m: [{ backend: spark, model: a, prefillTokensPerSecond: 2400 }, { backend: azure, model: b }]
`;
    const { backends, models } = resolve(text).value ?? {};
    expect(backends).toMatchObject([
      { firstTokenMs: 20_000, firstTokenMsMax: 120_000, suspectMs: 2000 },
      { firstTokenMs: 5000, firstTokenMsMax: 30_000, suspectMs: 3000 },
      { firstTokenMs: 20_000, firstTokenMsMax: 30_000 },
    ]);
    expect(backends?.[2]).not.toHaveProperty('suspectMs');
    expect(models?.[0]?.candidates[0]?.prefillTokensPerSecond).toBe(2400);
    expect(mistakes(text.replace('firstTokenMsMax: 30000', 'firstTokenMsMax: 900'))).toEqual([
      '4:73 backends.silent.firstTokenMsMax: expected at least firstTokenMs, 20000, found 900',
    ]);
    expect(mistakes(text.replace('2400', '0'))).toEqual([
      '6:59 models.m[0].prefillTokensPerSecond: expected a number above 0, found 0',
    ]);
  });

  test('says how long running answers may take to end', () => {
    expect(resolve(`drainMs: 30000\n${simulated}`).value).toMatchObject({ drainMs: 30_000 });
    expect(mistakes(`drainMs: 0\n${simulated}`)[0]).toMatch(/^1:10 drainMs: /);
  });

  test('keeps metrics behind a key and logs every request on stderr, unless it says otherwise', () => {
    expect(resolve(simulated).value).not.toHaveProperty('log');
    const { value, mistakes: found } = resolve(
      `metrics: open\nlog: { file: requests.log }\n${simulated}`,
    );
    expect(found).toEqual([]);
    expect(value).toMatchObject({ metrics: 'open', log: { level: 'info', file: 'requests.log' } });
    expect(mistakes(`log: { level: debug }\n${simulated}`)).toEqual([
      expect.stringContaining('log.level'),
    ]);
  });

  test('takes what is not known to be local for a cloud', () => {
    const { value } = resolve(`backends:
  a: { kind: ollama, url: http://spark:11434 }
  b: { kind: openai, url: https://api.example.com/v1 }
  c: { kind: azure-openai, url: https://example.openai.azure.com }
models: { m: [{ backend: a, model: m }] }
`);
    expect(value?.backends.map(({ residency }) => residency)).toEqual(['local', 'cloud', 'cloud']);
  });

  test('takes an Ollama that is for rent for a cloud', () => {
    const { value } = resolve(`backends:
  a: { kind: ollama, url: https://ollama.com, apiKey: k }
  b: { kind: ollama, url: https://spark.example.ts.net, apiKey: k }
  c: { kind: ollama, urls: [http://spark:11434, https://ollama.example.com], apiKey: k }
  d: { kind: ollama, url: https://spark.example.com, apiKey: k, residency: local }
models: { m: [{ backend: a, model: m }] }
`);
    const residencies = value?.backends.map(({ residency }) => residency);
    expect(residencies).toEqual(['cloud', 'local', 'cloud', 'local']);
  });

  test('keeps a model that Ollama only passes on to its cloud from what is local', () => {
    const one = (backend: string, model: string): string =>
      `backends:\n  a: { ${backend} }\nmodels: { m: [{ backend: a, model: '${model}' }] }\n`;
    const local = 'kind: ollama, url: http://spark:11434';
    for (const model of ['gpt-oss:120b-cloud', 'kimi-k2.5:cloud', 'me/glm-4.6:CLOUD'])
      expect(mistakes(one(local, model))).toEqual([
        expect.stringContaining("runs in Ollama's cloud, and a is local"),
      ]);
    expect(mistakes(one(`${local}, residency: cloud`, 'gpt-oss:120b-cloud'))).toEqual([]);
    for (const model of ['gpt-oss:120b', 'cloud', 'cloud-9:8b', 'a:cloudy'])
      expect(mistakes(one(local, model))).toEqual([]);
  });

  test('asks a compatible server for chat completions where it says so, and no other', () => {
    const models = 'models: { m: [{ backend: a, model: m }] }\n';
    const one = (backend: string): string => `backends:\n  a: { ${backend} }\n${models}`;
    const { value, mistakes: found } = resolve(one('kind: openai, url: http://vllm/v1, api: chat'));
    expect(found).toEqual([]);
    expect(value?.backends[0]).toMatchObject({ wire: 'openai', api: 'chat' });
    expect(resolve(one('kind: azure-openai, url: simulated, api: chat')).mistakes).toEqual([]);
    expect(mistakes(one('kind: ollama, url: http://box, api: chat'))).toEqual([
      expect.stringContaining('only a server of OpenAI or Azure is asked for chat'),
    ]);
  });

  test('is pointed at where it is wrong, all at once', () => {
    expect(
      mistakes(`backends:
  spark: { kind: olama, url: simulated }
midstream: fail
breaker: { openForMs: -1 }
models:
  m: []
`),
    ).toEqual([
      "2:18 backends.spark.kind: expected one of 'ollama', 'azure-openai', 'openai', found 'olama'",
      '3:1 midstream: unknown key `midstream`',
      '4:23 breaker.openForMs: expected a number of at least 1, found -1',
      '6:6 models.m: expected a list of at least 1, found a list of 0',
    ]);
  });

  test('names a backend, a profile and a model that do not exist', () => {
    expect(
      mistakes(`backends:
  spark: { kind: ollama, url: simulated, simulate: { profile: gpt-oss-12b@ollama } }
models:
  m: [{ backend: spakr, model: x }]
`),
    ).toEqual([
      "2:52 backends.spark.simulate: no engine profile is called 'gpt-oss-12b@ollama'",
      "4:18 models.m[0].backend: no backend is called 'spakr'",
    ]);
    expect(mistakes(simulated.replace('gpt-oss:120b', 'gpt-oss:20b'))).toEqual([
      "5:32 models.gpt-oss-120b[0].model: the backend spark has no model 'gpt-oss:20b'",
    ]);
  });

  test('refuses state that several proxies share, and says what to do meanwhile', () => {
    const { mistakes: found } = resolve(`state: { kind: redis, url: r }\n${simulated}`);
    expect(found).toHaveLength(1);
    expect(found[0]?.problem).toContain("found 'redis'");
    expect(found[0]?.hint).toContain('give each its own file');
  });

  test('says which variable of the environment is missing, and never its value', () => {
    const text = `${simulated}keys: [{ name: a, key: \${SPILLWAY_TEST_KEY} }]\n`;
    expect(mistakes(text)).toEqual([
      '6:24 keys[0].key: expected the environment variable SPILLWAY_TEST_KEY to be set, found nothing',
    ]);
    const { value } = resolve(text, { SPILLWAY_TEST_KEY: 'very-secret' });
    expect(value?.keys[0]?.key).toBe('very-secret');
    expect(value && JSON.stringify(withoutSecrets(value))).not.toContain('very-secret');
  });

  test('may hold no password in an address, and does not say which it found', () => {
    const [found, ...more] = mistakes(simulated.replace('simulated', 'http://me:hush@spark:1'));
    expect(more).toEqual([]);
    expect(found).toMatch(/^2:31 backends\.spark\.url: expected no password in an address$/);
  });

  test('that is no YAML is an error with a place', () => {
    expect(() => parseSource('a: [1\nb: 2', 'x.yaml')).toThrow(FileError);
    expect(() => parseSource('', 'x.yaml')).toThrow(/the file is empty/);
    expect(() => readDocument('no-such-file.yaml')).toThrow(/no such file/);
  });

  test('that `init` writes can be used', () => {
    const text = systemText('http://spark:11434', [
      { tag: 'qwen3:8b', sizeBytes: 5e9, isLoaded: false },
      { tag: 'gpt-oss:120b', sizeBytes: 65e9, isLoaded: true, contextLength: 131_072 },
    ]);
    const { value, mistakes: found } = resolve(text);
    expect(found).toEqual([]);
    expect(value?.models.map(({ name }) => name)).toEqual(['gpt-oss-120b', 'qwen3-8b']);
  });
});

test('the systems of the project resolve', () => {
  for (const file of globSync('scenarios/systems/*.yaml')) {
    const { mistakes: found } = resolveSystem(readDocument(file), { AZURE_OPENAI_API_KEY: 'x' });
    expect({ file, found }).toEqual({ file, found: [] });
  }
});
