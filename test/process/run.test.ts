/** Whole runs from the outside: what a user finds afterwards, whatever happened meanwhile. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { FaultAct } from '../../src/log/entry.ts';
import { readLog } from '../../src/log/reader.ts';
import {
  endlessText,
  filesIn,
  folderWith,
  runFolder,
  scenarioText,
  secrets,
  spillway,
  start,
  systemText,
} from './spillway.ts';

const timeout = 90_000;

const project = (scenario = scenarioText, system = systemText): string =>
  folderWith({ 'scenario.yaml': scenario, 'system.yaml': system });

/**
 * A machine busy with other tests may send late and say so: the run is then invalid, not broken.
 */
const ends: ReadonlySet<number | null> = new Set([0, 20]);

const wholeFolder = [
  'attempts.csv',
  'exchanges.csv',
  'failovers.csv',
  'junit.xml',
  'log.ndjson',
  'manifest.json',
  'report.html',
  'summary.csv',
  'summary.json',
  'summary.md',
  'timeline.csv',
];

test(
  'a run leaves the whole folder and no secret in it, and rendering it again changes no byte',
  { timeout },
  async () => {
    const folder = project();
    const { code, stdout, stderr } = await spillway(folder, ['run', 'scenario.yaml'], secrets);
    expect({ stderr, ends: ends.has(code) }).toEqual({ stderr, ends: true });
    const run = runFolder(folder);
    expect(join(folder, stdout.trimEnd().split('\n').at(-1) ?? '')).toBe(run);
    const before = filesIn(run);
    expect([...before.keys()]).toEqual(expect.arrayContaining(wholeFolder));
    expect(
      [...before.keys()].filter((name) => /^charts\/.*\.svg$/.test(name)).length,
    ).toBeGreaterThan(2);
    const all = `${[...before.values()].map(String).join('')}${stdout}${stderr}`;
    for (const secret of Object.values(secrets)) expect(all).not.toContain(secret);

    const again = await spillway(folder, ['report', run]);
    expect(again.code).toBe(0);
    const after = filesIn(run);
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [name, bytes] of after)
      expect({ name, same: bytes.equals(before.get(name) ?? bytes) }).toEqual({ name, same: true });
  },
);

test(
  'the same seed gives the same plan, the same faults and the same outcomes',
  { timeout },
  async () => {
    const folder = project();
    const seen = [];
    for (const reports of ['one', 'other']) {
      await spillway(folder, ['run', 'scenario.yaml', '--reports', reports], secrets);
      const { manifest, entries, isWhole } = await readLog(
        join(runFolder(folder, reports), 'log.ndjson'),
      );
      expect(isWhole).toBe(true);
      const exchanges = entries.filter((entry) => entry.kind === 'exchange');
      seen.push({
        plan: manifest.plan,
        acts: entries
          .filter((entry): entry is FaultAct => entry.kind === 'act')
          .map(({ fault, what, backend, tokensBefore }) => ({ fault, what, backend, tokensBefore }))
          .toSorted((a, b) => (a.tokensBefore ?? 0) - (b.tokensBefore ?? 0)),
        outcomes: exchanges
          .map(({ session, turn, outcome, promptTokens }) => ({
            session,
            turn,
            outcome,
            promptTokens,
          }))
          .toSorted((a, b) => a.session - b.session || a.turn - b.turn),
      });
    }
    const [one, other] = seen;
    expect(one?.acts).toHaveLength(2);
    expect(one?.outcomes).toHaveLength(8);
    expect(one).toEqual(other);
  },
);

test.for([
  ['SIGINT', 130, 'interrupted'],
  ['SIGTERM', 143, 'terminated'],
] as const)(
  '%s leaves a complete partial report and ends with %i',
  { timeout },
  async ([signal, exit, why]) => {
    const folder = project(endlessText);
    const running = start(folder, ['run', 'scenario.yaml'], secrets);
    await running.said('steady');
    running.signal(signal);
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toMatchObject({ code: exit });
    const run = runFolder(folder);
    expect([...filesIn(run).keys()]).toEqual(expect.arrayContaining(wholeFolder));
    const { entries } = await readLog(join(run, 'log.ndjson'));
    expect(entries.at(-1)).toMatchObject({ kind: 'end', why });
    expect(entries.some(({ kind }) => kind === 'exchange')).toBe(true);
  },
);

test('what a run cannot decide is said before it begins', { timeout }, async () => {
  const folder = project(scenarioText.replace('[failed = 0,', '[ttfo p99 < 3 s,'));
  const running = start(folder, ['run', 'scenario.yaml'], secrets);
  await running.said('through the proxy');
  const before = running.output();
  running.signal('SIGKILL');
  await running.ended;
  expect(before).toContain('this run will leave an objective undecided:\n  scenario.yaml:');
  expect(before).toContain('expected at least 662 values behind `ttfo p99 < 3 s`');
});

