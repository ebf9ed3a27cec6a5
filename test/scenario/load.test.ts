/** From a scenario file to an experiment, and what is said when it cannot be one. */

import { globSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { loadScenario } from '../../src/scenario/load.ts';
import { FileError } from '../../src/system/mistake.ts';
import { folderWith } from '../process/spillway.ts';

const system = `backends:
  spark: { kind: ollama, url: simulated }
  azure: { kind: azure-openai, url: simulated }
models:
  gpt-oss-120b:
    - { backend: spark, model: 'gpt-oss:120b' }
    - { backend: azure, model: gpt-5-mini }
  gpt-5-mini: [{ backend: azure, model: gpt-5-mini }]
`;

const scenario = `name: tiny
question: What is it worth?
system: system.yaml
workloads:
  - name: chat
    profile: scripted
    script: [{ answerTokens: [40, 50] }]
    turns: 2
    load: { kind: scripted, sessions: 4, every: 1 s }
`;

const options = { environment: {}, isLocalOnly: false };

const load = (text: string, systemText = system, more = {}) =>
  loadScenario(
    join(folderWith({ 'scenario.yaml': text, 'system.yaml': systemText }), 'scenario.yaml'),
    { ...options, ...more },
  );

/** What is said of files with mistakes: `line:column problem`, a system's mistakes marked. */
const mistakes = (text: string, systemText = system, more = {}): readonly string[] => {
  try {
    load(text, systemText, more);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.mistakes.map(
      ({ file, line, column, problem }) =>
        `${file.endsWith('system.yaml') ? 'system ' : ''}${line}:${column} ${problem}`,
    );
  }
  return [];
};

const faulty = (fault: string): string => `${scenario}faults: [{ backend: spark, ${fault} }]\n`;

describe('a scenario', () => {
  test('has defaults for all it does not say', () => {
    expect(load(scenario)).toMatchObject({
      name: 'tiny',
      seed: 1,
      thinkScale: 1,
      objectives: [],
      arms: [{ name: 'main', faults: [], workloads: [{ model: 'gpt-oss-120b' }] }],
    });
  });

  test('tells all mistakes of both files at once, from the first line to the last', () => {
    const wrong = scenario
      .replace('name: tiny', 'nmae: tiny')
      .replace('turns: 2', 'turns: 2\n    model: gpt-oss-12b')
      .replace('every: 1 s', 'every: 1 parsec');
    expect(
      mistakes(
        `${wrong}faults: [{ backend: sparc, kind: reset }]\nlimits: { tfto: 1 s }\nobjectives: [failde = 0, failed @nope = 0]\n`,
        `${system}cold: warm\n`,
      ),
    ).toEqual([
      '1:1 unknown key `nmae`',
      '1:1 expected `name`, which is missing',
      "9:12 the system has no model called 'gpt-oss-12b'",
      "10:49 expected a duration such as 300 ms, 60 s or 5 min, found '1 parsec'",
      '11:10 expected a window or an address, found neither',
      "11:21 the system has no backend called 'sparc'",
      "12:11 no duration is called 'tfto'",
      '13:14 expected the id of a metric, got `failde`',
      "13:26 no variant is called 'nope'",
      "system 9:7 expected one of 'spill', 'wait', found 'warm'",
    ]);
  });

  test('is not a system, and says so once', () => {
    expect(mistakes(system)).toEqual(['1:1 expected a scenario, found a system file']);
  });

  test('may name its system by an absolute path', () => {
    const folder = folderWith({ 'system.yaml': system });
    const text = scenario.replace('system.yaml', join(folder, 'system.yaml'));
    expect(load(text).systemFile).toBe(join(folder, 'system.yaml'));
  });

  test('points at its `system:` when the file is not there', () => {
    expect(mistakes(scenario.replace('system.yaml', 'nope.yaml'))).toEqual([
      expect.stringMatching(/^3:9 .*nope\.yaml: no such file$/),
    ]);
  });

  test.for([
    ['address: { session: 9, turn: 1 }, kind: reset', 'this never acts: session 9 of 4'],
    ['address: { session: 1, turn: 3 }, kind: reset', 'this never acts: turn 3 of 2'],
    [
      'address: { workload: 1, session: 1, turn: 1 }, kind: cut',
      'this never acts: there is no workload 1',
    ],
    ['at: 1 s, kind: refuse, path: 2', 'spark has one address, found 2'],
    ['at: 1 s, kind: certificate', '`certificate` needs an address reached by TLS'],
    ['at: 2 h, kind: refuse', 'this never acts: the run ends after 620 s at the latest'],
  ])('refuses a fault that can never act: %s', ([fault = '', problem = '']) => {
    expect(mistakes(faulty(fault))).toEqual([expect.stringContaining(problem)]);
  });

  test('refuses a cloud that costs money without a limit, unless it is left out', () => {
    const paid = system.replace(
      'kind: azure-openai, url: simulated',
      'kind: azure-openai, url: https://example.openai.azure.com',
    );
    expect(mistakes(scenario, paid)).toEqual([
      '3:9 expected a spend limit, since azure can cost money, found none',
    ]);
    expect(mistakes(scenario, `${paid}economics: { spendMaxUsd: 1 }\n`)).toEqual([]);
    expect(mistakes(scenario, paid, { isLocalOnly: true })).toEqual([]);
  });

  test('says which model is gone when the clouds are', () => {
    const cloudy = scenario.replace('turns: 2', 'turns: 2\n    model: gpt-5-mini');
    expect(mistakes(cloudy)).toEqual([]);
    expect(mistakes(cloudy, system, { isLocalOnly: true })).toEqual([
      "9:12 the system has no model called 'gpt-5-mini' once the clouds are taken out",
    ]);
  });
});

describe('variants', () => {
  const variants = (text: string): string =>
    `${scenario}variants:\n  - { name: a, set: ${text} }\n`;

  test('set values of both files by path, by index and by name', () => {
    const { arms } = load(
      `${variants('{ system.midStream: continue, workloads.chat.turns: 5, workloads.0.model: gpt-5-mini }')}  - { name: b }\n`,
    );
    expect(arms).toMatchObject([
      {
        name: 'a',
        system: { midStream: 'continue' },
        workloads: [{ turns: 5, model: 'gpt-5-mini' }],
      },
      {
        name: 'b',
        system: { midStream: 'fail' },
        workloads: [{ turns: 2, model: 'gpt-oss-120b' }],
      },
    ]);
  });

  test('are pointed at for what they set wrong, not the line they changed', () => {
    expect(
      mistakes(
        variants(
          '{ system.midStream: perhaps, workloads.chat.turns: x, sede: 3, system.new.x: 1 }',
        ),
      ),
    ).toEqual([
      "11:41 expected one of 'fail', 'continue', found 'perhaps'",
      "11:72 expected a whole number from 1 to 200000, or a range such as [40, 60], found 'x'",
      '11:75 unknown key `sede`',
      '11:84 unknown key `new`',
    ]);
  });

  test('that lead nowhere, or to the ground all objects stand on, are refused', () => {
    expect(
      mistakes(variants('{ workloads.other.turns: 3, system.__proto__.x: 1, system: 3 }')),
    ).toEqual([
      '11:23 `workloads.other.turns` leads nowhere',
      '11:49 `system.__proto__.x` leads nowhere',
      '11:72 `system` leads nowhere',
    ]);
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  });

  test('each have a name of their own', () => {
    expect(mistakes(`${variants('{ }')}  - { name: a }\n`)).toEqual([
      "12:13 two variants are called 'a'",
    ]);
  });
});

test('whatever is cut out of a scenario, it loads or its mistakes are told', () => {
  const whole = `${faulty('kind: reset, address: { session: 1, turn: 1 }')}objectives: [failed = 0]\n`;
  fc.assert(
    fc.property(fc.nat(whole.length), fc.nat(30), (from, length) => {
      const cut = whole.slice(0, from) + whole.slice(from + length);
      const found = mistakes(cut);
      const arms = found.length === 0 ? load(cut).arms.length : 0;
      expect(arms + found.filter((it) => it !== '').length).toBeGreaterThan(0);
    }),
    { numRuns: 60 },
  );
});

const execution = 'kind: exec, at: 0, for: 1 s, command: [stop, it], heal: [start, it]';

test('a command is refused until it is allowed', () => {
  expect(mistakes(faulty(execution))).toEqual([
    '10:34 this runs a command on this machine, which has not been allowed',
  ]);
  expect(mistakes(faulty(execution), system, { mayExecute: true })).toEqual([]);
  const environment = { SPILLWAY_ALLOW_EXEC: '1' };
  const { arms } = load(faulty(execution), system, { environment });
  expect(arms[0]?.faults[0]?.action).toMatchObject({ command: ['stop', 'it'] });
});

const withFaults = (...faults: readonly string[]): string =>
  `${scenario}faults:\n${faults.map((it) => `  - { backend: spark, ${it} }\n`).join('')}`;

test.each([
  ['kind: refuse, at: 1 s, for: 9 s', 'kind: cut, at: 2 s, for: 5 s'],
  ['kind: reset, at: 0, for: 9 s, afterTokens: 2', 'kind: cut, at: 2 s, for: 5 s, afterTokens: 4'],
  ['kind: silent, at: 0', 'kind: reject, at: 2 s, for: 5 s'],
  [
    'kind: cut, address: { session: 1, turn: 1 }, afterTokens: 2',
    'kind: reset, address: { session: 1, turn: 1 }, afterTokens: 3',
  ],
])('a fault that another leaves nothing to do is a mistake: %s, then %s', (first, second) => {
  const said = mistakes(withFaults(first, second));
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^12:5 this never acts on spark: /);
});

