/** From the words of a scenario to what is armed. */

import { readFileSync } from 'node:fs';

import Value from 'typebox/value';
import { expect, test } from 'vitest';

import {
  armedEntries,
  describeFault,
  planFaults,
  worksOnTls,
} from '../../../src/target/fault/plan.ts';
import { faultProblems } from '../../../src/target/fault/problem.ts';
import { faultKinds } from '../../../src/target/fault/kind/list.ts';
import { type FaultSpec, faultSchema } from '../../../src/target/fault/schema.ts';

const example: FaultSpec = {
  at: '60 s',
  for: '30 s',
  backend: 'spark',
  kind: 'reset',
  when: 'mid-stream',
  afterTokens: 20,
};

test('a window is planned from its words', () => {
  expect(Value.Check(faultSchema, example)).toBe(true);
  expect(faultProblems(example)).toEqual([]);
  expect(planFaults([example])).toEqual([
    {
      index: 0,
      backend: 'spark',
      action: { kind: 'reset' },
      when: 'mid-stream',
      afterTokens: 20,
      from: 60_000,
      until: 90_000,
      probabilityRatio: 1,
      timesMax: Number.POSITIVE_INFINITY,
    },
  ]);
});

test('each address is a fault of its own, and keeps its place in the file', () => {
  const planned = planFaults([
    example,
    {
      kind: 'cut',
      backend: 'spark',
      afterTokens: 9,
      addresses: [
        { session: 1, turn: 2 },
        { session: 4, turn: 1, afterTokens: 3, workload: 1 },
      ],
    },
  ]);
  expect(
    planned.map(({ index, address, afterTokens }) => ({ index, address, afterTokens })),
  ).toEqual([
    { index: 0, address: undefined, afterTokens: 20 },
    { index: 1, address: { session: 1, turn: 2 }, afterTokens: 9 },
    { index: 1, address: { session: 4, turn: 1, workload: 1 }, afterTokens: 3 },
  ]);
});

test.each([
  ['refuse', 'connect', 0],
  ['silent', 'headers', 0],
  ['delay', 'headers', 0],
  ['reject', 'headers', 0],
  ['stall', 'mid-stream', 1],
  ['reset', 'mid-stream', 1],
  ['cut', 'mid-stream', 1],
  ['slow', 'mid-stream', 0],
] as const)('%s acts at %s, after %d tokens, unless told otherwise', (kind, when, afterTokens) => {
  expect(planFaults([{ kind, backend: 'spark', at: 0 }])).toMatchObject([{ when, afterTokens }]);
});

test('the schema knows every kind there is', () => {
  for (const { kind } of faultKinds)
    expect(Value.Check(faultSchema, { kind, backend: 'spark' })).toBe(true);
  expect(Value.Check(faultSchema, { kind: 'explode', backend: 'spark' })).toBe(false);
});

test.each<[Partial<FaultSpec>, string]>([
  [{ kind: 'reset' }, 'at'],
  [{ kind: 'reset', at: '1 ms', address: { session: 1, turn: 1 } }, 'at'],
  [{ kind: 'reset', for: '1 ms', address: { session: 1, turn: 1 } }, 'for'],
  [{ kind: 'reject', at: '1 ms', when: 'mid-stream' }, 'when'],
  [{ kind: 'stall', at: '1 ms' }, 'kind'],
  [{ kind: 'slow', at: '1 ms' }, 'kind'],
  [{ kind: 'cut', at: '1 ms', status: 503 }, 'status'],
  [{ kind: 'cut', at: 0, every: '5 s' }, 'every'],
  [{ kind: 'cut', at: 0, for: '5 s', every: '5 s' }, 'every'],
  [{ kind: 'cut', at: 0, phase: 'random' }, 'phase'],
  [{ kind: 'cut', at: '2 s', until: '1 s' }, 'until'],
  [{ kind: 'delay', at: 0, ramp: { from: 0, to: '5 s' } }, 'ramp'],
  [{ kind: 'delay', at: 0, delay: '1 s', afterBytes: 5 }, 'afterBytes'],
  [{ kind: 'cut', at: 0, afterBytes: 5, afterTokens: 5 }, 'afterBytes'],
  [{ kind: 'cut', at: 0, sweep: { afterTokens: { from: 5, to: 1 } } }, 'sweep'],
  [{ kind: 'garble', at: 0, form: 'xml' }, 'form'],
  [{ kind: 'reject', at: 0, preset: 'azure-teapot' }, 'preset'],
  [{ kind: 'exec', at: 0 }, 'kind'],
  [{ kind: 'cut', at: 0, backends: ['spark'] }, 'backends'],
  [{ kind: 'leave', at: 0 }, 'backend'],
  [{ kind: 'freeze', address: { session: 1, turn: 1 } }, 'address'],
  [{ kind: 'dns', address: { session: 1, turn: 1 } }, 'address'],
])('%j is a mistake in `%s`', (spec, key) => {
  const problems = faultProblems({ kind: 'reset', backend: 'spark', ...spec });
  expect(problems.map((it) => it.key)).toEqual([key]);
});

test('a fault needs a backend', () => {
  expect(faultProblems({ kind: 'reset', at: 0 }).map(({ key }) => key)).toEqual(['backend']);
});

