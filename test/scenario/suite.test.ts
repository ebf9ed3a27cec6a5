/** A suite as read from its file, and what is said when it cannot be played. */

import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { loadScenario } from '../../src/scenario/load.ts';
import { trialsBehind } from '../../src/scenario/suite.ts';
import { FileError } from '../../src/system/mistake.ts';
import { folderWith } from '../process/spillway.ts';

const system = `backends:
  spark: { kind: openai, url: simulated, residency: local, stallMs: 700 }
  azure: { kind: azure-openai, url: simulated }
models:
  m:
    - { backend: spark, model: m }
    - { backend: azure, model: gpt-5-mini }
  alone: [{ backend: azure, model: gpt-5-mini }]
breaker: { openForMs: 400 }
`;

const head = `name: tiny
question: What is it worth?
system: system.yaml
workloads: [{ name: chat, profile: scripted, model: m, script: [{ answerTokens: 24 }] }]
`;

const load = (rest: string, more = {}) =>
  loadScenario(
    join(folderWith({ 'scenario.yaml': head + rest, 'system.yaml': system }), 'scenario.yaml'),
    { environment: {}, isLocalOnly: false, ...more },
  );

const mistakes = (rest: string, more = {}): readonly string[] => {
  try {
    load(rest, more);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.mistakes.map(({ line, column, problem }) => `${line}:${column} ${problem}`);
  }
  return [];
};

const suite = 'suite: { straight: alone, loud: 3, silent: 2, lanes: 4 }\n';