test.each([
  ['kind: refuse, at: 1 s, for: 3 s', 'kind: cut, at: 2 s, for: 5 s'],
  ['kind: reset, at: 0, for: 9 s, times: 2', 'kind: cut, at: 2 s, for: 5 s'],
  ['kind: reset, at: 0, for: 9 s, probability: 0.5', 'kind: cut, at: 2 s, for: 5 s'],
  ['kind: refuse, at: 0, for: 1 s, every: 4 s', 'kind: cut, at: 2 s, for: 5 s'],
  ['kind: stall, stall: 1 s, at: 0', 'kind: cut, at: 2 s, for: 5 s, afterTokens: 9'],
])('faults that leave one another something are none: %s, then %s', (first, second) => {
  expect(mistakes(withFaults(first, second))).toEqual([]);
});

const twoPaths = system.replace(
  'url: simulated',
  'url: simulated, simulate: { paths: [http, https] }',
);

test.each(['kind: certificate, at: 0, path: 2', 'kind: truncate, at: 0, path: 1'])(
  'one of two addresses can have this: %s',
  (fault) => {
    expect(mistakes(withFaults(fault), twoPaths)).toEqual([]);
  },
);

test.each([
  ['kind: truncate, at: 0, path: 2', /cannot be placed by turn or token on spark/],
  ['kind: certificate, at: 0, path: 1', /needs an address reached by TLS/],
  ['kind: cut, at: 0, path: 3', /spark has 2 addresses, found 3/],
])('an address of two cannot have this: %s', (fault, said) => {
  expect(mistakes(withFaults(fault), twoPaths)).toEqual([expect.stringMatching(said)]);
});