test(
  'what is not taken over of a LiteLLM file is told of a scenario too',
  { timeout },
  async () => {
    const config = `
model_list:
  - model_name: gpt-oss-120b
    litellm_params: { model: ollama_chat/gpt-oss:120b, api_base: 'http://127.0.0.1:1' }
router_settings: { redis_host: cache }
`;
    const folder = folderWith({
      'scenario.yaml': scenarioText.replace('key: reader', '').replace('spark', 'ollama-127-0-0-1'),
      'config.yaml': config,
    });
    const words = ['scenario.yaml', '--system', 'config.yaml'];
    const checked = await spillway(folder, ['check', ...words]);
    expect(checked.stdout).toMatch(/remarks:\n[^]* {2}config\.yaml:5:\d+ {2}router_settings/);
    const run = await spillway(folder, ['run', ...words]);
    expect({ code: run.code, said: run.stderr }).toMatchObject({
      code: 3,
      said: expect.stringMatching(/remarks:\n[^]* {2}config\.yaml:5/),
    });
  },
);

test('Ctrl-C while it is opening leaves a complete report of nothing', { timeout }, async () => {
  const folder = project(endlessText);
  const running = start(folder, ['run', 'scenario.yaml'], secrets);
  await running.said('2 at a time');
  running.signal('SIGINT');
  const { code, stderr } = await running.ended;
  expect({ code, stderr }).toMatchObject({ code: 130 });
  expect([...filesIn(runFolder(folder)).keys()]).toEqual(expect.arrayContaining(wholeFolder));
});

test('a second Ctrl-C ends it at once', { timeout }, async () => {
  const running = start(project(endlessText), ['run', 'scenario.yaml'], secrets);
  await running.said('steady');
  running.signal('SIGINT');
  await running.said('stopping');
  running.signal('SIGINT');
  expect((await running.ended).code).toBe(130);
});

test(
  'files with mistakes are refused with every place, and nothing is written',
  { timeout },
  async () => {
    const folder = project(
      scenarioText
        .replace('seed: 3', 'sede: 3')
        .replace('every: 300 ms', 'every: 10 parsecs')
        .replace('backend: spark', 'backend: sparc'),
      systemText.replace('openForMs: 20', 'openForMs: -20'),
    );
    const { code, stdout, stderr } = await spillway(folder, ['run', 'scenario.yaml'], {
      TEST_AZURE_KEY: 'x',
    });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.split('\n').filter((line) => /yaml:\d+:\d+ /.test(line))).toEqual([
      'error: scenario.yaml:5:1  sede: unknown key `sede`',
      "scenario.yaml:13:49  workloads[0].load.every: expected a duration such as 300 ms, 60 s or 5 min, found '10 parsecs'",
      "scenario.yaml:15:14  faults[0].backend: the system has no backend called 'sparc'",
      'system.yaml:3:26  keys[0].key: expected the environment variable TEST_READER_KEY to be set, found nothing',
      'system.yaml:20:23  breaker.openForMs: expected a number of at least 1, found -20',
    ]);
    expect(stderr).not.toMatch(/\n +at /);
    expect(readdirSync(folder).toSorted()).toEqual(['scenario.yaml', 'system.yaml']);
  },
);

test('backends that do not answer are all named, and nothing is written', { timeout }, async () => {
  // Nothing listens on the port that TCP reserves for a multiplexer.
  const folder = project(
    scenarioText,
    `${systemText.replace(/url: simulated\n    simulate: .*gpt-oss.*/, 'url: http://127.0.0.1:1').replace(/url: simulated\n(.*\n)    simulate: .*ttft.*/, 'url: http://127.0.0.1:1\n$1')}economics: { spendMaxUsd: 1 }\n`,
  );
  const { code, stderr } = await spillway(folder, ['run', 'scenario.yaml'], secrets);
  expect({ code, stderr }).toMatchObject({ code: 3 });
  expect(stderr.match(/ECONNREFUSED/g)).toHaveLength(2);
  expect(stderr).toContain('hint: ');
  expect(stderr).not.toMatch(/\n +at /);
  expect(existsSync(join(folder, 'reports'))).toBe(false);
});

test('a reader that leaves early does not stop a run', { timeout }, async () => {
  const folder = project();
  const running = start(folder, ['run', 'scenario.yaml', '--json'], secrets);
  running.closeStdout();
  const { code, stderr } = await running.ended;
  expect({ stderr, ends: ends.has(code) }).toEqual({ stderr, ends: true });
  expect([...filesIn(runFolder(folder)).keys()]).toEqual(expect.arrayContaining(wholeFolder));
});
