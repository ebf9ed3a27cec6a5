/** Which model a name means, where the file has patterns. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseSource } from '../../src/system/document.ts';
import { covers, modelFor, modelNamed } from '../../src/system/model-name.ts';
import { resolveSystem } from '../../src/system/resolve.ts';
import type { ModelSystem } from '../../src/system/system.ts';

const model = (name: string, served: string): ModelSystem => ({
  name,
  candidates: [{ backend: 'b', model: served }],
});

const models = [
  model('*', 'rest'),
  model('ollama/*', '*'),
  model('ollama/big-*', '*-120b'),
  model('gpt-5', 'deployment'),
  model('a*b*c', '*/*'),
];

test.each([
  ['gpt-5', 'deployment'],
  ['ollama/qwen3:8b', 'qwen3:8b'],
  ['ollama/', ''],
  ['ollama/big-oss', 'oss-120b'],
  ['something', 'rest'],
  ['a1b2c', '1/2'],
  ['abbc', '/b'],
  ['ac', 'rest'],
])('%s is asked for as %s', (asked, served) => {
  expect(modelNamed(models, asked)).toEqual({ ...model(asked, served) });
});

test.each(['ollama/*', '*', 'x'.repeat(257)])('%s is no name to ask for', (asked) => {
  expect(modelNamed(models, asked)).toBeUndefined();
});

test('nobody serves a name that no pattern covers', () => {
  expect(modelFor([model('a/*', '*')], 'b/x')).toBeUndefined();
});

test('a pattern covers what it makes of any text', () => {
  const text = fc.string({ maxLength: 20 }).map((it) => it.replaceAll('*', ''));
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), text, (parts, filler) => {
      expect(covers(parts.join('*'), parts.join(filler))).toBe(true);
    }),
  );
});

test('it agrees with a regular expression on what is covered', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 });
  const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
  fc.assert(
    fc.property(text, name, (pattern, asked) => {
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
      expect(covers(pattern, asked)).toBe(expression.test(asked));
    }),
    { numRuns: 1000 },
  );
});

describe('a system file', () => {
  const mistakes = (name: string, served: string, more = '') =>
    resolveSystem(
      parseSource(
        `backends: { b: { kind: ollama, url: 'http://localhost:11434' } }\n` +
          `models: { '${name}': [{ backend: b, model: '${served}' }] }\n${more}`,
        's.yaml',
      ),
      {},
    ).mistakes.map(({ problem }) => problem);

  test('has a `*` for each of the name, or none', () => {
    expect(mistakes('ollama/*', '*')).toEqual([]);
    expect(mistakes('ollama/*', 'qwen3:8b')).toEqual([]);
    expect(mistakes('m', '*')).toEqual(["expected a `*` for each of the 0 in 'm', found 1"]);
    expect(mistakes('*/*', '*')).toEqual(["expected a `*` for each of the 2 in '*/*', found 1"]);
  });

  test('may have a default model that a pattern covers', () => {
    expect(mistakes('o/*', '*', 'defaultModel: o/qwen3')).toEqual([]);
    expect(mistakes('o/*', '*', 'defaultModel: qwen3')).toEqual(["no model is called 'qwen3'"]);
  });

  test('may give a key what a pattern covers, and the pattern', () => {
    const key = (name: string) => `keys: [{ name: k, key: secret, models: ['${name}'] }]`;
    expect(mistakes('ollama/*', '*', key('ollama/qwen3'))).toEqual([]);
    expect(mistakes('ollama/*', '*', key('ollama/*'))).toEqual([]);
    expect(mistakes('ollama/*', '*', key('qwen3'))).toEqual(["no model is called 'qwen3'"]);
  });
});