test('faults of two addresses leave one another alone', () => {
  const first = 'kind: refuse, at: 0, path: 1';
  expect(mistakes(withFaults(first, 'kind: cut, at: 1 s, path: 2'), twoPaths)).toEqual([]);
  expect(mistakes(withFaults(first, 'kind: cut, at: 1 s, path: 1'), twoPaths)).toHaveLength(1);
});

test('a control arm has no fault', () => {
  const control = '  - { name: control, set: { faults: [] } }\n  - { name: broken }\n';
  const { arms } = load(`${withFaults('kind: cut, at: 0')}variants:\n${control}`);
  expect(arms.map(({ faults }) => faults.length)).toEqual([0, 1]);
});

test('a fault may happen to several backends, which must be there', () => {
  const both = withFaults('kind: cut, at: 0').replace('backend: spark', 'backends: [spark, bx]');
  expect(mistakes(both).join()).toContain("the system has no backend called 'bx'");
});

test('the scenarios of the project load', () => {
  const files = globSync('scenarios/*.yaml');
  expect(files.length).toBeGreaterThanOrEqual(10);
  for (const file of files)
    expect(
      loadScenario(file, { ...options, environment: { AZURE_OPENAI_API_KEY: 'x' } }).file,
    ).toBe(file);
});

test('what happens to a box needs one that is simulated', () => {
  const hot = 'kind: throttle, slowdown: 2, at: 0, for: 9 s';
  expect(mistakes(withFaults(hot))).toEqual([]);
  const real = system.replace('url: simulated', 'url: http://127.0.0.1:11434');
  const said = /`throttle` happens to a simulated box, and spark is none/;
  expect(mistakes(withFaults(hot), real)).toEqual([expect.stringMatching(said)]);
});