test('what happens to a box happens to all on it at the same instants', () => {
  const planned = planFaults([
    {
      kind: 'refuse',
      backends: ['spark', 'box'],
      at: '5 s',
      for: '2 s',
      every: '9 s',
      phase: 'random',
    },
  ]);
  expect(planned.map(({ backend, index }) => `${index} ${backend}`)).toEqual(['0 spark', '0 box']);
  expect(planned[0]?.from).toBe(planned[1]?.from);
});

test('a random phase falls within the period, and is the same for the same seed', () => {
  const wave = { kind: 'cut', backend: 'spark', at: '5 s', for: '2 s', every: '10 s' } as const;
  const from = (seed: string): number =>
    planFaults([{ ...wave, phase: 'random' }], seed)[0]?.from ?? 0;
  const starts = ['1', '2', '3', '4'].map(from);
  expect(starts).toEqual(['1', '2', '3', '4'].map(from));
  expect(new Set(starts).size).toBe(4);
  for (const start of starts) {
    expect(start).toBeGreaterThanOrEqual(5000);
    expect(start).toBeLessThan(15_000);
  }
  expect(planFaults([wave])[0]).toMatchObject({
    from: 5000,
    until: Number.POSITIVE_INFINITY,
    wave: { periodMs: 10_000, lastsMs: 2000 },
  });
});

test('a sweep is one fault for each offset, each acting once, and one to a reader', () => {
  const planned = planFaults([
    { kind: 'cut', backend: 'spark', at: 0, sweep: { afterTokens: { from: 2, to: 8, step: 3 } } },
  ]);
  expect(planned.map(({ afterTokens, timesMax }) => [afterTokens, timesMax])).toEqual([
    [2, 1],
    [5, 1],
    [8, 1],
  ]);
  expect(armedEntries(planned, { name: 'main', origin: 0, endsAt: 9 })).toHaveLength(1);
});

test('each span of a wave is armed for itself', () => {
  const planned = planFaults([
    { kind: 'cut', backend: 'spark', at: '1 s', for: '1 s', every: '3 s' },
  ]);
  const armed = armedEntries(planned, { name: 'main', origin: 100, endsAt: 7600 });
  expect(armed.map(({ from, until }) => [from, until])).toEqual([
    [1100, 2100],
    [4100, 5100],
    [7100, 7600],
  ]);
});

test("the log is told what was armed, in the run's own instants", () => {
  const armed = armedEntries(
    planFaults([
      { ...example, kind: 'cut', for: '10 min' },
      { kind: 'reset', backend: 'spark', address: { session: 3, turn: 2, afterTokens: 20 } },
    ]),
    { name: 'main', origin: 1000, endsAt: 200_000 },
  );
  expect(armed).toEqual([
    {
      kind: 'fault',
      arm: 'main',
      fault: 0,
      what: 'cut',
      backend: 'spark',
      from: 61_000,
      until: 200_000,
      when: 'mid-stream',
    },
    {
      kind: 'fault',
      arm: 'main',
      fault: 1,
      what: 'reset',
      backend: 'spark',
      from: 1000,
      until: 200_000,
      when: 'mid-stream',
      address: 's3 t2 @20',
    },
  ]);
});

test('the readme names every kind, preset and form', () => {
  const readme = readFileSync('scenarios/README.md', 'utf8');
  const missing = faultKinds.flatMap(({ kind, presets = [], forms = [] }) => {
    const row = readme.split('\n').find((line) => line.startsWith(`| \`${kind}\` |`)) ?? '';
    const isWhole = row.includes(forms.length === 0 ? kind : `\`form: ${forms.join(', ')}\``);
    return [
      ...(isWhole ? [] : [kind]),
      ...presets.filter((preset) => !readme.includes(`\`${preset}\``)),
    ];
  });
  expect(missing).toEqual([]);
});

test('a fault describes itself', () => {
  expect(describeFault(example)).toBe(
    'spark resets the connection after 20 tokens, from 60 s for 30 s',
  );
  expect(
    describeFault({
      kind: 'reject',
      status: 429,
      backend: 'spark',
      address: { session: 1, turn: 2 },
    }),
  ).toBe('spark answers 429 at s1 t2');
});

test('what must be read does not work where nothing can be', () => {
  const planned = planFaults([
    { kind: 'reset', backend: 'azure', at: 0 },
    { kind: 'reset', backend: 'azure', at: 0, afterTokens: 5 },
    { kind: 'reject', backend: 'azure', at: 0 },
    { kind: 'cut', backend: 'azure', address: { session: 1, turn: 1 } },
  ]);
  expect(planned.map(worksOnTls)).toEqual([true, false, false, false]);
  const onBytes = ['cut', 'reset', 'silent', 'slice', 'blackhole', 'refuse'];
  for (const kind of onBytes)
    expect(planFaults([{ kind, backend: 'azure', at: 0 }]).every(worksOnTls)).toBe(true);
  for (const kind of ['truncate', 'garble', 'html', 'stale', 'comments'])
    expect(planFaults([{ kind, backend: 'azure', at: 0 }]).some(worksOnTls)).toBe(false);
});