describe('a suite', () => {
  test('has a row for each fault, with the deadline that finds it', () => {
    const { arms } = load(`${suite}faults:
  - { row: a, backend: spark, kind: reset, expect: continued, catalogue: [N10, S08] }
  - { row: b, backends: [spark, azure], kind: silent, expect: error, deadline: stallMs,
      fresh: before }
`);
    const [arm] = arms;
    expect(arm?.faults).toEqual([]);
    expect(arm?.suite?.lanes).toBe(4);
    expect(arm?.suite?.rows).toMatchObject([
      {
        row: { name: 'a', fault: 0, isSilent: false, repetitions: 3, catalogue: ['N10', 'S08'] },
        phaseMsMax: 0,
      },
      {
        row: { name: 'b', fault: 1, isSilent: true, repetitions: 2, deadlineMs: 700 },
        faults: [
          { backend: 'spark', index: 1 },
          { backend: 'azure', index: 1 },
        ],
        fresh: 'before',
        phaseMsMax: 400,
      },
    ]);
  });

  test.each([
    ['rows=all', 5],
    ['rows=loud', 3],
    ['rows=silent', 2],
    ['row=b', 2],
    ['role=control', 5],
    ['all', undefined],
  ])('foresees the trials behind %s', (where, count) => {
    const { arms } = load(`${suite}faults:
  - { row: a, backend: spark, kind: reset, expect: continued }
  - { row: b, backend: spark, kind: silent, expect: error, deadline: stallMs }
`);
    expect(arms.map((arm) => arm.suite && trialsBehind(arm.suite, where))).toEqual([count]);
  });

  test.each([
    [
      'a row without a name',
      'faults: [{ backend: spark, kind: cut, expect: error }]',
      '6:10 expected a name of the row, found none',
    ],
    [
      'two rows of one name',
      'faults: [{ row: a, backend: spark, kind: cut, expect: error }, { row: a, backend: spark, kind: reset, expect: error }]',
      "6:66 two rows are called 'a'",
    ],
    [
      'nothing expected',
      'faults: [{ row: a, backend: spark, kind: cut }]',
      '6:10 expected `expect`, found none',
    ],
    [
      'a row at an instant',
      'faults: [{ row: a, backend: spark, kind: cut, expect: error, at: 5 s }]',
      '6:62 a trial decides when the fault acts',
    ],
    [
      'a row that runs a command',
      'faults: [{ row: a, backend: spark, kind: exec, command: [a], heal: [b], expect: error }]',
      '6:36 commands are no part of a suite',
    ],
    [
      'an unknown kind',
      'faults: [{ row: a, backend: spark, kind: melt, expect: error }]',
      "found 'melt'",
    ],
    [
      'an unknown workload',
      'faults: [{ row: a, backend: spark, kind: cut, expect: error, workload: talk }]',
      "no workload is called 'talk'",
    ],
    ['no row', 'faults: []', 'expected rows in `faults:`, found none'],
  ])('is told of %s', (_, faults, expected) => {
    expect(mistakes(`${suite}${faults}\n`).join('\n')).toContain(expected);
  });

  test('is told of a model to compare with that is not there, and of a load of its own', () => {
    const row = 'faults: [{ row: a, backend: spark, kind: cut, expect: error }]\n';
    expect(mistakes(`suite: {}\n${row}`).join()).toContain('expected `straight`');
    expect(mistakes(`suite: { straight: nobody }\n${row}`).join()).toContain("'nobody'");
    expect(mistakes(`faults: [{ row: a, backend: spark, kind: cut, at: 0 s }]\n`).join()).toContain(
      'this belongs to a row of a suite',
    );
  });

  test('has an arm for a proxy of others, with the file it was started with', () => {
    const row = 'faults: [{ row: a, backend: spark, kind: cut, expect: error }]\n';
    const peer = (more: string) => `variants: [{ name: ours }, { name: other, ${more} }]\n`;
    const own =
      'peer: { url: http://127.0.0.1:4201/v1, product: Other 1.2, tuning: tuned, config: config.yaml }';
    const ported = system.replaceAll('url: simulated', 'url: simulated, simulate: { port: 4101 }');
    const folder = folderWith({
      'scenario.yaml': head + suite + row + peer(own),
      'system.yaml': ported,
      'config.yaml': 'model: m\napi_key: sk-123\n',
    });
    const { arms } = loadScenario(join(folder, 'scenario.yaml'), {
      environment: {},
      isLocalOnly: false,
    });
    expect(arms).toMatchObject([
      { name: 'ours' },
      {
        name: 'other',
        proxy: 'foreign',
        peer: { product: 'Other 1.2', tuning: 'tuned', config: 'model: m\napi_key: (removed)\n' },
      },
    ]);
    expect(arms[0]).not.toHaveProperty('proxy');
    const all = mistakes(suite + row + peer(own)).join('\n');
    expect(all).toContain('expected the file that it was started with');
    expect(all).toContain('expected a port for spark');
    expect(mistakes(suite + row + peer(`proxy: naive-retry, ${own}`)).join()).toContain(
      'an arm is either the yardstick or a proxy of others',
    );
    expect(mistakes(peer(own)).join()).toContain('another proxy is compared in a suite only');
    expect(mistakes(suite + row + peer('peer: { url: other }')).join('\n')).toContain(
      'expected an address such as http://127.0.0.1:4201/v1',
    );
  });

  test('asks of another proxy nothing that was to hold in arms of ours', () => {
    const folder = folderWith({
      'scenario.yaml': `${head}${suite}faults: [{ row: a, backend: spark, kind: cut, expect: error }]
variants: [{ name: ours }]
objectives: ['failed @ours = 0', 'attempts_max {rows=all} <= 2']
`,
      'system.yaml': system.replaceAll('simulated', 'simulated, simulate: { port: 4101 }'),
    });
    const { arms, objectives } = loadScenario(join(folder, 'scenario.yaml'), {
      environment: {},
      isLocalOnly: false,
      target: 'http://127.0.0.1:4000/v1',
    });
    expect(arms.map(({ name }) => name)).toEqual(['target']);
    expect(objectives).toEqual(['attempts_max {rows=all} <= 2']);
  });

  test('needs ports for a proxy that must be told of them', () => {
    const row = 'faults: [{ row: a, backend: spark, kind: cut, expect: error }]\n';
    const target = 'http://127.0.0.1:4000/v1';
    expect(mistakes(suite + row, { target }).join()).toContain('expected a port for spark');
  });
});
