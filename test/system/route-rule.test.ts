/** Models with rules and keys with limits: what a system file may say of them. */

import { describe, expect, test } from 'vitest';

import { parseSource } from '../../src/system/document.ts';
import { resolveSystem } from '../../src/system/resolve.ts';

const resolve = (text: string) => resolveSystem(parseSource(text, 'spillway.yaml'), {});

const mistakes = (text: string): readonly string[] =>
  resolve(text).mistakes.map(({ path, problem }) => `${path}: ${problem}`);

const backends = `backends:
  spark: { kind: ollama, url: http://spark:11434, requestsPerMinute: 30, tokensPerMinute: 9000 }
  azure: { kind: azure-openai, url: https://example.openai.azure.com }
`;

describe('a model', () => {
  test('is a list of candidates, or a list with rules', () => {
    const { value, mistakes: found } = resolve(`${backends}models:
  plain: [{ backend: spark, model: s, contextTokensMax: 8192, vision: false, tools: true }]
  ruled:
    strategy: weighted
    residency: local-only
    candidates: [{ backend: spark, model: s, weight: 3 }, { backend: azure, model: a }]
`);
    expect(found).toEqual([]);
    expect(value?.models).toEqual([
      {
        name: 'plain',
        candidates: [
          { backend: 'spark', model: 's', contextTokensMax: 8192, vision: false, tools: true },
        ],
      },
      {
        name: 'ruled',
        strategy: 'weighted',
        residency: 'local-only',
        candidates: [
          { backend: 'spark', model: 's', weight: 3 },
          { backend: 'azure', model: 'a' },
        ],
      },
    ]);
    expect(value?.backends[0]).toMatchObject({ requestsPerMinute: 30, tokensPerMinute: 9000 });
  });

  test('is pointed at where its rules cannot be meant', () => {
    expect(
      mistakes(`${backends}models:
  drawn: { strategy: weighted, candidates: [{ backend: spark, model: s, weight: 0 }] }
  plain: [{ backend: spark, model: s, weight: 2 }]
  lost: { candidates: [{ backend: spak, model: s }] }
`),
    ).toEqual([
      'models.drawn.candidates: expected a weight above 0, found none',
      'models.plain[0].weight: only `strategy: weighted` draws by weight',
      "models.lost.candidates[0].backend: no backend is called 'spak'",
    ]);
    expect(
      mistakes(
        `${backends}models: { m: { strategy: best, candidates: [{ backend: spark, model: s }] } }`,
      ),
    ).toEqual([
      "models.m.strategy: expected one of 'ordered', 'weighted', 'least-busy', 'lowest-latency', 'cheapest', found 'best'",
    ]);
  });
});

describe('a key', () => {
  const models = `models: { m: [{ backend: spark, model: s }] }\n`;

  test('has its limits, and a budget in yen told in dollars', () => {
    const { value, mistakes: found } = resolve(`${backends}${models}keys:
  - { name: a, key: x, requestsPerMinute: 60, concurrentRequests: 4, monthlyBudgetJpy: 3000 }
  - { name: b, key: y, role: admin, models: [m], monthlyBudgetUsd: 5 }
economics: { fx: { usdJpy: 150, asOf: 2026-11-01, source: own } }
`);
    expect(found).toEqual([]);
    expect(value?.keys).toMatchObject([
      {
        residency: 'local-first',
        requestsPerMinute: 60,
        concurrentRequests: 4,
        monthlyBudgetUsd: 20,
      },
      { role: 'admin', models: ['m'], monthlyBudgetUsd: 5 },
    ]);
  });

  test('is pointed at where its limits cannot be meant', () => {
    expect(
      mistakes(`${backends}${models}keys:
  - { name: a, key: x, models: [n] }
  - { name: a, key: y, monthlyBudgetJpy: 3000, monthlyBudgetUsd: 20 }
`),
    ).toEqual([
      "keys[0].models[0]: no model is called 'n'",
      'keys[1].name: two keys are named a',
      'keys[1].monthlyBudgetJpy: expected one budget, found two',
      'keys[1].monthlyBudgetJpy: expected an exchange rate in the file, found none',
    ]);
  });
});
